#pragma once

#include <array>
#include <cstdint>

#include "sim/core/core.h"
#include "sim/kernel/occurrence.h"
#include "sim/kernel/process.h"
#include "sim/kernel/slab.h"

namespace sim {

// Something on its way from one process to another, or to itself.
struct Envelope {
  enum class Kind : std::uint8_t {
    Datagram,
    Self,    // a message to the sender itself
    Open,    // a connection's first word (SYN)
    Opened,  // the answer (SYN-ACK)
    Data,
    Closed,  // the last word (FIN or RST)
  };
  Payload message;
  OccurrenceId cause;
  NodeId from;
  NodeId to;
  ConnectionId over;
  Incarnation to_life = 0;       // of datagrams: never delivered to a later life
  std::uint32_t connection = 0;  // of all connection kinds: place and generation
  std::uint32_t generation = 0;
  std::uint8_t from_end = 0;  // 0: from the opener
  Kind kind = Kind::Datagram;
  const char* why = "";  // of Closed
};

// What the kernel keeps about a connection. Place and generation name it for ever; the ConnectionId names it
// only in the table of a node that has been told of it (Node::connections), so that connections of
// different lives with the same id never meet.
//
//   opener's end   Open ─────────────────────────────► Closed      once both are Closed, the place is free
//   acceptor's end NotYet ──(Open arrives)──► Open ──► Closed
struct Connection {
  enum class State : std::uint8_t {
    NotYet,
    Open,
    Closed
  };
  struct End {
    NodeId node;
    State state = State::NotYet;
    bool said_closed = false;  // a Closed of this end is on its way or has arrived
    Instant last_arrival;      // nothing this end sends arrives before what it sent earlier
    // What this end sent and the path does not let through; retransmitted when it does again.
    Fifo<Envelope> stalled;
    bool blocked = false;            // stalled, or sent without hope of an acknowledgement
    std::uint32_t block_serial = 0;  // of the time-out that runs while blocked
  };
  ConnectionId id;
  std::uint32_t generation = 0;
  bool used = false;
  bool established = false;  // the opener has been told
  bool reset = false;        // what is still on its way is lost
  std::array<End, 2> ends;   // 0: the opener's
};

// All connections of a world, by place. A place is used again under a new generation.
class Connections {
 public:
  std::uint32_t open(ConnectionId id, NodeId opener, NodeId acceptor) {
    Connection fresh;
    fresh.id = id;
    fresh.generation = ++generations_;
    fresh.used = true;
    fresh.ends[0].node = opener;
    fresh.ends[0].state = Connection::State::Open;
    fresh.ends[1].node = acceptor;
    return slab_.put(std::move(fresh));
  }
  Connection& operator[](std::uint32_t place) { return slab_[place]; }
  // The connection that had this place and generation, if it still exists.
  Connection* find(std::uint32_t place, std::uint32_t generation) {
    Connection& found = slab_[place];
    return found.used && found.generation == generation ? &found : nullptr;
  }
  void close(std::uint32_t place) { slab_.take(place); }
  // Places to iterate over; look at `used`.
  std::uint32_t places() const { return slab_.places(); }
  const Connection& operator[](std::uint32_t place) const { return slab_[place]; }

 private:
  Slab<Connection> slab_;
  std::uint32_t generations_ = 0;
};

}  // namespace sim
