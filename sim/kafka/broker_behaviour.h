#pragma once

#include "sim/base/described.h"

namespace sim {

// Deviations of a broker from Kafka 3.9. Each is read at the one line where it lives; all are off by default: mutants,
// each of which proves that a checker can see (brokers.md §9, item 8), and defects of former releases (migration.md §7.1).
struct BrokerBehaviour {
  bool acknowledge_before_high_watermark =
      false;                                // acks=all answered at the leader's append (P1, P11)
  bool truncate_to_high_watermark = false;  // followers cut at their HW, as before KIP-101 (P1, P3)
  bool commit_offset_without_replication = false;  // OffsetCommit answered before the HW (P13)
  bool accept_stale_leader_and_isr =
      false;  // neither controller nor leader epoch is looked at (P9)
  bool expand_isr_before_caught_up = false;  // a follower joins wherever its log ends (P1, P5)
  bool high_watermark_ignores_isr = false;   // the leader alone decides what is committed (P1, P5)

  // ── Transactions (brokers.md §2.4, §2.5) ──
  bool init_producer_id_bumps_nothing =
      false;  // a new producer gets the epoch of the old one (P16)
  bool end_txn_is_answered_before_it_is_committed = false;  // (P21)
  bool prepared_transactions_are_left = false;              // by a coordinator that loads them (L6)
  bool isolation_level_is_ignored = false;                  // to readers of committed data (P22)
  bool aborted_transactions_are_not_listed = false;         // the same (P20)
  bool transactional_offsets_count_at_once = false;  // before their marker, and without it (P20)

  // KAFKA-14402: a leader takes the first batch of a transaction without asking whether it is part of one.
  bool transactional_writes_are_not_verified = false;
  // KAFKA-17507: WriteTxnMarkers is answered before the group's offsets are what it says.
  bool markers_are_answered_before_offsets_count = false;

  // KAFKA-15605: replicas that a full LeaderAndIsr does not name stay.
  bool full_leader_and_isr_leaves_strays = false;
  // KAFKA-15799: topics that a full UpdateMetadata does not name stay in the cache.
  bool full_update_metadata_forgets_nothing = false;
  // KAFKA-16121: of a LeaderAndIsr with the leader epoch that is known nothing is taken, though KRaft sends one when it
  // reassigns.
  bool same_leader_epoch_is_ignored = false;
  // KAFKA-16180: both go by the names of topics, not by their ids.
  bool full_requests_go_by_name = false;

  static constexpr auto fields(auto&& visit) {
    using B = BrokerBehaviour;
    return visit(
        field("acknowledge_before_high_watermark", &B::acknowledge_before_high_watermark),
        field("truncate_to_high_watermark", &B::truncate_to_high_watermark),
        field("commit_offset_without_replication", &B::commit_offset_without_replication),
        field("accept_stale_leader_and_isr", &B::accept_stale_leader_and_isr),
        field("expand_isr_before_caught_up", &B::expand_isr_before_caught_up),
        field("high_watermark_ignores_isr", &B::high_watermark_ignores_isr),
        field("init_producer_id_bumps_nothing", &B::init_producer_id_bumps_nothing),
        field("end_txn_is_answered_before_it_is_committed",
              &B::end_txn_is_answered_before_it_is_committed),
        field("prepared_transactions_are_left", &B::prepared_transactions_are_left),
        field("isolation_level_is_ignored", &B::isolation_level_is_ignored),
        field("aborted_transactions_are_not_listed", &B::aborted_transactions_are_not_listed),
        field("transactional_offsets_count_at_once", &B::transactional_offsets_count_at_once),
        field("transactional_writes_are_not_verified", &B::transactional_writes_are_not_verified),
        field("markers_are_answered_before_offsets_count",
              &B::markers_are_answered_before_offsets_count),
        field("full_leader_and_isr_leaves_strays", &B::full_leader_and_isr_leaves_strays),
        field("full_update_metadata_forgets_nothing", &B::full_update_metadata_forgets_nothing),
        field("same_leader_epoch_is_ignored", &B::same_leader_epoch_is_ignored),
        field("full_requests_go_by_name", &B::full_requests_go_by_name));
  }
  bool operator==(const BrokerBehaviour&) const = default;
};

}  // namespace sim
