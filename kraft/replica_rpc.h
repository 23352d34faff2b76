#pragma once

#include "kraft/replica.h"

// How a replica's requests and answers leave it; included by the files that implement Replica.
namespace kraft {

template <sim::Message Request>
void Replica::request(Instant now, BrokerId to, RequestKind kind, Request message,
                      Effects& effects) {
  Connection& connection = connections_[to];
  connection.in_flight = kind;
  connection.correlation = message.correlation = ++correlation_;
  connection.until = now + config_.raft.request_timeout;
  effects.push_back(sim::Send{sim::kMainLane, config_.quorum.addresses.at(to), sim::kDatagram,
                              Payload::of(std::move(message))});
}

// Fills in what every response says, and sends it.
template <sim::Message Response>
void Replica::answer(NodeId to, std::uint32_t correlation, Response response, Effects& effects) {
  response.correlation = correlation;
  response.from = config_.id;
  response.epoch = epoch_;
  response.leader = leader();
  effects.push_back(
      sim::Send{sim::kMainLane, to, sim::kDatagram, Payload::of(std::move(response))});
}

}  // namespace kraft
