#include "scenarios/client_sentences.h"

#include <fmt/format.h>

#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/transaction_notice.h"

namespace scenarios {

std::string describe_place(const sim::TopicPartition& id, sim::Offset offset) {
  return fmt::format("{}-{} at offset {}", id.topic, id.partition.value(), offset.value());
}

std::string client_sentence(const sim::Payload& notice) {
  const auto place = [](const sim::RecordOrigin& origin) {
    return describe_place(origin.topic_partition, origin.offset);
  };
  if (const auto* failed = notice.get_if<sim::ClientRecordFailed>()) {
    return fmt::format("{} ({}, attempt {}): {}", failed->exception, failed->stage, failed->attempt,
                       failed->message);
  }
  if (const auto* logged = notice.get_if<sim::ClientPayloadLogged>()) {
    return fmt::format("logs the record of {}: key \"{}\", value {} \"{}\"", place(logged->origin),
                       logged->key, logged->hex, logged->text);
  }
  if (const auto* skipped = notice.get_if<sim::ClientSkipped>())
    return fmt::format("skips the record of {}", place(skipped->origin));
  if (const auto* made = notice.get_if<sim::ClientDeadLettering>()) {
    std::string headers;
    for (const auto& [name, value] : made->headers)
      headers += fmt::format("{}{}={}", headers.empty() ? "" : ", ", name, value);
    return fmt::format("dead letter to {} about the record of {}: {}", made->topic,
                       place(made->origin), headers.empty() ? "no headers" : headers);
  }
  if (const auto* stands = notice.get_if<sim::ClientDeadLettered>()) {
    return fmt::format("dead letter acknowledged: {}",
                       describe_place(stands->topic_partition, stands->offset));
  }
  if (const auto* lost = notice.get_if<sim::ClientDeadLetterFailed>()) {
    return fmt::format("dead letter to {} about the record of {} fails with {}; the program: {}",
                       lost->topic, place(lost->origin), name_of(lost->error), lost->then);
  }
  if (const auto* spooled = notice.get_if<sim::ClientSpooled>())
    return fmt::format("the record of {} stands in the spool", place(spooled->origin));
  if (const auto* failed = notice.get_if<sim::ClientCommitFailed>()) {
    return fmt::format("commit ({}) fails with {}{}", failed->how, name_of(failed->error),
                       failed->retried ? "; it is tried again" : "");
  }
  if (const auto* passed = notice.get_if<sim::ClientPassedBadRecord>())
    return fmt::format("has committed past the bad record of {}", place(passed->origin));
  if (const auto* begins = notice.get_if<sim::ProducerInitialized>()) {
    return fmt::format("{} is given epoch {} of producer {}", begins->transactional_id,
                       begins->producer.epoch, begins->producer.producer_id.value());
  }
  if (const auto* broken = notice.get_if<sim::TransactionFailed>()) {
    return fmt::format("the transaction of {} fails with {}: {}", broken->transactional_id,
                       name_of(broken->error),
                       broken->fatal ? "the producer can only be closed" : "it has to be aborted");
  }
  if (const auto* stopped = notice.get_if<sim::ClientStopped>()) {
    return fmt::format("stops: {}{}", stopped->why,
                       stopped->restarts ? "; it will be started again" : "");
  }
  return {};
}

}  // namespace scenarios
