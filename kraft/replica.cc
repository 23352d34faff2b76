#include "kraft/replica.h"

#include <algorithm>

#include "kraft/notice.h"
#include "kraft/replica_rpc.h"
#include "sim/base/check.h"
#include "sim/base/match.h"

namespace kraft {

Replica::Replica(Config config, const sim::Durable& durable)
    : config_(std::move(config)),
      log_(durable.at(kLogFile), durable.at(kCheckpointFile)),
      disk_first_(durable.at(kLogFile).first),
      correlation_(first_correlation(config_.life)) {
  sim::check(std::ranges::is_sorted(config_.quorum.voters), "voters are named in ascending order");
  const auto& quorum_state = durable.at(kQuorumStateFile);
  if (!quorum_state.entries.empty()) persisted_ = quorum_state.entries.back().as<QuorumState>();
  durable_epoch_ = persisted_.epoch;
  epoch_ = std::max(persisted_.epoch, log_.last_epoch());
  if (const auto id = log_.checkpoint_id()) high_watermark_ = id->offset;
}

// QuorumState.initialize: the rules of kraft.md §1.3 in their order, with the file's content in hand.
void Replica::start(Instant now, Choices& choices, Effects& effects) {
  if (started_) return;
  started_ = true;
  // Simplified: Kafka does not flush what it finds in the page cache after a crash of the process
  // (KafkaMetadataLog.apply), and a follower's first Fetch certifies it all the same; a loss of power
  // within half a minute could then undo a commit.
  if (config_.flush_as_follower) sync(kLogFile, effects);
  // A log that recovery found behind its checkpoint is dropped from the disk, too.
  if (log_.first_index() > disk_first_) drop_behind_checkpoint(effects);
  const BrokerId self = config_.id;
  const Instant election_at = is_voter() ? now + election_timeout(choices) : Instant::never();
  if (persisted_.epoch < log_.last_epoch()) {
    persisted_.leader = kNoLeader;
    persisted_.voted = BrokerId(-1);
    role_ = Unattached{.election_at = election_at};
  } else if (persisted_.leader == self && is_voter()) {
    // Never resume as leader: unflushed records may be gone, and (offset, epoch) must stay unique.
    if (config_.behaviour.restarted_leader_resumes) {
      role_ = Leader{.epoch_start = log_.end(), .granting = config_.quorum.voters};
      auto& leader = std::get<Leader>(role_);
      for (const BrokerId voter : config_.quorum.voters) {
        if (voter == self) continue;
        leader.progress[voter] = {};
        leader.begin_at[voter] = now;
      }
    } else {
      role_ = Resigned{.election_at = election_at};
    }
  } else if (persisted_.voted == self && is_voter()) {
    role_ = Candidate{.retries = 1, .votes = {{self, true}}, .election_at = election_at};
  } else if (persisted_.voted != BrokerId(-1)) {
    role_ = Unattached{.voted = persisted_.voted, .election_at = election_at};
  } else if (persisted_.leader != kNoLeader) {
    role_ = Follower{.leader = persisted_.leader, .fetch_at = now + config_.raft.fetch_timeout};
  } else {
    role_ = Unattached{.election_at = election_at};
  }
  // The only voter elects itself without asking anybody.
  const bool alone = is_voter() && config_.quorum.voters.size() == 1;
  if (alone) {
    sim::match(
        role_, [&](Unattached& r) { r.election_at = now; }, [](Candidate&) {}, [](Follower&) {},
        [](Leader&) {}, [&](Resigned& r) { r.election_at = now; });
  }
}

bool Replica::receive(Instant now, NodeId from, const Payload& message, Choices& choices,
                      Effects& effects) {
  start(now, choices, effects);
  const auto taken = [&]<class... Messages>(std::type_identity<Messages>... types) {
    return (... || [&](auto type) {
      using Message = typename decltype(type)::type;
      const Message* content = message.get_if<Message>();
      if (content == nullptr) return false;
      if constexpr (std::same_as<Message, FetchRequest> ||
                    std::same_as<Message, FetchSnapshotRequest>) {
        handle(now, from, *content, effects);
      } else if constexpr (requires { content->from; }) {
        handle(now, *content, choices, effects);
      } else {
        handle(now, from, *content, choices, effects);
      }
      return true;
    }(types));
  };
  using std::type_identity;
  if (const auto* flushed = message.get_if<Flushed>()) {
    syncs_done_ = std::max(syncs_done_, flushed->serial);
    if (syncs_done_ >= persist_sync_) durable_epoch_ = persisted_.epoch;
    if (drop_sync_ && syncs_done_ >= *drop_sync_) {
      drop_sync_.reset();
      disk_first_ = log_.first_index();
      effects.push_back(sim::DropBefore{kLogFile, disk_first_});
    }
    if (is_leader()) maybe_commit(effects);
  } else if (!taken(type_identity<FetchRequest>{}, type_identity<FetchResponse>{},
                    type_identity<VoteRequest>{}, type_identity<VoteResponse>{},
                    type_identity<BeginQuorumEpochRequest>{},
                    type_identity<BeginQuorumEpochResponse>{},
                    type_identity<EndQuorumEpochRequest>{}, type_identity<EndQuorumEpochResponse>{},
                    type_identity<FetchSnapshotRequest>{},
                    type_identity<FetchSnapshotResponse>{})) {
    return false;
  }
  wake(now, choices, effects);
  return true;
}

// One turn of KafkaRaftClient.poll: what the role has to do by now.
void Replica::wake(Instant now, Choices& choices, Effects& effects) {
  start(now, choices, effects);
  polled_at_ = now;
  // A role change makes the new role's first turn due; no chain of changes is longer than the roles.
  for (int turns = 0; turns < 4; ++turns) {
    const RoleKind before = kind();
    const RaftEpoch epoch_before = epoch_;
    switch (before) {
      case RoleKind::Unattached:
        poll_unattached(now, choices, effects);
        break;
      case RoleKind::Candidate:
        poll_candidate(now, choices, effects);
        break;
      case RoleKind::Follower:
        poll_follower(now, choices, effects);
        break;
      case RoleKind::Leader:
        poll_leader(now, choices, effects);
        break;
      case RoleKind::Resigned:
        poll_resigned(now, choices, effects);
        break;
    }
    if (kind() == before && epoch_ == epoch_before) return;
  }
}

Instant Replica::deadline() const {
  if (!started_) return Instant(0);
  if (!is_voter()) return observer_deadline();
  // When a request to this node may be sent again.
  const auto ready = [&](BrokerId to) {
    const auto found = connections_.find(to);
    return found == connections_.end() ? Instant(0) : found->second.until;
  };
  const Instant stand_at =
      shutting_down_ ? Instant::never() : Instant(0);  // never, or as the timer says
  return sim::match(
      role_, [&](const Unattached& r) { return std::max(stand_at, r.election_at); },
      [&](const Candidate& r) {
        if (r.backoff_until != Instant::never()) return std::max(stand_at, r.backoff_until);
        Instant at = r.election_at;
        for (const BrokerId voter : config_.quorum.voters) {
          if (!r.votes.contains(voter)) at = std::min(at, ready(voter));
        }
        return at;
      },
      [&](const Follower& r) { return std::min(std::max(stand_at, r.fetch_at), ready(r.leader)); },
      [&](const Leader& r) {
        Instant at = std::min(r.check_quorum_at, r.linger_until);
        for (const auto& [voter, begin] : r.begin_at)
          at = std::min(at, std::max(begin, ready(voter)));
        for (const ParkedFetch& parked : r.parked) at = std::min(at, parked.until);
        return at;
      },
      [&](const Resigned& r) {
        Instant at = std::max(stand_at, r.election_at);
        for (const BrokerId voter : r.to_tell) at = std::min(at, ready(voter));
        return at;
      });
}

// An observer only fetches. Of its leader, as soon as that one may be asked; when that has led to nothing for the fetch
// timeout, of anyone, one at a time: at the end of all waits, or when the first node may be asked.
Instant Replica::observer_deadline() const {
  const auto* follower = std::get_if<Follower>(&role_);
  if (follower != nullptr && polled_at_ < follower->fetch_at) {
    const auto found = connections_.find(follower->leader);
    return found == connections_.end() ? Instant(0)
                                       : std::min(follower->fetch_at, found->second.until);
  }
  std::optional<Instant> waiting;
  Instant first_ready = Instant::never();
  for (const BrokerId voter : config_.quorum.voters) {
    const auto found = connections_.find(voter);
    const Instant until = found == connections_.end() ? Instant(0) : found->second.until;
    if (found != connections_.end() && found->second.in_flight) {
      waiting = std::max(waiting.value_or(until), until);
    } else {
      first_ready = std::min(first_ready, until);
    }
  }
  return waiting.value_or(first_ready);
}

BrokerId Replica::leader() const {
  return sim::match(
      role_, [](const Unattached&) { return kNoLeader; },
      [](const Candidate&) { return kNoLeader; }, [](const Follower& r) { return r.leader; },
      [&](const Leader&) { return config_.id; }, [&](const Resigned&) { return config_.id; });
}

Offset Replica::next_offset() const {
  const auto& leader = std::get<Leader>(role_);
  return log_.end().plus(static_cast<std::int64_t>(leader.open_batch.size()));
}

// Asks the disk for durability, and the lane for word of it.
void Replica::sync(sim::File file, Effects& effects) {
  effects.push_back(sim::Sync{sim::kMainLane, file});
  effects.push_back(sim::Send{sim::kMainLane, config_.self, sim::kDatagram,
                              Payload::of(Flushed{++syncs_asked_})});
}

void Replica::drop_behind_checkpoint(Effects& effects) {
  sync(kCheckpointFile, effects);
  drop_sync_ = syncs_asked_;
}

void Replica::persist(Effects& effects) {
  QuorumState next{.epoch = epoch_, .voters = config_.quorum.voters};
  sim::match(
      role_, [&](const Unattached& r) { next.voted = r.voted; },
      [&](const Candidate&) { next.voted = config_.id; },
      [&](const Follower& r) { next.leader = r.leader; },
      [&](const Leader&) { next.leader = config_.id; },
      [&](const Resigned&) { next.leader = config_.id; });
  if (config_.behaviour.vote_not_persisted) {
    next.voted = BrokerId(-1);
  }
  if (next == persisted_) return;
  sim::check(next.epoch >= persisted_.epoch, "the durable epoch never decreases");
  persisted_ = next;
  effects.push_back(sim::Replace{kQuorumStateFile, Payload::of(next)});
  sync(kQuorumStateFile, effects);
  persist_sync_ = syncs_asked_;
}

// The one place where a role changes: looks the move up, makes it durable as the table says, forgets what
// is in flight (resetConnections), tells observers.
void Replica::become(Role next, RaftEpoch epoch, Effects& effects) {
  const Move* move = find_move(kind(), epoch_, kind_of(next), epoch);
  sim::check(move != nullptr, "a replica changes its role along the table of moves");
  if (is_leader()) stop_leading(effects);
  role_ = std::move(next);
  epoch_ = epoch;
  connections_.clear();
  if (move->durability == Durability::Durable) persist(effects);
  notify(effects, RoleChanged{.node = config_.id,
                              .epoch = epoch_,
                              .role = std::string(name_of(kind())),
                              .leader = leader(),
                              .move = std::string(move->rule)});
}

void Replica::become_unattached(Instant now, RaftEpoch epoch, Choices& choices, Effects& effects) {
  Unattached next;
  if (is_voter()) {
    // T1: who was waiting to be elected, or to elect, waits no longer than before.
    next.election_at = sim::match(
        role_, [](const Unattached& r) { return r.election_at; },
        [](const Candidate& r) { return r.election_at; },
        [&](const Follower&) { return now + election_timeout(choices); },
        [&](const Leader&) { return now + election_timeout(choices); },
        [&](const Resigned&) { return now + election_timeout(choices); });
  }
  become(next, epoch, effects);
}

void Replica::become_follower(Instant now, RaftEpoch epoch, BrokerId leader, Effects& effects) {
  become(Follower{.leader = leader, .fetch_at = now + config_.raft.fetch_timeout}, epoch, effects);
}

void Replica::halt(std::string reason, Effects& effects) {
  effects.push_back(sim::Exit{sim::kMainLane, std::move(reason)});
}

// maybeTransition: learns of an epoch, and perhaps of its leader.
void Replica::maybe_transition(Instant now, RaftEpoch epoch, BrokerId leader, Choices& choices,
                               Effects& effects) {
  sim::check(epoch >= epoch_, "a replica does not go back to an older epoch");
  const bool known = leader != kNoLeader;
  if (known && leader == config_.id && (epoch > epoch_ || this->leader() != config_.id)) {
    // hasConsistentLeader: fatal in Kafka, for nobody may remember a leadership that its leader forgot.
    return halt("another replica names this one as a leader that it is not", effects);
  }
  if (epoch > epoch_) {
    if (known) {
      become_follower(now, epoch, leader, effects);
    } else {
      become_unattached(now, epoch, choices, effects);
    }
    return;
  }
  if (!known || leader == config_.id) return;
  if (this->leader() == kNoLeader) {
    become_follower(now, epoch, leader, effects);
  } else if (this->leader() != leader) {
    halt("two leaders in one epoch", effects);
  }
}

// What every response means before its own content is looked at (kraft.md §1.7).
Replica::Next Replica::common_response(Instant now, BrokerId from, std::uint32_t correlation,
                                       RequestKind kind, ErrorCode error, RaftEpoch epoch,
                                       BrokerId leader, Choices& choices, Effects& effects) {
  const auto found = connections_.find(from);
  if (found == connections_.end() || found->second.in_flight != kind ||
      found->second.correlation != correlation || now >= found->second.until) {
    return Next::Done;  // nobody waits for it any more
  }
  found->second = Connection{};
  if (epoch < epoch_ || error == ErrorCode::UnknownLeaderEpoch) return Next::Done;
  if (epoch > epoch_ || error == ErrorCode::FencedLeaderEpoch ||
      error == ErrorCode::NotLeaderOrFollower) {
    const RaftEpoch before = epoch_;
    const BrokerId leader_before = this->leader();
    maybe_transition(now, epoch, leader, choices, effects);
    if (epoch_ == before && this->leader() == leader_before) connection_failed(now, from);
    return Next::Done;
  }
  if (leader != kNoLeader && this->leader() == kNoLeader) {
    maybe_transition(now, epoch, leader, choices, effects);
    return error == ErrorCode::None ? Next::Continue : Next::Done;
  }
  if (error == ErrorCode::BrokerNotAvailable) {
    connection_failed(now, from);
    return Next::Done;
  }
  if (error == ErrorCode::InvalidVoterKey) return Next::Done;
  if (error == ErrorCode::InvalidRequest) {
    halt("a Raft request was called invalid", effects);
    return Next::Done;
  }
  return Next::Continue;
}

void Replica::connection_failed(Instant now, BrokerId to) {
  connections_[to] = Connection{.until = now + config_.raft.retry_backoff};
}

// What Fetch and FetchSnapshot ask of their receiver first. A higher epoch changes nothing here in 3.9.
ErrorCode Replica::leader_only_error(RaftEpoch epoch) const {
  if (epoch < epoch_) return ErrorCode::FencedLeaderEpoch;
  if (epoch > epoch_) return ErrorCode::UnknownLeaderEpoch;
  if (!is_leader()) return ErrorCode::NotLeaderOrFollower;
  if (shutting_down_) return ErrorCode::BrokerNotAvailable;
  return ErrorCode::None;
}

void Replica::advance_high_watermark(Offset to, Effects& effects) {
  if (to <= high_watermark_) return;
  sim::check(to <= log_.end(), "nothing beyond the log is committed");
  high_watermark_ = to;
  if (is_leader()) {
    notify(effects, HighWatermark{.node = config_.id, .epoch = epoch_, .high_watermark = to});
  }
}

void Replica::keep_checkpoint(Checkpoint checkpoint, Cleaning cleaning, Effects& effects) {
  sim::check(checkpoint.id.offset <= high_watermark_, "a checkpoint holds committed records only");
  const auto current = log_.checkpoint_id();
  if (checkpoint.id.offset < log_.start() || (current && checkpoint.id <= *current)) return;
  const Payload payload = Payload::of(std::move(checkpoint));
  log_.install(payload);
  effects.push_back(sim::Replace{kCheckpointFile, payload});
  if (cleaning == Cleaning::Clean) {
    log_.clean();
    drop_behind_checkpoint(effects);
  } else {
    effects.push_back(sim::Sync{kSnapshotLane, kCheckpointFile});
  }
}

void Replica::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, epoch_);
  digest.add(role_.index());
  sim::digest_into(digest, leader());
  sim::digest_into(digest, high_watermark_);
  sim::digest_into(digest, persisted_);
  sim::digest_into(digest, polled_at_);
  log_.digest_into(digest);
  sim::digest_into(digest, drop_sync_);
  sim::match(
      role_,
      [&](const Unattached& r) {
        sim::digest_into(digest, r.voted);
        sim::digest_into(digest, r.election_at);
      },
      [&](const Candidate& r) {
        sim::digest_into(digest, r.votes);
        sim::digest_into(digest, r.election_at);
        sim::digest_into(digest, r.backoff_until);
      },
      [&](const Follower& r) { sim::digest_into(digest, r.fetch_at); },
      [&](const Leader& r) {
        for (const auto& [voter, progress] : r.progress) sim::digest_into(digest, progress.end);
        sim::digest_into(digest, r.fetched);
        sim::digest_into(digest, r.check_quorum_at);
        sim::digest_into(digest, r.open_batch);
        digest.add(r.parked.size());
      },
      [&](const Resigned& r) { sim::digest_into(digest, r.election_at); });
  for (const auto& [to, connection] : connections_) {
    sim::digest_into(digest, to);
    digest.add(connection.correlation);
    sim::digest_into(digest, connection.until);
  }
}

}  // namespace kraft
