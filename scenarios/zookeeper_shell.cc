#include "scenarios/zookeeper_shell.h"

#include <algorithm>
#include <utility>

#include "zk/broker_link.h"

namespace scenarios {

sim::Effects ZookeeperShell::step(sim::Instant now, sim::Input input, sim::Choices& choices) {
  sim::Effects effects;
  sim::Context context{now, choices, effects, last_serial_};
  if (const auto* const received = std::get_if<sim::Received>(&input)) {
    if (const auto* const edit = received->message.get_if<ZnodeEdit>()) {
      edits_.push_back(*edit);
      if (edits_.size() == 1) begin(context);
      return effects;
    }
  }
  if (client_ && (std::holds_alternative<sim::Wake>(input) || client_->owns(input))) {
    take(context, client_->handle(zk::client_context(context), input));
  }
  return effects;
}

void ZookeeperShell::begin(sim::Context& context) {
  if (!client_ || client_->state() == zk::SessionState::Closed) client_.emplace(config_);
  const ZnodeEdit& edit = edits_.front();
  switch (edit.kind) {
    case ZnodeEditKind::Set:
      return ask(context, {zk::SetData{edit.path, edit.data, zk::kAnyVersion}});
    case ZnodeEditKind::Create:
      return ask(context, {zk::Create{.path = edit.path, .data = edit.data}});
    case ZnodeEditKind::Delete:
      return ask(context, {zk::Delete{edit.path, zk::kAnyVersion}});
    case ZnodeEditKind::DeleteAll:
      found_ = asked_ = {edit.path};
      return ask(context, {zk::GetChildren{edit.path}});
  }
}

void ZookeeperShell::ask(sim::Context& context, std::vector<zk::Request> requests) {
  call_ = zk::CallId(++last_call_);
  take(context, client_->submit(zk::client_context(context), *call_, std::move(requests)));
}

void ZookeeperShell::take(sim::Context& context, zk::KafkaClientEvents events) {
  for (const zk::KafkaClientEvent& event : events) {
    const auto* const done = std::get_if<zk::BatchDone>(&event);
    if (done != nullptr && done->batch == call_) answered(context, done->responses);
  }
}

void ZookeeperShell::answered(sim::Context& context, const std::vector<zk::Response>& responses) {
  call_.reset();
  const auto failed =
      std::ranges::find_if(responses, [](const zk::Response& response) { return !response.ok(); });
  if (failed != responses.end() || asked_.empty()) {
    return finish(context, failed == responses.end() ? zk::ErrorCode::Ok : failed->error);
  }
  std::vector<zk::Request> requests;
  std::vector<std::string> children;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    for (const std::string& name : std::get<zk::GotChildren>(responses[i].result).children) {
      children.push_back(asked_[i] + "/" + name);
      requests.emplace_back(zk::GetChildren{children.back()});
    }
  }
  found_.insert(found_.end(), children.begin(), children.end());
  asked_ = std::move(children);
  if (requests.empty()) {
    // The deepest first; one session's requests are carried out in their order.
    for (auto path = found_.rbegin(); path != found_.rend(); ++path) {
      requests.emplace_back(zk::Delete{*path, zk::kAnyVersion});
    }
  }
  ask(context, std::move(requests));
}

void ZookeeperShell::finish(sim::Context& context, zk::ErrorCode error) {
  asked_.clear();
  found_.clear();
  context.notify(sim::Payload::of(ZnodeEdited{describe(edits_.front()), error}));
  edits_.pop_front();
  if (!edits_.empty()) return begin(context);
  client_->close(zk::client_context(context));
}

std::optional<sim::Instant> ZookeeperShell::deadline() const {
  return client_ ? client_->deadline() : std::nullopt;
}

void ZookeeperShell::digest_into(sim::Digest& digest) const {
  digest.add(std::uint64_t{edits_.size()});
  sim::digest_into(digest, call_);
  if (client_) client_->digest_into(digest);
}

}  // namespace scenarios
