#include "sim/kafka/control_channels.h"

#include <algorithm>
#include <utility>

#include "sim/base/match.h"

namespace sim {
namespace {

constexpr Duration kControlRetryBackoff{100'000'000};

}  // namespace

void ControlChannels::set_brokers(Context& context,
                                  const std::map<BrokerId, BrokerEpoch>& generations,
                                  const AddressBook& addresses) {
  std::erase_if(channels_, [&](const auto& entry) {
    const auto wanted = generations.find(entry.first);
    const bool keep = wanted != generations.end() && wanted->second == entry.second.generation;
    if (!keep) [[maybe_unused]]
      const auto dropped = network_.close(context, entry.second.node);
    return !keep;
  });
  for (const auto& [id, generation] : generations) {
    const auto address = addresses.find(id);
    if (address == addresses.end() || channels_.contains(id)) continue;
    channels_.emplace(id, Channel{.node = address->second, .generation = generation});
  }
}

void ControlChannels::enqueue(Context& context, std::vector<ControlRequest> requests) {
  std::set<BrokerId> touched;
  for (ControlRequest& request : requests) {
    const auto channel = channels_.find(request.to);
    if (channel == channels_.end()) continue;
    touched.insert(request.to);
    channel->second.queue.push_back(std::move(request));
  }
  for (const BrokerId id : touched) pump(context, channels_.at(id));
}

void ControlChannels::pump(Context& context, Channel& channel) {
  if (channel.in_flight || channel.queue.empty() || context.now < channel.not_before) return;
  channel.in_flight = match(channel.queue.front().body, [&](const auto& body) {
    return network_.send(context, channel.node, body);
  });
}

template <class Response>
bool ControlChannels::take(const Received& received, std::vector<ControlAnswer>& answers,
                           Context& context) {
  const auto* const answer = network_.answer<Response>(received);
  if (answer == nullptr) return false;
  for (auto& [id, channel] : channels_) {
    if (channel.in_flight != answer->correlation || channel.node != received.from) continue;
    channel.in_flight.reset();
    channel.queue.pop_front();
    answers.push_back({id, answer->body});
    pump(context, channel);
    break;
  }
  return true;
}

void ControlChannels::lost(Context& context, const std::vector<CorrelationId>& correlations) {
  for (const CorrelationId correlation : correlations) {
    const auto channel = std::ranges::find_if(
        channels_, [&](const auto& entry) { return entry.second.in_flight == correlation; });
    if (channel == channels_.end()) continue;
    channel->second.in_flight.reset();
    channel->second.not_before = context.now + kControlRetryBackoff;
  }
}

std::vector<ControlAnswer> ControlChannels::handle(Context& context, const Input& input) {
  std::vector<ControlAnswer> answers;
  if (const auto* const received = std::get_if<Received>(&input)) {
    if (!take<LeaderAndIsrResponse>(*received, answers, context) &&
        !take<UpdateMetadataResponse>(*received, answers, context)) {
      take<StopReplicaResponse>(*received, answers, context);
    }
    return answers;
  }
  lost(context, network_.handle(context, input));
  for (auto& [id, channel] : channels_) pump(context, channel);
  return answers;
}

std::optional<Instant> ControlChannels::deadline() const {
  std::optional<Instant> earliest = network_.deadline();
  for (const auto& [id, channel] : channels_) {
    if (channel.in_flight || channel.queue.empty()) continue;
    earliest = earliest ? std::min(*earliest, channel.not_before) : channel.not_before;
  }
  return earliest;
}

std::size_t ControlChannels::backlog() const {
  std::size_t total = 0;
  for (const auto& [id, channel] : channels_) total += channel.queue.size();
  return total;
}

void ControlChannels::digest_into(Digest& digest) const {
  network_.digest_into(digest);
  for (const auto& [id, channel] : channels_) {
    sim::digest_into(digest, id);
    sim::digest_into(digest, channel.generation);
    digest.add(std::uint64_t{channel.queue.size()});
    digest.add(std::uint64_t{channel.in_flight.has_value()});
  }
}

}  // namespace sim
