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
        field("full_leader_and_isr_leaves_strays", &B::full_leader_and_isr_leaves_strays),
        field("full_update_metadata_forgets_nothing", &B::full_update_metadata_forgets_nothing),
        field("same_leader_epoch_is_ignored", &B::same_leader_epoch_is_ignored),
        field("full_requests_go_by_name", &B::full_requests_go_by_name));
  }
  bool operator==(const BrokerBehaviour&) const = default;
};

}  // namespace sim
