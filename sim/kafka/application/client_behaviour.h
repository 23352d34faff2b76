#pragma once

#include "sim/base/described.h"

namespace sim {

// Switches that break one rule of a client program each, where a program must keep it (brokers.md
// §3.6, §4): what developers forget, and what proves the checkers. All off: nothing is forgotten.
struct ClientBehaviour {
  // The exception is caught and forgotten: nobody learns which record it was, and the loop goes on.
  bool exception_swallowed = false;
  // The payload of a bad record is written nowhere.
  bool payload_not_logged = false;
  // The record counts as dead-lettered, and no dead letter was sent.
  bool dead_letter_not_sent = false;
  // A dead letter says what, and not where it came from: nobody can tell two copies from two records.
  bool dead_letter_without_origin = false;
  // After its dead letter the consumer does not step over the record, and meets it again for ever.
  bool position_not_advanced = false;
  // The offset is committed without waiting for the dead letter's acknowledgement.
  bool dead_letter_not_awaited = false;
  // A failed dead letter counts as acknowledged.
  bool dead_letter_failure_ignored = false;
  // Commits one more than what is next to read: a record that is never read.
  bool commit_one_too_far = false;
  // Commits before it processes, though its pattern promises otherwise.
  bool commit_before_processing = false;
  // The external store keeps the result, and the offset in another transaction, later.
  bool stored_offset_apart = false;
  // Offsets are committed outside of the transaction that they belong to.
  bool offsets_outside_transaction = false;
  static constexpr auto fields(auto&& visit) {
    using B = ClientBehaviour;
    return visit(field("exception_swallowed", &B::exception_swallowed),
                 field("payload_not_logged", &B::payload_not_logged),
                 field("dead_letter_not_sent", &B::dead_letter_not_sent),
                 field("dead_letter_without_origin", &B::dead_letter_without_origin),
                 field("position_not_advanced", &B::position_not_advanced),
                 field("dead_letter_not_awaited", &B::dead_letter_not_awaited),
                 field("dead_letter_failure_ignored", &B::dead_letter_failure_ignored),
                 field("commit_one_too_far", &B::commit_one_too_far),
                 field("commit_before_processing", &B::commit_before_processing),
                 field("stored_offset_apart", &B::stored_offset_apart),
                 field("offsets_outside_transaction", &B::offsets_outside_transaction));
  }
  bool operator==(const ClientBehaviour&) const = default;
};

}  // namespace sim
