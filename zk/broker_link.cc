#include "zk/broker_link.h"

#include <array>
#include <string>
#include <utility>

#include "zk/paths.h"

namespace zk {
namespace {

// ZkData.PersistentZkPaths and what lies above them, parents first.
constexpr std::array kPersistentPaths = {std::string_view("/consumers"),
                                         std::string_view("/brokers"),
                                         paths::kBrokerIds,
                                         paths::kTopics,
                                         paths::kConfig,
                                         paths::kConfigChanges,
                                         paths::kAdmin,
                                         paths::kDeleteTopics,
                                         paths::kBrokerSequenceId,
                                         paths::kIsrChanges,
                                         paths::kProducerIdBlock,
                                         paths::kLogDirEvents,
                                         std::string_view("/config/topics"),
                                         std::string_view("/config/clients"),
                                         std::string_view("/config/users"),
                                         std::string_view("/config/brokers"),
                                         std::string_view("/config/ips")};

}  // namespace

CallId BrokerLink::submit(sim::Context& context, std::vector<Request> requests, Watching watching) {
  const CallId call{++last_call_};
  for (auto& event : client_.submit(client_context(context), call, std::move(requests), watching)) {
    inbox_.push_back(std::move(event));
  }
  return call;
}

void BrokerLink::handle(sim::Context& context, const sim::Input& input) {
  if (!begun_) {
    begun_ = true;
    begin(context);
  }
  if (!client_.owns(input) && !std::holds_alternative<sim::Wake>(input)) return;
  for (auto& event : client_.handle(client_context(context), input)) {
    inbox_.push_back(std::move(event));
  }
}

// Paths that exist already answer NodeExists, which is as good.
void BrokerLink::begin(sim::Context& context) {
  phase_ = Phase::Preparing;
  std::vector<Request> requests;
  for (const std::string_view path : kPersistentPaths) {
    requests.emplace_back(Create{.path = std::string(path)});
  }
  if (!config_.cluster_id.empty()) {
    requests.emplace_back(Create{.path = "/cluster"});
    requests.emplace_back(Create{.path = std::string(paths::kClusterId),
                                 .data = encode_cluster_id(config_.cluster_id)});
  }
  own_call_ = submit(context, std::move(requests));
}

// The znode appears with its data, for create and setData are one transaction; then who owns it is
// read.
void BrokerLink::register_broker(sim::Context& context) {
  phase_ = Phase::Registering;
  const std::string path = paths::broker(config_.id);
  own_call_ = submit(context, {Multi{.ops = {Create{.path = path, .mode = CreateMode::Ephemeral},
                                             SetData{.path = path,
                                                     .data = encode(config_.registration),
                                                     .version = DataVersion(0)}}},
                               GetData{.path = path}});
}

std::optional<LinkEvent> BrokerLink::next(sim::Context& context) {
  while (!inbox_.empty()) {
    KafkaClientEvent event = std::move(inbox_.front());
    inbox_.pop_front();
    if (auto* done = std::get_if<BatchDone>(&event)) {
      if (done->batch != own_call_) return LinkEvent(std::move(*done));
      if (auto told = on_answer(context, *done)) return told;
    } else if (auto* fired = std::get_if<WatchFired>(&event)) {
      return LinkEvent(std::move(*fired));
    } else {
      epoch_ = sim::BrokerEpoch{-1};
      register_broker(context);
      return LinkEvent(SessionReplaced{});
    }
  }
  return std::nullopt;
}

std::optional<LinkEvent> BrokerLink::on_answer(sim::Context& context, const BatchDone& done) {
  own_call_.reset();
  if (phase_ == Phase::Registering) return on_registration(context, done);
  sim::check(phase_ == Phase::Preparing,
             "only paths and the registration are the link's own calls");
  for (const Response& response : done.responses) {
    // The new session begins with the registration; what was not made then is made now.
    if (response.error == ErrorCode::SessionExpired) {
      begin(context);
      return std::nullopt;
    }
  }
  register_broker(context);
  return std::nullopt;
}

// CheckedEphemeral: a lost reply is recognised by the owner, as is an orphan of a former session of
// this very process; any other owner is another broker.
std::optional<LinkEvent> BrokerLink::on_registration(sim::Context& context, const BatchDone& done) {
  const Response& read = done.responses.back();
  if (read.error == ErrorCode::SessionExpired) return std::nullopt;  // the renewal registers
  const GotData* found = result_if<GotData>(read);
  if (found == nullptr) {
    register_broker(context);  // gone between the two: the former session's, just expired
    return std::nullopt;
  }
  if (found->stat.ephemeral_owner == client_.session()) {
    phase_ = Phase::Registered;
    registered_in_ = client_.session();
    epoch_ = sim::BrokerEpoch{found->stat.czxid.value()};
    return LinkEvent(BrokerRegistered{epoch_});
  }
  if (registered_in_ != SessionId{} && found->stat.ephemeral_owner == registered_in_) {
    static_cast<void>(submit(context, {Delete{.path = paths::broker(config_.id)}}));
    register_broker(context);
    return std::nullopt;
  }
  phase_ = Phase::Refused;
  return LinkEvent(BrokerRefused{});
}

void BrokerLink::close(sim::Context& context) {
  client_.close(client_context(context));
}

void BrokerLink::digest_into(sim::Digest& digest) const {
  client_.digest_into(digest);
  sim::digest_into(digest, phase_);
  sim::digest_into(digest, own_call_);
  digest.add(last_call_);
  sim::digest_into(digest, epoch_);
}

}  // namespace zk
