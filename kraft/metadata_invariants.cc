// Checks of what controllers and images say; those of the Raft layer are in invariants.cc.

#include <algorithm>

#include "kraft/invariants.h"
#include "sim/kafka/delta.h"

namespace kraft {

namespace {

void check_controller(const Node& node, MetadataMemory& memory, Violations& out) {
  const auto epoch = node.controller().claim_epoch();
  if (!epoch) return;
  const auto [known, fresh] = memory.active.try_emplace(*epoch, node.config().id);
  if (!fresh && known->second != node.config().id) {
    violated(out, "OneControllerPerEpoch",
             fmt::format("{} and {} both claimed epoch {}", known->second.value(),
                         node.config().id.value(), epoch->value()));
  }
  if (node.replica().epoch() < *epoch) {
    violated(out, "ActiveControllerLeads",
             fmt::format("controller {} is active in epoch {}, its replica is in epoch {}",
                         node.config().id.value(), epoch->value(), node.replica().epoch().value()));
  }
}

// What is wrong with a partition that changed from `before` to `after`, if anything is (brokers.md §6.4, P10). A copy
// from ZooKeeper may bring an ISR with members that are gone; so only who is new in an office is looked at.
std::optional<std::string> illegal(const sim::Partition& before, const sim::Partition& after,
                                   const sim::MetadataImage& image) {
  const auto unfit = [&](BrokerId id) {
    const auto* const broker = image.cluster().broker(id);
    return broker == nullptr || broker->fenced || broker->in_controlled_shutdown;
  };
  for (const BrokerId member : after.isr) {
    if (!after.has_replica(member))
      return fmt::format("{} is in the ISR and is no replica", member.value());
    if (!before.in_isr(member) && after.isr.size() > 1 && unfit(member)) {
      return fmt::format("{} joins the ISR and is fenced or shutting down", member.value());
    }
  }
  if (!after.has_leader()) return std::nullopt;
  if (!after.in_isr(after.leader))
    return fmt::format("its leader {} is not in the ISR", after.leader.value());
  if (after.leader != before.leader && unfit(after.leader)) {
    return fmt::format("its new leader {} is fenced or shutting down", after.leader.value());
  }
  return std::nullopt;
}

void check_partition(const sim::Topic& topic, sim::PartitionId id, const sim::Partition& before,
                     const sim::Partition& after, const sim::MetadataImage& image,
                     Violations& out) {
  if (const auto why = before == after ? std::nullopt : illegal(before, after, image)) {
    out.push_back({"broker.P10", fmt::format("partition {}-{} is now {}: {}", topic.name(),
                                             id.value(), sim::describe_value(after), *why)});
  }
  const bool fell =
      after.leader_epoch < before.leader_epoch || after.partition_epoch < before.partition_epoch;
  const bool unversioned = before != after && after.partition_epoch == before.partition_epoch;
  if (!fell && !unversioned) return;
  violated(out, "EpochsMonotone",
           fmt::format("partition {}-{} went from {} to {}", topic.name(), id.value(),
                       sim::describe_value(before), sim::describe_value(after)));
}

void check_progress(const sim::MetadataImage& before, const sim::MetadataImage& after,
                    Violations& out) {
  sim::TopicsPart::for_each_difference(
      before.topics(), after.topics(), [&](const sim::Topic* left, const sim::Topic* right) {
        if (left == nullptr || right == nullptr || left->id() != right->id()) return;
        sim::Topic::for_each_difference(
            left, right,
            [&](sim::PartitionId id, const sim::Partition* was, const sim::Partition* is) {
              if (was != nullptr && is != nullptr)
                check_partition(*right, id, *was, *is, after, out);
            });
      });
  for (const sim::BrokerRegistration& broker : after.cluster().brokers) {
    const auto* was = before.cluster().broker(broker.broker_id);
    if (was != nullptr && broker.broker_epoch < was->broker_epoch) {
      violated(out, "EpochsMonotone",
               fmt::format("the epoch of broker {} fell", broker.broker_id.value()));
    }
  }
  using enum sim::ZkMigrationState;
  const auto from = before.features().zk_migration_state;
  const auto to = after.features().zk_migration_state;
  if ((from == PostMigration && to != PostMigration) || (from == Migration && to == PreMigration)) {
    violated(out, "PostMigrationIsFinal",
             fmt::format("the migration went from {} back to {}", name_of(from), name_of(to)));
  }
}

void check_image(const sim::MetadataImage& image, MetadataMemory& memory, Violations& out) {
  const Offset at = image.provenance().last_contained_offset;
  if (at < Offset(0)) return;
  const std::uint64_t digest = image.digest();
  const auto [known, fresh] = memory.published.try_emplace(at, digest);
  if (!fresh) {
    if (known->second != digest) {
      violated(out, "PublishedImagesAgree",
               fmt::format("two images of offset {} differ: {}", at.value(), image.describe()));
    }
    return;
  }
  if (at > memory.newest.provenance().last_contained_offset) {
    check_progress(memory.newest, image, out);
    memory.newest = image;
  }
}

// Where a controller's memory stands at an offset that somebody has published, both must say the same: memory follows
// the records that it writes, an image those that are committed.
void check_memory(const Node& node, MetadataMemory& memory, Violations& out) {
  const Offset stable = node.controller().last_stable();
  const auto published = memory.published.find(stable);
  if (published == memory.published.end()) return;
  Offset& compared = memory.compared[node.config().id];
  if (compared == stable) return;
  compared = stable;
  const sim::MetadataImage& remembered = node.controller().stable_state().image;
  if (remembered.digest() == published->second) return;
  violated(
      out, "MemoryIsTheImage",
      fmt::format("controller {} remembers at offset {} another image than was published there: {}",
                  node.config().id.value(), stable.value(), remembered.describe()));
}

// Whether the record at `offset` stands in a transaction that ends only later.
bool inside_transaction(const Log& log, Offset offset) {
  bool open = false;
  for (const Payload& payload : log.batches()) {
    const auto& batch = payload.as<Batch>();
    Offset at = batch.base;
    for (const sim::VersionedRecord& record : batch.records()) {
      if (at > offset) return open;
      if (std::holds_alternative<sim::BeginTransactionRecord>(record.record)) open = true;
      if (std::holds_alternative<sim::EndTransactionRecord>(record.record) ||
          std::holds_alternative<sim::AbortTransactionRecord>(record.record)) {
        open = false;
      }
      at = at.next();
    }
  }
  return open;
}

}  // namespace

Violations check_metadata(std::span<const Node* const> nodes,
                          std::span<const sim::MetadataImage* const> images,
                          MetadataMemory& memory) {
  Violations out;
  for (const Node* node : nodes) {
    if (node == nullptr) continue;
    check_controller(*node, memory, out);
    const Offset at = node->image().provenance().last_contained_offset;
    if (at >= Offset(0) && !memory.published.contains(at) &&
        node->replica().log().start() == Offset(0) &&
        inside_transaction(node->replica().log(), at)) {
      violated(out, "NoTransactionInAnImage",
               fmt::format("controller {} published offset {} inside a transaction",
                           node->config().id.value(), at.value()));
    }
    check_image(node->image(), memory, out);
    check_memory(*node, memory, out);
  }
  for (const sim::MetadataImage* image : images) {
    if (image != nullptr) check_image(*image, memory, out);
  }
  return out;
}

Violations check_fold(const Node& node) {
  Violations out;
  Loader fresh;
  // An image may end inside a batch, before a transaction that begins there; logs are read by whole batches.
  const Log& log = node.replica().log();
  Offset end = node.image().provenance().last_contained_offset.next();
  for (const Payload& payload : log.batches()) {
    const auto& batch = payload.as<Batch>();
    if (batch.base < end && end < batch.end()) end = batch.end();
  }
  fresh.read(log, end);
  if (fresh.image().digest() != node.image().digest()) {
    violated(
        out, "ImageIsTheFoldOfTheLog",
        fmt::format("controller {} published {}, its log folds to {}", node.config().id.value(),
                    node.image().describe(), fresh.image().describe()));
  }
  return out;
}

}  // namespace kraft
