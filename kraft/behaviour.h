#pragma once

#include "sim/base/described.h"

namespace kraft {

// Deviations of a quorum, a controller or a broker's link from Kafka 3.9 as it should be. Each is
// read at the one line where it lives. Those that are off by default are mutants: they prove that a
// checker can see. Those that are on are defects of 3.9.1 itself; turning one off asks "would the
// same tape be clean without it?".
struct Behaviour {
  // Mutants of the Raft layer.
  bool vote_not_persisted = false;        // a vote is granted, its durable record is skipped
  bool commit_by_own_append = false;      // the high watermark follows the leader's own end offset
  bool restarted_leader_resumes = false;  // instead of Resigned (kraft.md §1.3, startup rule 3)
  bool divergence_ignored = false;        // a follower appends without cutting its diverging tail
  bool old_epoch_commits =
      false;  // records of former epochs commit by counting (§1.10, strict rule)
  bool fetch_before_flush = false;  // a follower certifies records that it has not flushed (§1.12)

  // Mutants of the controller.
  bool alter_partition_epoch_unchecked = false;  // neither leader nor partition epoch (§3.7)
  bool isr_without_version = false;              // PartitionChange leaves the partition epoch alone
  bool broker_epoch_unchecked = false;           // requests of a former life are obeyed
  bool premigration_writes = false;              // no write ban before the copy (migration.md §3.2)
  bool aborted_transaction_kept = false;         // memory keeps what an abort takes back
  bool fenced_replica_elected = false;           // leader election does not ask who is alive
  bool loader_publishes_open_transactions = false;  // images show half a transaction (§4.2)
  bool migration_reopens = false;  // POST_MIGRATION is forgotten at activation (§3.3)

  // Defects of 3.9.1.
  // MB-19: while the log says PRE_MIGRATION no broker is fenced for its silence, so that a copy that takes longer than a
  // broker's session may publish one that is dead as a leader.
  bool nobody_is_fenced_before_the_copy = true;
  // MB-22: at activation the heartbeat table is filled from registrations as they stand before an
  // open transaction is aborted, so an unfencing that the abort takes back is never repeated.
  bool heartbeat_table_before_abort = true;
  // MB-24: what the copy appends is taken by any active controller, also by one that has lost its
  // claim and won it again since the copy's transaction began, and so has aborted that.
  bool copy_outlives_its_claim = true;
  // MB-28: a partition that ZooKeeper has without a leader is copied so, and stays so until leaders are balanced, though a
  // broker of its ISR was unfenced before the copy: a leader is looked for when a broker is unfenced, and not when
  // partitions come.
  bool leaderless_copies_stay = true;
  // kraft.md §1.12: the leader counts its own append before its fsync; with one voter that commits.
  bool single_voter_commits_before_flush = true;

  // Defects of former versions.
  // KAFKA-16463: a broker that migrates again begins with the metadata log of the former attempt.
  bool observer_keeps_old_log = false;
  // KAFKA-17457: a migration is begun also with a metadata.version without transactions, so that a crash leaves half a
  // copy in the log.
  bool copies_without_transaction = false;

  static constexpr auto fields(auto&& visit) {
    using B = Behaviour;
    return visit(
        sim::field("vote_not_persisted", &B::vote_not_persisted),
        sim::field("commit_by_own_append", &B::commit_by_own_append),
        sim::field("restarted_leader_resumes", &B::restarted_leader_resumes),
        sim::field("divergence_ignored", &B::divergence_ignored),
        sim::field("old_epoch_commits", &B::old_epoch_commits),
        sim::field("fetch_before_flush", &B::fetch_before_flush),
        sim::field("alter_partition_epoch_unchecked", &B::alter_partition_epoch_unchecked),
        sim::field("isr_without_version", &B::isr_without_version),
        sim::field("broker_epoch_unchecked", &B::broker_epoch_unchecked),
        sim::field("premigration_writes", &B::premigration_writes),
        sim::field("aborted_transaction_kept", &B::aborted_transaction_kept),
        sim::field("fenced_replica_elected", &B::fenced_replica_elected),
        sim::field("loader_publishes_open_transactions", &B::loader_publishes_open_transactions),
        sim::field("migration_reopens", &B::migration_reopens),
        sim::field("nobody_is_fenced_before_the_copy", &B::nobody_is_fenced_before_the_copy),
        sim::field("heartbeat_table_before_abort", &B::heartbeat_table_before_abort),
        sim::field("leaderless_copies_stay", &B::leaderless_copies_stay),
        sim::field("copy_outlives_its_claim", &B::copy_outlives_its_claim),
        sim::field("observer_keeps_old_log", &B::observer_keeps_old_log),
        sim::field("copies_without_transaction", &B::copies_without_transaction),
        sim::field("single_voter_commits_before_flush", &B::single_voter_commits_before_flush));
  }
  bool operator==(const Behaviour&) const = default;
};

}  // namespace kraft
