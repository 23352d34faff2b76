#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/time.h"
#include "zk/message.h"

// Fast leader election (FastLeaderElection; zookeeper.md §2.2): every server proposes the best
// history that it has heard of, and decides once a quorum proposes the same and nothing better came
// for 200 ms. Servers that have decided tell late ones. Pure: it is told what arrived and says what
// to send.
namespace zk {

class Election {
 public:
  // What a call leads to: notifications to send, and the vote that the server has decided for.
  struct Outcome {
    std::vector<std::pair<ServerId, Notification>> sends;
    std::optional<Vote> decided;
  };

  // `voters` holds `me`.
  Election(ServerId me, std::vector<ServerId> voters) : me_(me), voters_(std::move(voters)) {}

  // Begins a new round as LOOKING, with this server's own history as first proposal.
  Outcome look(sim::Instant now, Zxid last_zxid, ZabEpoch current_epoch);
  // Whatever the state: a server that is not LOOKING answers those who are.
  Outcome on_notification(sim::Instant now, const Notification& notification);
  Outcome on_wake(sim::Instant now);
  // The leader is established in this epoch: what late joiners are told from now on
  // (ZOOKEEPER-1732).
  void update_vote(ZabEpoch epoch) { decided_.peer_epoch = epoch; }

  // Present while LOOKING.
  std::optional<sim::Instant> deadline() const;
  PeerState state() const { return state_; }
  Round round() const { return round_; }
  // Whom this server votes for: its proposal while LOOKING, else what it decided.
  const Vote& vote() const { return state_ == PeerState::Looking ? proposal_ : decided_; }
  void digest_into(sim::Digest& digest) const;

 private:
  struct Heard {
    PeerState state = PeerState::Looking;
    Vote vote;
  };
  using Ballots = std::map<ServerId, Heard>;

  void broadcast(Outcome& outcome);
  void send(Outcome& outcome, ServerId to) const;
  void drain(sim::Instant now, Outcome& outcome);
  void process(sim::Instant now, const Notification& heard, Outcome& outcome);
  void process_looking(sim::Instant now, const Notification& heard, Outcome& outcome);
  void process_decided(const Notification& heard, Outcome& outcome);
  bool supported(const Ballots& ballots, const Heard& by) const;
  bool leader_confirms(const Ballots& ballots, const Notification& heard) const;
  void decide(const Vote& vote, Outcome& outcome);
  bool is_voter(ServerId server) const;

  ServerId me_;
  std::vector<ServerId> voters_;
  PeerState state_ = PeerState::Looking;
  Round round_;
  Vote initial_;   // for this server itself
  Vote proposal_;  // the best so far
  Vote decided_;
  Ballots ballots_;               // of this round
  Ballots out_of_election_;       // from servers that are not LOOKING
  std::deque<Notification> own_;  // this server's notifications to itself
  bool finalizing_ = false;       // a quorum agrees; waiting for something better
  sim::Duration silence_;         // after which to repeat the proposal
  sim::Instant deadline_;
};

// Whether the first vote is for a better history: newer epoch, then zxid, then server
// (totalOrderPredicate).
bool is_better(const Vote& vote, const Vote& than);

}  // namespace zk
