#include "zk/migration_writer.h"

#include <fmt/format.h>

#include <utility>

#include "sim/base/check.h"
#include "sim/base/described.h"
#include "sim/base/match.h"
#include "zk/migration_writer_operations.h"

namespace zk {

MirrorWriter::MirrorWriter(Stage stage, const sim::MetadataImage& image,
                           const MirrorContext& context, const MirrorOptions& options)
    : stage_(stage),
      image_(std::make_shared<const sim::MetadataImage>(image)),
      context_(context),
      options_(std::make_shared<const MirrorOptions>(options)),
      reading_(ReadOptions{.manner = ReadManner::Driver,
                           .defects = options.read_defects,
                           .password_secret = options.password_secret}) {}

// ── The delta path ──────────────────────────────────────────────────────────────────────────────

namespace {

void plan_topics(const sim::MetadataDelta& delta, const OperationMaker& make,
                 std::deque<MirrorOperation>& operations) {
  const sim::MetadataChanges& changes = delta.changes();
  for (const auto& [id, name] : changes.deleted_topics)
    operations.push_back(make.delete_topic(name, id));
  for (const auto& [id, change] : changes.topics) {
    const sim::Topic* const topic = delta.now().topics.find(id);
    sim::check(topic != nullptr, "a changed topic is there after the delta");
    if (change.is_new) {
      operations.push_back(make.create_topic(*topic));
      continue;
    }
    bool new_assignment = false;
    PartitionMap created;
    PartitionMap changed;
    for (const sim::PartitionId partition_id : change.partitions) {
      const auto now = topic->partition(partition_id);
      sim::check(now.has_value(), "partitions are never removed");
      const auto before = delta.partition_before(id, partition_id);
      new_assignment = new_assignment || !before || !before->has_same_assignment(*now);
      (before ? changed : created).emplace(partition_id, *now);
    }
    if (new_assignment) operations.push_back(make.update_topic(*topic));
    if (!created.empty()) operations.push_back(make.create_partitions(topic->name(), created));
    if (!changed.empty()) operations.push_back(make.update_partitions(topic->name(), changed));
  }
}

void plan_configs(const sim::MetadataDelta& delta, const OperationMaker& make,
                  std::deque<MirrorOperation>& operations) {
  std::set<sim::ConfigResource> resources;
  for (const auto& [resource, keys] : delta.changes().configs) resources.insert(resource);
  for (const sim::ConfigResource& resource : resources) {
    auto operation =
        make.configs("UpdateConfig", "DeleteConfig", resource, delta.now().configs.find(resource));
    if (operation) operations.push_back(*std::move(operation));
  }
}

void plan_quotas(const sim::MetadataDelta& delta, const OperationMaker& make,
                 const MirrorDefects& defects, std::deque<MirrorOperation>& operations) {
  std::set<std::optional<std::string>> users;
  for (const auto& [mechanism, user] : delta.changes().scram) users.insert(user);
  for (const auto& [entity, keys] : delta.changes().client_quotas) {
    if (is_user_alone(entity)) {
      users.insert(entity.at(std::string(kQuotaUser)));
      continue;
    }
    const sim::ClientQuota* const quotas = delta.now().client_quotas.find(entity);
    MirrorOperation operation = make.client_quotas(entity, quotas, {});
    // MB-12: the image no longer has the entity, and Kafka asks what it found for its quotas.
    if (quotas == nullptr && defects.quota_removal_throws) {
      operation.throws = MirrorFailure{MirrorFailure::Kind::Unexpected,
                                       fmt::format("NullPointerException: {}", operation.what)};
    }
    operations.push_back(std::move(operation));
  }
  for (const auto& user : users) {
    const sim::QuotaEntity entity{{std::string(kQuotaUser), user}};
    operations.push_back(make.client_quotas(entity, delta.now().client_quotas.find(entity),
                                            scram_texts(delta.now().scram, user)));
  }
}

void plan_acls(const sim::MetadataDelta& delta, const OperationMaker& make,
               std::deque<MirrorOperation>& operations) {
  std::map<ResourcePattern, std::vector<AclEntry>> touched;
  for (const sim::Uuid& id : delta.changes().acls) {
    const sim::Acl* acl = delta.now().acls.find(id);
    if (acl == nullptr) acl = delta.base().acls().find(id);
    // An ACL that came and went within the delta: Kafka logs an error and does not know its
    // resource.
    if (acl != nullptr) touched.emplace(resource_of(*acl), std::vector<AclEntry>{});
  }
  if (touched.empty()) return;
  const auto by_resource = acls_by_resource(delta.now().acls);
  for (const auto& [resource, unused] : touched) {
    const auto found = by_resource.find(resource);
    operations.push_back(
        make.acls(resource, found == by_resource.end() ? std::vector<AclEntry>{} : found->second));
  }
}

void plan_tokens(const sim::MetadataDelta& delta, const OperationMaker& make,
                 std::deque<MirrorOperation>& operations) {
  for (const std::string& id : delta.changes().tokens) {
    const sim::DelegationToken* const token = delta.now().tokens.find(id);
    operations.push_back(token == nullptr ? make.delete_token(id) : make.token(*token));
  }
}

}  // namespace

MirrorWriter MirrorWriter::delta(const sim::MetadataDelta& delta, const MirrorContext& context,
                                 const MirrorOptions& options) {
  MirrorWriter writer(Stage::Delta, sim::MetadataImage(), context, options);
  const OperationMaker make(*writer.options_, writer.context_);
  auto& operations = writer.operations_;
  plan_topics(delta, make, operations);
  plan_configs(delta, make, operations);
  plan_quotas(delta, make, options.defects, operations);
  if (delta.changes().producer_ids) {
    operations.push_back(make.producer_id(delta.now().producer_ids.next_producer_id));
  }
  plan_acls(delta, make, operations);
  plan_tokens(delta, make, operations);
  writer.proceed();
  return writer;
}

MirrorWriter MirrorWriter::snapshot(const sim::MetadataImage& image, const MirrorContext& context,
                                    const MirrorOptions& options) {
  MirrorWriter writer(Stage::PendingDeletions, image, context, options);
  writer.begin_stage();
  writer.proceed();
  return writer;
}

// ── The pump ────────────────────────────────────────────────────────────────────────────────────

void MirrorWriter::fail(MirrorFailure failure) {
  failure_ = std::move(failure);
  operations_.clear();
  running_.reset();
  requests_.clear();
}

void MirrorWriter::advance(std::vector<Response> responses) {
  sim::check(!requests_.empty() && responses.size() == requests_.size(),
             "each request has an answer");
  if (running_) {
    running_->advance(responses);
    requests_ = running_->requests();
  } else {
    if (reading_.refused(requests_, responses)) return fail_as_reading_did();
    sim::match(
        read_, [](std::monostate) { sim::unreachable("something was asked"); },
        [&](auto& read) {
          read.take(std::move(responses));
          requests_ = read.ask();
        });
    if (auto* const topics = std::get_if<TopicsRead>(&read_)) {
      for (const TopicsRead::Topic& topic : topics->take_complete()) {
        auto metadata = reading_.topic(topic);
        if (metadata) topics_.push_back(*std::move(metadata));
      }
    }
    if (reading_.failed()) return fail_as_reading_did();
    if (requests_.empty()) read_complete();
  }
  proceed();
}

void MirrorWriter::fail_as_reading_did() {
  const UnreadableZnode& znode = *reading_.failure();
  // Of all that reads here, only iterateTopics makes a MigrationClientException of a
  // KeeperException.
  if (znode.error && stage_ == Stage::Topics)
    return fail(zookeeper_failure(*znode.error, znode.path));
  fail({MirrorFailure::Kind::Unexpected, fmt::format("{}: {}", znode.path, znode.why)});
}

void MirrorWriter::proceed() {
  while (requests_.empty() && !failure_) {
    if (running_) {
      if (running_->failure()) return fail(*running_->failure());
      context_ = running_->context();
      ++counts_[running_->operation().type];
      done_.push_back(running_->operation().what);
      running_.reset();
    }
    if (!operations_.empty()) {
      running_.emplace(std::move(operations_.front()), context_);
      operations_.pop_front();
      requests_ = running_->requests();
    } else if (stage_ == Stage::Delta || stage_ == Stage::Finished) {
      stage_ = Stage::Finished;
      return;
    } else {
      stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
      begin_stage();
    }
  }
}

void MirrorWriter::digest_into(sim::Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(stage_));
  sim::digest_into(digest, requests_);
  digest.add(static_cast<std::uint64_t>(operations_.size()));
  digest.add(static_cast<std::uint64_t>(context_.migration_zk_version.value()));
  digest.add(image_->digest());
  if (running_) running_->digest_into(digest);
}

}  // namespace zk
