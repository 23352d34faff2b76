#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <optional>

#include "sim/base/choices.h"
#include "sim/base/time.h"
#include "sim/core/core.h"

namespace sim {

// How a directed link behaves.
struct LinkProfile {
  Distribution delay = Distribution::uniform(Duration(200'000), Duration(500'000));
  Distribution extra;  // added to `delay`
  Ratio loss;
  Ratio duplicate;
  Ratio reorder;
  // How long a datagram is held back so that others overtake it.
  Distribution overtaken_by = Distribution::exponential(Duration(0), Duration(5'000'000));
  std::uint64_t bytes_per_second = 0;  // 0: unlimited
  bool operator==(const LinkProfile&) const = default;
};

// When something sent now arrives, if it does.
struct Passage {
  std::optional<Instant> arrival;  // empty: lost
  std::optional<Instant> twin;     // the arrival of a duplicate
};

// The directed links between all nodes of a world. All are alike until said otherwise, so memory grows
// with the links that differ and not with the square of the nodes.
class Links {
 public:
  explicit Links(LinkProfile common) : common_(common), limited_(common.bytes_per_second != 0) {}

  // How the link is built; what faults change is undone by `heal`.
  void build(NodeId from, NodeId to, const LinkProfile& profile);
  void cut(NodeId from, NodeId to) { change(from, to).cut = true; }
  void stall(NodeId from, NodeId to, Instant until);
  // The profile in force, to be worsened.
  LinkProfile& worsen(NodeId from, NodeId to) { return change(from, to).profile; }
  void heal(NodeId from, NodeId to);

  bool is_cut(NodeId from, NodeId to) const {
    const Link* const link = find(from, to);
    return link != nullptr && link->cut;
  }
  // The bytes of a message, if any link is slow enough for them to matter.
  std::size_t weigh(const Payload& message) const { return limited_ ? message.wire_bytes() : 0; }
  // A datagram: may be lost, doubled and overtaken.
  Passage datagram(NodeId from, NodeId to, Instant now, std::size_t bytes, Choices& choices);
  // A segment of a connection: a lost packet costs `retransmission`, nothing else. Requires !is_cut().
  Instant segment(NodeId from, NodeId to, Instant now, std::size_t bytes,
                  const Distribution& retransmission, Choices& choices);
  void digest_into(Digest& digest) const;

 private:
  struct Link {
    LinkProfile built;
    LinkProfile profile;
    bool cut = false;
    Instant stalled_until;
    Instant free_at;  // when the last byte sent will have left, if bandwidth is limited
  };
  using Key = std::uint64_t;
  static Key key(NodeId from, NodeId to) { return (Key{from.value()} << 32) | to.value(); }
  Link* find(NodeId from, NodeId to) {
    if (different_.empty()) return nullptr;
    const auto found = different_.find(key(from, to));
    return found == different_.end() ? nullptr : &found->second;
  }
  const Link* find(NodeId from, NodeId to) const {
    return const_cast<Links*>(this)->find(from, to);
  }
  Link& change(NodeId from, NodeId to) {
    return different_.try_emplace(key(from, to), Link{common_, common_, false, {}, {}})
        .first->second;
  }
  // When the last byte leaves, and with it the delay begins.
  Instant departure(Link* link, NodeId from, NodeId to, Instant now, std::size_t bytes);
  static Duration delay(const LinkProfile& profile, Key key, Choices& choices);

  LinkProfile common_;
  bool limited_;  // some link has a bandwidth
  boost::container::flat_map<Key, Link> different_;
};

}  // namespace sim
