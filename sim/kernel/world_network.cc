// What is on the wire: datagrams, and connections as TCP makes them. Everything a process learns from the
// network reaches it through `deliver`, so that pauses and crashes meet all of it at one place.

#include <algorithm>
#include <utility>

#include "sim/kernel/world.h"

namespace sim {
namespace {

constexpr Site kConnectRetransmission{"network.retransmission"};
using State = Connection::State;

std::uint8_t other(std::uint8_t end) {
  return static_cast<std::uint8_t>(1 - end);
}

}  // namespace

// ── Sending and delivering ──────────────────────────────────────────────────────────────────────

void World::send(NodeId from, const Send& send, OccurrenceId cause) {
  check(send.to.value() < nodes_.size(), "a message is sent to a node that exists");
  check(static_cast<bool>(send.message), "a message that is sent is not empty");
  const OccurrenceId sent = emit({.cause = cause,
                                  .kind = OccurrenceKind::Sent,
                                  .node = from,
                                  .peer = send.to,
                                  .over = send.over,
                                  .payload = &send.message});
  Envelope envelope{.message = send.message,
                    .cause = sent,
                    .from = from,
                    .to = send.to,
                    .over = send.over,
                    .to_life = nodes_[send.to.value()].life,
                    .kind = Envelope::Kind::Datagram};
  if (send.to == from) {
    envelope.kind = Envelope::Kind::Self;
    post(now_, std::move(envelope));
    return;
  }
  if (send.over == kDatagram) {
    const Passage passage =
        links_.datagram(from, send.to, now_, links_.weigh(send.message), choices_);
    if (passage.twin) post(*passage.twin, envelope);
    if (passage.arrival) {
      post(*passage.arrival, std::move(envelope));
    } else {
      lose(envelope, "lost on the link");
    }
    return;
  }
  const Node& node = at(from);
  const auto found = node.connections.find(send.over);
  if (found == node.connections.end()) {
    lose(envelope, "the sender has no such connection");
    return;
  }
  envelope.kind = Envelope::Kind::Data;
  const std::uint8_t end = send.over.opener == from ? 0 : 1;
  check(connections_[found->second].ends[other(end)].node == send.to,
        "a message leaves by a connection to its receiver");
  transmit(found->second, end, std::move(envelope));
}

void World::post(Instant arrival, Envelope envelope) {
  const NodeId to = envelope.to;
  schedule(arrival, EventKind::Deliver, to, envelopes_.put(std::move(envelope)), 0);
}

void World::lose(const Envelope& envelope, std::string_view why) {
  if (!envelope.message) return;  // the kernel's own words; nobody misses them
  emit({.cause = envelope.cause,
        .kind = OccurrenceKind::Lost,
        .node = envelope.to,
        .peer = envelope.from,
        .over = envelope.over,
        .payload = &envelope.message,
        .text = why});
}

void World::deliver(std::uint32_t slot) {
  Envelope envelope = envelopes_.take(slot);
  switch (envelope.kind) {
    case Envelope::Kind::Datagram:
    case Envelope::Kind::Self: {
      const Node& node = at(envelope.to);
      if (!node.process->alive() || node.life != envelope.to_life) {
        lose(envelope, "the receiver's life ended");
        return;
      }
      const OccurrenceId received = emit({.cause = envelope.cause,
                                          .kind = OccurrenceKind::Received,
                                          .node = envelope.to,
                                          .peer = envelope.from,
                                          .over = envelope.over,
                                          .payload = &envelope.message});
      handle(envelope.to, Received{envelope.from, envelope.over, std::move(envelope.message)},
             received);
      return;
    }
    case Envelope::Kind::Open:
    case Envelope::Kind::Opened:
    case Envelope::Kind::Data:
    case Envelope::Kind::Closed:
      deliver_over_connection(envelope);
      return;
  }
  unreachable("an envelope has one of the kinds above");
}

void World::deliver_over_connection(Envelope& envelope) {
  Connection* const connection = connections_.find(envelope.connection, envelope.generation);
  if (connection == nullptr) {
    lose(envelope, "the connection is gone");
    return;
  }
  if (envelope.kind == Envelope::Kind::Closed) {
    hear_closed(envelope);
    return;
  }
  Connection::End& here = connection->ends[other(envelope.from_end)];
  if (envelope.kind == Envelope::Kind::Open) {
    if (!connection->reset) accept(envelope);
    return;
  }
  if (here.state != State::Open || connection->reset) {
    lose(envelope, "the connection was closed");
    return;
  }
  const Node& node = at(here.node);
  check(node.process->alive(), "the ends of a dead process are closed");
  const OccurrenceKind kind =
      envelope.kind == Envelope::Kind::Data ? OccurrenceKind::Received : OccurrenceKind::Connected;
  const OccurrenceId told = emit({.cause = envelope.cause,
                                  .kind = kind,
                                  .node = envelope.to,
                                  .peer = envelope.from,
                                  .over = envelope.over,
                                  .payload = envelope.message ? &envelope.message : nullptr});
  if (kind == OccurrenceKind::Received) {
    handle(envelope.to, Received{envelope.from, envelope.over, std::move(envelope.message)}, told);
  } else {
    connection->established = true;
    handle(envelope.to, Connected{envelope.over, envelope.from}, told);
  }
}

// ── Opening and closing ─────────────────────────────────────────────────────────────────────────

void World::connect(NodeId opener, const Connect& wish, OccurrenceId cause) {
  check(wish.connection.opener == opener && wish.connection.serial != 0,
        "a connection is named by its opener, from 1");
  check(wish.to.value() < nodes_.size(), "a connection is opened to a node that exists");
  Node& node = at(opener);
  check(!node.connections.contains(wish.connection), "an opener numbers its connections anew");
  const std::uint32_t place = connections_.open(wish.connection, opener, wish.to);
  node.connections.emplace(wish.connection, place);
  transmit(place, 0, {.cause = cause, .kind = Envelope::Kind::Open});
  schedule(now_ + options_.connect_timeout, EventKind::ConnectTimeout, opener, place,
           connections_[place].generation);
}

// The first word arrives.
// Simplified: a paused process accepts when it resumes, not its operating system
// for it.
void World::accept(Envelope& open) {
  const std::uint32_t place = open.connection;
  const NodeId id = open.to;
  if (at(id).machine_down) {
    end_here(place, 1);
    return;  // nobody answers: the opener's time-out will tell
  }
  // A former life of the opener used the same number, and the news of its end is still on its way.
  if (const auto old = at(id).connections.find(open.over); old != at(id).connections.end()) {
    const std::uint32_t old_place = old->second;
    if (connections_[old_place].generation > connections_[place].generation) {
      // Ids repeat from life to life: the word of a former one was overtaken, and its opener is gone.
      end_here(place, 1);
      return;
    }
    Envelope closed{.cause = open.cause,
                    .from = open.from,
                    .to = id,
                    .over = open.over,
                    .connection = old_place,
                    .generation = connections_[old_place].generation,
                    .from_end = 0,
                    .kind = Envelope::Kind::Closed,
                    .why = "reset"};
    hear_closed(closed);
  }
  Node& node = at(id);
  if (!node.process->alive() || open.from == id) {
    say_closed(place, 1, open.cause, "refused");
    end_here(place, 1);
    return;
  }
  connections_[place].ends[1].state = State::Open;
  node.connections.emplace(open.over, place);
  transmit(place, 1, {.cause = open.cause, .kind = Envelope::Kind::Opened});
  const OccurrenceId connected = emit({.cause = open.cause,
                                       .kind = OccurrenceKind::Connected,
                                       .node = id,
                                       .peer = open.from,
                                       .over = open.over});
  handle(id, Connected{open.over, open.from}, connected);
}

void World::disconnect(NodeId id, ConnectionId connection, OccurrenceId cause) {
  const auto found = at(id).connections.find(connection);
  if (found == at(id).connections.end()) return;  // the other end was faster
  const std::uint32_t place = found->second;
  const std::uint8_t end = connection.opener == id ? 0 : 1;
  say_closed(place, end, cause, "closed by the peer");
  end_here(place, end);
}

// The last word of an end: behind all that it sent, so the other end reads that first.
void World::say_closed(std::uint32_t place, std::uint8_t from_end, OccurrenceId cause,
                       const char* why) {
  Connection& connection = connections_[place];
  if (connection.ends[from_end].said_closed ||
      connection.ends[other(from_end)].state == State::Closed) {
    return;
  }
  connection.ends[from_end].said_closed = true;
  transmit(place, from_end, {.cause = cause, .kind = Envelope::Kind::Closed, .why = why});
}

// This end learns of the end of the connection by itself, not over the wire.
void World::tell_now(std::uint32_t place, std::uint8_t end, OccurrenceId cause, const char* why) {
  const Connection& connection = connections_[place];
  post(now_, {.cause = cause,
              .from = connection.ends[other(end)].node,
              .to = connection.ends[end].node,
              .over = connection.id,
              .connection = place,
              .generation = connection.generation,
              .from_end = other(end),
              .kind = Envelope::Kind::Closed,
              .why = why});
}

void World::hear_closed(const Envelope& closed) {
  const std::uint32_t place = closed.connection;
  const std::uint8_t end = other(closed.from_end);
  const Connection& connection = connections_[place];
  const NodeId id = connection.ends[end].node;
  const NodeId peer = connection.ends[closed.from_end].node;
  const ConnectionId over = connection.id;
  const bool was_open = connection.ends[end].state == State::Open;
  end_here(place, end);
  if (!was_open) return;
  const OccurrenceId disconnected = emit({.cause = closed.cause,
                                          .kind = OccurrenceKind::Disconnected,
                                          .node = id,
                                          .peer = peer,
                                          .over = over,
                                          .text = closed.why});
  handle(id, Disconnected{over, peer}, disconnected);
}

// The end is closed; the connection goes when both are.
void World::end_here(std::uint32_t place, std::uint8_t end) {
  Connection& connection = connections_[place];
  Connection::End& here = connection.ends[end];
  if (here.state == State::Open) {
    Node& node = at(here.node);
    const auto found = node.connections.find(connection.id);
    if (found != node.connections.end() && found->second == place) node.connections.erase(found);
  }
  here.state = State::Closed;
  if (connection.ends[other(end)].state != State::Closed) return;
  forget_stalled(place, 0);
  forget_stalled(place, 1);
  connections_.close(place);
}

// ── Flow ────────────────────────────────────────────────────────────────────────────────────────

bool World::passable(NodeId from, NodeId to) const {
  return !links_.is_cut(from, to) && !nodes_[to.value()].machine_down &&
         !nodes_[from.value()].machine_down;
}

// Sends over a connection: in order, never lost or doubled. What cannot pass waits to be retransmitted.
void World::transmit(std::uint32_t place, std::uint8_t from_end, Envelope envelope) {
  Connection& connection = connections_[place];
  Connection::End& end = connection.ends[from_end];
  const NodeId to = connection.ends[other(from_end)].node;
  envelope.from = end.node;
  envelope.to = to;
  envelope.over = connection.id;
  envelope.connection = place;
  envelope.generation = connection.generation;
  envelope.from_end = from_end;
  if (!end.stalled.empty() || !passable(end.node, to)) {
    end.stalled.push(std::move(envelope));
    block(place, from_end);
    return;
  }
  // Data gets through, but if the way back is cut no acknowledgement does.
  if (links_.is_cut(to, end.node)) block(place, from_end);
  pass(place, from_end, std::move(envelope), now_);
}

void World::pass(std::uint32_t place, std::uint8_t from_end, Envelope envelope, Instant leaves) {
  Connection::End& end = connections_[place].ends[from_end];
  Instant arrival = now_;
  if (envelope.to != end.node) {
    arrival = links_.segment(end.node, envelope.to, leaves,
                             envelope.message ? links_.weigh(envelope.message) : 0,
                             options_.retransmission, choices_);
  }
  end.last_arrival = std::max(end.last_arrival, arrival);
  post(end.last_arrival, std::move(envelope));
}

// Starts the time-out of an end that sends without hope, unless it runs.
void World::block(std::uint32_t place, std::uint8_t end) {
  Connection::End& blocked = connections_[place].ends[end];
  if (blocked.blocked) return;
  blocked.blocked = true;
  blocked.block_serial = ++block_serials_;
  schedule(now_ + options_.give_up_after, EventKind::GiveUp, blocked.node, place * 2 + end,
           blocked.block_serial);
}

void World::give_up(std::uint32_t slot, std::uint32_t serial) {
  const std::uint32_t place = slot / 2;
  const auto end = static_cast<std::uint8_t>(slot % 2);
  Connection& connection = connections_[place];
  if (!connection.used || !connection.ends[end].blocked ||
      connection.ends[end].block_serial != serial) {
    return;
  }
  connection.ends[end].blocked = false;
  forget_stalled(place, end);
  if (connection.ends[end].state == State::Open) {
    tell_now(place, end, OccurrenceId{}, "timed out");
    say_closed(place, end, OccurrenceId{}, "timed out");
  } else {
    // This end's last word never arrived; the other end's own keep-alive tells it.
    tell_now(place, other(end), OccurrenceId{}, "timed out");
  }
}

void World::connect_timeout(std::uint32_t place, std::uint32_t generation) {
  const Connection* const connection = connections_.find(place, generation);
  if (connection == nullptr || connection->established ||
      connection->ends[0].state != State::Open) {
    return;
  }
  forget_stalled(place, 0);
  tell_now(place, 0, OccurrenceId{}, "connecting timed out");
  say_closed(place, 0, OccurrenceId{}, "closed by the peer");
}

void World::forget_stalled(std::uint32_t place, std::uint8_t end) {
  Fifo<Envelope>& stalled = connections_[place].ends[end].stalled;
  while (!stalled.empty()) lose(stalled.pop(), "the connection was closed");
}

// Both ends are told at once; what is on its way is lost.
void World::reset(std::uint32_t place, OccurrenceId cause) {
  Connection& connection = connections_[place];
  connection.reset = true;
  for (const std::uint8_t end : {std::uint8_t{0}, std::uint8_t{1}}) {
    forget_stalled(place, end);
    if (connections_[place].ends[end].state == State::Open) {
      tell_now(place, end, cause, "reset");
    } else if (connection.used) {
      end_here(place, end);
    }
  }
}

// A path may be open again: what stalled flows, in order, after the sender's next retransmission.
void World::flow_again() {
  for (std::uint32_t place = 0; place < connections_.places(); ++place) {
    if (!connections_[place].used) continue;
    for (const std::uint8_t end : {std::uint8_t{0}, std::uint8_t{1}}) {
      Connection::End& from = connections_[place].ends[end];
      const NodeId to = connections_[place].ends[other(end)].node;
      if (!from.blocked || !passable(from.node, to)) continue;
      if (!links_.is_cut(to, from.node)) from.blocked = false;
      if (from.stalled.empty()) continue;
      const std::uint64_t link = (std::uint64_t{from.node.value()} << 32) | to.value();
      const Instant leaves =
          now_ + choices_.sample(kConnectRetransmission, link, options_.retransmission);
      while (!from.stalled.empty()) pass(place, end, from.stalled.pop(), leaves);
    }
  }
}

// ── The ends of a process that dies or is born ──────────────────────────────────────────────────

// The operating system closes the sockets of a dead process; a dead machine closes nothing.
void World::close_all(NodeId id, OccurrenceId cause) {
  Node& node = at(id);
  while (!node.connections.empty()) {
    const auto [connection, place] = *node.connections.begin();
    const std::uint8_t end = connection.opener == id ? 0 : 1;
    if (node.machine_down) {
      forget_stalled(place, end);
    } else {
      say_closed(place, end, cause, "the peer's process ended");
    }
    end_here(place, end);
  }
}

// A machine that is back answers what still comes for its former life with a reset.
// Simplified: it does so at once, not when the peer next sends.
void World::say_closed_for(NodeId id, OccurrenceId cause) {
  for (std::uint32_t place = 0; place < connections_.places(); ++place) {
    for (const std::uint8_t end : {std::uint8_t{0}, std::uint8_t{1}}) {
      const Connection& connection = connections_[place];
      if (!connection.used || connection.ends[end].node != id ||
          connection.ends[end].state != State::Closed) {
        continue;
      }
      say_closed(place, end, cause, "the peer's machine restarted");
    }
  }
  flow_again();
}

}  // namespace sim
