#include "zk/migration_writer_operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/described.h"
#include "sim/base/match.h"
#include "zk/paths.h"
#include "zk/tree.h"

namespace zk {
namespace {

Op fenced_op(const Request& request) {
  if (const auto* create = std::get_if<Create>(&request)) return *create;
  if (const auto* remove = std::get_if<Delete>(&request)) return *remove;
  const auto* set_data = std::get_if<SetData>(&request);
  sim::check(set_data != nullptr, "only creates, deletes and setDatas are fenced");
  return *set_data;
}

// From the order of visits to the order of deletions.
std::vector<std::string> children_before_parents(std::vector<std::string> visited) {
  std::vector<std::string> ordered;
  std::vector<std::string> open;
  const auto close = [&] {
    ordered.push_back(std::move(open.back()));
    open.pop_back();
  };
  for (std::string& path : visited) {
    while (!open.empty() && !path.starts_with(open.back() + '/')) close();
    open.push_back(std::move(path));
  }
  while (!open.empty()) close();
  return ordered;
}

}  // namespace

MirrorFailure zookeeper_failure(ErrorCode error, std::string_view path) {
  const bool authentication = error == ErrorCode::AuthFailed || error == ErrorCode::NoAuth ||
                              error == ErrorCode::SessionClosedRequireSaslAuth;
  return {authentication ? MirrorFailure::Kind::Authentication : MirrorFailure::Kind::ZooKeeper,
          fmt::format("{} for {}", name_of(error), path)};
}

std::vector<Request> fence(const std::vector<Request>& requests, const MirrorContext& context) {
  sim::check(context.controller_epoch_zk_version.value() >= 0,
             "only a controller with a claim writes");
  std::vector<Request> fenced;
  fenced.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool last = i + 1 == requests.size();
    const std::string migration(paths::kMigration);
    const Op guard =
        last ? Op(SetData{migration, encode(context.migration), context.migration_zk_version})
             : Op(Check{migration, context.migration_zk_version});
    fenced.emplace_back(
        Multi{{Check{std::string(paths::kControllerEpoch), context.controller_epoch_zk_version},
               guard, fenced_op(requests[i])}});
  }
  return fenced;
}

std::expected<Unfenced, MirrorFailure> unfence(const std::vector<Response>& responses,
                                               const MirrorContext& context) {
  using Kind = MirrorFailure::Kind;
  Unfenced unfenced{.codes = {}, .migration_zk_version = context.migration_zk_version};
  for (const Response& response : responses) {
    const auto* const multi = std::get_if<MultiResult>(&response.result);
    if (multi == nullptr || multi->results.size() != 3) {
      const ErrorCode error = response.ok() ? ErrorCode::SystemError : response.error;
      return std::unexpected(zookeeper_failure(error, "a multi"));
    }
    const auto& epoch = multi->results[0];
    if (epoch.error == ErrorCode::BadVersion) {
      return std::unexpected(MirrorFailure{
          Kind::ControllerMoved, fmt::format("{} no longer has version {}", paths::kControllerEpoch,
                                             context.controller_epoch_zk_version.value())});
    }
    if (epoch.error != ErrorCode::Ok) {
      return std::unexpected(zookeeper_failure(epoch.error, paths::kControllerEpoch));
    }
    const auto& migration = multi->results[1];
    if (migration.error == ErrorCode::BadVersion) {
      return std::unexpected(MirrorFailure{
          Kind::AnotherController,
          fmt::format("{} no longer has version {}: another KRaft controller writes to ZooKeeper",
                      paths::kMigration, context.migration_zk_version.value())});
    }
    if (migration.error != ErrorCode::Ok) {
      return std::unexpected(zookeeper_failure(migration.error, paths::kMigration));
    }
    const auto* const stat = std::get_if<Stat>(&migration.value);
    unfenced.migration_zk_version =
        stat != nullptr && response.ok() ? stat->version : context.migration_zk_version;
    unfenced.codes.push_back(multi->results[2].error);
  }
  return unfenced;
}

// ── An operation under way ──────────────────────────────────────────────────────────────────────

OperationRun::OperationRun(MirrorOperation operation, const MirrorContext& context)
    : operation_(std::move(operation)), context_(context) {
  if (operation_.throws) {
    failure_ = operation_.throws;
  } else if (operation_.delete_below) {
    to_list_.push_back(*operation_.delete_below);
    list_next();
  } else {
    send_fenced(Step::Write, operation_.requests);
  }
}

void OperationRun::send(Step step, std::vector<Request> requests) {
  step_ = step;
  requests_ = std::move(requests);
}

void OperationRun::send_fenced(Step step, const std::vector<Request>& requests) {
  // Kafka answers an operation without requests by itself: nothing is sent, nothing changes.
  if (requests.empty()) {
    end();
  } else if (context_.controller_epoch_zk_version.value() < 0) {
    // A leader that was elected anew without having been told in between that it was none keeps its
    // state and loses its claim.
    fail({MirrorFailure::Kind::Unexpected, "IllegalArgumentException: a write without a claim"});
  } else {
    send(step, fence(requests, context_));
  }
}

void OperationRun::end() {
  send(Step::Ended, {});
}

void OperationRun::fail(MirrorFailure failure) {
  failure_ = std::move(failure);
  end();
}

void OperationRun::advance(const std::vector<Response>& responses) {
  sim::check(!ended() && responses.size() == requests_.size(), "each request has an answer");
  switch (step_) {
    case Step::List:
      listed(responses.front());
      return;
    case Step::Write:
    case Step::WriteAgain:
      wrote(responses);
      return;
    case Step::CreateFolder:
      if (folder_advanced(responses.front())) send_fenced(Step::WriteAgain, {*operation_.create});
      return;
    case Step::NotificationFolder:
      if (folder_advanced(responses.front())) send(Step::Notify, {*operation_.notification});
      return;
    case Step::Notify: {
      const Response& response = responses.front();
      if (operation_.notification_folder && !response.ok()) {
        fail(zookeeper_failure(response.error, path_of(*operation_.notification)));
      } else {
        end();
      }
      return;
    }
    case Step::Ended:
      sim::unreachable("an operation that ended asks nothing");
  }
}

// ── Listing what is to be deleted ───────────────────────────────────────────────────────────────

void OperationRun::list_next() {
  if (!to_list_.empty()) {
    send(Step::List, {GetChildren{to_list_.back()}});
    return;
  }
  std::vector<Request> requests;
  for (const std::string& path : found_) requests.emplace_back(Delete{path});
  requests.insert(requests.end(), operation_.requests.begin(), operation_.requests.end());
  operation_.requests = std::move(requests);
  send_fenced(Step::Write, operation_.requests);
}

// A depth-first walk, as Kafka's recursion makes it.
void OperationRun::listed(const Response& response) {
  const std::string path = std::move(to_list_.back());
  to_list_.pop_back();
  // Kafka does not look whether the listing failed: then there are no children, and NotEmpty tells
  // in the end (recursiveChildren).
  if (const auto* const got = result_if<GotChildren>(response)) {
    for (auto child = got->children.rbegin(); child != got->children.rend(); ++child) {
      to_list_.push_back(paths::child(path, *child));
    }
  }
  if (path != *operation_.delete_below) found_.push_back(path);
  if (to_list_.empty()) found_ = children_before_parents(std::move(found_));
  list_next();
}

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────

void OperationRun::wrote(const std::vector<Response>& responses) {
  auto unfenced = unfence(responses, context_);
  if (!unfenced) {
    MirrorFailure failure = std::move(unfenced.error());
    if (operation_.unwrapped) failure.kind = MirrorFailure::Kind::Unexpected;
    return fail(std::move(failure));
  }
  const bool missing = unfenced->codes.front() == ErrorCode::NoNode;
  if (operation_.create && missing) {
    if (step_ == Step::WriteAgain) {
      return fail({MirrorFailure::Kind::ZooKeeper,
                   fmt::format("{}: the znode could not be created", operation_.what)});
    }
    if (operation_.folder_to_create) {
      create_folder(Step::CreateFolder, *operation_.folder_to_create);
    } else {
      send_fenced(Step::WriteAgain, {*operation_.create});
    }
    return;
  }
  accept(*unfenced);
}

void OperationRun::accept(const Unfenced& unfenced) {
  const auto& codes = unfenced.codes;
  const auto all = [&](auto&& good) { return std::ranges::all_of(codes, good); };
  const auto is_ok = [](ErrorCode code) { return code == ErrorCode::Ok; };
  const auto refuse = [&] {
    const auto bad = std::ranges::find_if_not(codes, is_ok);
    const auto index = static_cast<std::size_t>(bad - codes.begin());
    const auto& requests = operation_.requests;
    fail(zookeeper_failure(bad == codes.end() ? ErrorCode::SystemError : *bad,
                           index < requests.size() ? path_of(requests[index]) : operation_.what));
  };
  switch (operation_.acceptance) {
    case Acceptance::AllOk:
      return all(is_ok) ? succeed(unfenced) : refuse();
    case Acceptance::OkOrNodeExists:
      return all([](ErrorCode code) {
        return code == ErrorCode::Ok || code == ErrorCode::NodeExists;
      })
                 ? succeed(unfenced)
                 : refuse();
    case Acceptance::TopicCreated:
      if (codes.front() == ErrorCode::NodeExists) return end();
      return all(is_ok) ? succeed(unfenced) : refuse();
    case Acceptance::LastOk:
      return is_ok(codes.back()) ? succeed(unfenced) : refuse();
    case Acceptance::Whatever:
    case Acceptance::AclWritten:
      return succeed(unfenced);
    case Acceptance::OkOrAbsent:
      if (codes.front() == ErrorCode::NoNode) return end();
      return all(is_ok) ? succeed(unfenced) : refuse();
    case Acceptance::AclDeleted:
      return is_ok(codes.front()) || codes.front() == ErrorCode::NoNode ? succeed(unfenced)
                                                                        : refuse();
  }
}

void OperationRun::succeed(const Unfenced& unfenced) {
  // Kafka announces first and adopts the version when the operation's function returns; nothing
  // that comes in between asks for the version, so it can be kept now and dropped if the
  // announcement fails.
  context_.migration_zk_version = unfenced.migration_zk_version;
  notify();
}

void OperationRun::notify() {
  if (!operation_.notification) return end();
  if (operation_.notification_folder) {
    create_folder(Step::NotificationFolder, *operation_.notification_folder);
  } else {
    send(Step::Notify, {*operation_.notification});
  }
}

// ── Folders: KafkaZkClient.createRecursive without "throw if it exists" ─────────────────────────

void OperationRun::create_folder(Step step, const std::string& path) {
  folders_ = {path};
  send(step, {Create{.path = path, .data = std::nullopt}});
}

bool OperationRun::folder_advanced(const Response& response) {
  const std::string path = folders_.back();
  if (response.ok() || response.error == ErrorCode::NodeExists) {
    folders_.pop_back();
  } else if (response.error == ErrorCode::NoNode && parent_of(path) != "/") {
    folders_.emplace_back(parent_of(path));
  } else {
    fail(zookeeper_failure(response.error, path));
    return false;
  }
  if (folders_.empty()) return true;
  send(step_, {Create{.path = folders_.back(), .data = std::nullopt}});
  return false;
}

void OperationRun::digest_into(sim::Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(step_));
  digest.add(operation_.what);
  sim::digest_into(digest, requests_);
  sim::digest_into(digest, found_);
  digest.add(static_cast<std::uint64_t>(context_.migration_zk_version.value()));
}

}  // namespace zk
