#include "sim/kafka/client.h"

#include <algorithm>
#include <utility>

namespace sim {

void NetworkClient::transmit(Context& context, NodeId to, CorrelationId correlation,
                             Payload message, Duration timeout) {
  if (to == config_.self) {
    peers_[to].in_flight.push_back({correlation, Instant::never(), {}});
    context.effects.push_back(Send{kMainLane, to, kDatagram, std::move(message)});
    return;
  }
  Peer& peer = peers_[to];
  peer.in_flight.push_back({correlation, context.now + timeout, {}});
  if (peer.connected) {
    context.effects.push_back(Send{kMainLane, to, peer.connection, std::move(message)});
    return;
  }
  peer.in_flight.back().message = std::move(message);
  if (peer.connection.serial == 0 && context.now >= peer.next_attempt) connect(context, to, peer);
}

Instant NetworkClient::Peer::expires() const {
  return std::ranges::min_element(in_flight, {}, &InFlight::expires)->expires;
}

void NetworkClient::connect(Context& context, NodeId to, Peer& peer) {
  peer.connection = {config_.self, ++context.last_serial};
  context.effects.push_back(Connect{kMainLane, peer.connection, to});
}

void NetworkClient::lose(Context& context, Peer& peer, std::vector<CorrelationId>& lost) {
  for (const InFlight& request : peer.in_flight) lost.push_back(request.correlation);
  peer.in_flight.clear();
  peer.connection = {};
  peer.connected = false;
  peer.backoff = peer.backoff == Duration{}
                     ? config_.reconnect_backoff
                     : std::min(peer.backoff * 2, config_.reconnect_backoff_max);
  peer.next_attempt = context.now + peer.backoff;
}

bool NetworkClient::settle(const Received& received, CorrelationId correlation) {
  const auto peer = peers_.find(received.from);
  if (peer == peers_.end()) return false;
  if (received.from != config_.self && received.over != peer->second.connection) return false;
  auto& in_flight = peer->second.in_flight;
  const auto request = std::ranges::find(in_flight, correlation, &InFlight::correlation);
  if (request == in_flight.end()) return false;
  in_flight.erase(request);
  return true;
}

std::vector<CorrelationId> NetworkClient::handle(Context& context, const Input& input) {
  std::vector<CorrelationId> lost;
  if (const auto* connected = std::get_if<Connected>(&input)) {
    const auto found = peers_.find(connected->peer);
    if (found == peers_.end() || found->second.connection != connected->connection) return lost;
    Peer& peer = found->second;
    peer.connected = true;
    peer.backoff = {};
    for (InFlight& request : peer.in_flight) {
      context.effects.push_back(
          Send{kMainLane, found->first, peer.connection, std::exchange(request.message, {})});
    }
  } else if (const auto* cut = std::get_if<Disconnected>(&input)) {
    const auto found = peers_.find(cut->peer);
    if (found == peers_.end() || found->second.connection != cut->connection) return lost;
    lose(context, found->second, lost);
  } else if (std::holds_alternative<Wake>(input)) {
    for (auto& [node, peer] : peers_) {
      if (peer.in_flight.empty()) continue;
      if (context.now >= peer.expires()) {
        if (peer.connection.serial != 0) {
          context.effects.push_back(sim::Disconnect{kMainLane, peer.connection});
        }
        lose(context, peer, lost);
      } else if (peer.connection.serial == 0 && node != config_.self &&
                 context.now >= peer.next_attempt) {
        connect(context, node, peer);
      }
    }
  }
  return lost;
}

std::vector<CorrelationId> NetworkClient::close(Context& context, NodeId node) {
  std::vector<CorrelationId> lost;
  const auto found = peers_.find(node);
  if (found == peers_.end()) return lost;
  if (found->second.connection.serial != 0) {
    context.effects.push_back(sim::Disconnect{kMainLane, found->second.connection});
  }
  for (const InFlight& request : found->second.in_flight) lost.push_back(request.correlation);
  peers_.erase(found);
  return lost;
}

void NetworkClient::close_all(Context& context) {
  for (const auto& [node, peer] : peers_) {
    if (peer.connection.serial != 0) {
      context.effects.push_back(sim::Disconnect{kMainLane, peer.connection});
    }
  }
  peers_.clear();
}

std::optional<Instant> NetworkClient::deadline() const {
  std::optional<Instant> earliest;
  for (const auto& [node, peer] : peers_) {
    if (peer.in_flight.empty() || node == config_.self) continue;
    Instant due = peer.expires();
    if (peer.connection.serial == 0) due = std::min(due, peer.next_attempt);
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

std::size_t NetworkClient::in_flight() const {
  std::size_t count = 0;
  for (const auto& [node, peer] : peers_) count += peer.in_flight.size();
  return count;
}

void NetworkClient::digest_into(Digest& digest) const {
  sim::digest_into(digest, last_correlation_);
  for (const auto& [node, peer] : peers_) {
    sim::digest_into(digest, node);
    sim::digest_into(digest, peer.connection);
    sim::digest_into(digest, peer.connected);
    sim::digest_into(digest, peer.next_attempt);
    for (const InFlight& request : peer.in_flight) {
      sim::digest_into(digest, request.correlation);
      sim::digest_into(digest, request.expires);
      sim::digest_into(digest, request.message);
    }
  }
}

}  // namespace sim
