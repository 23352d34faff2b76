#include "zk/migration_reader.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "sim/base/check.h"
#include "zk/paths.h"
#include "zk/sanitizer.h"
#include "zk/znodes_json.h"

namespace zk {
namespace {

// ZkMigrationClient.MaxBatchSize: entries of one resource's ACL in one list.
constexpr std::size_t kMostAclsInAList = 100;

constexpr std::string_view kUser = "user";
constexpr std::string_view kClientId = "client-id";
constexpr std::string_view kIp = "ip";

std::vector<sim::Record> config_records(sim::ConfigResourceType type, const std::string& resource,
                                        const ConfigZnode& config) {
  std::vector<sim::Record> records;
  for (const auto& [name, value] : config) {
    records.emplace_back(sim::ConfigRecord{
        .resource_type = type, .resource_name = resource, .name = name, .value = value});
  }
  return records;
}

// Each credential is a list of its own, then the quotas of the entity are one.
void add_quota_lists(const QuotaMetadata& metadata, std::vector<RecordList>& lists) {
  for (const ScramUser& user : metadata.credentials) {
    lists.push_back({sim::UserScramCredentialRecord{.name = user.name,
                                                    .mechanism = user.mechanism,
                                                    .salt = user.credential.salt,
                                                    .stored_key = user.credential.stored_key,
                                                    .server_key = user.credential.server_key,
                                                    .iterations = user.credential.iterations}});
  }
  RecordList quotas;
  for (const auto& [key, value] : metadata.quotas) {
    quotas.emplace_back(
        sim::ClientQuotaRecord{.entity = metadata.entity, .key = key, .value = value});
  }
  if (!quotas.empty()) lists.push_back(std::move(quotas));
}

}  // namespace

MigrationRead::MigrationRead(ReadOptions options)
    : reading_(std::move(options)), read_(TopicsRead(TopicsRead::Configs::Read)) {
  ask();
}

void MigrationRead::ask() {
  requests_ = std::visit([](const auto& read) { return read.ask(); }, read_);
}

void MigrationRead::begin(Family family) {
  family_ = family;
  const auto folder = [&](std::string_view type, FolderRead::Pace pace) {
    read_ = FolderRead(paths::config_type(type), pace);
  };
  switch (family) {
    case Family::Topics:
      read_ = TopicsRead(TopicsRead::Configs::Read);
      break;
    case Family::BrokerConfigs:
      folder(paths::kBrokerEntity, FolderRead::Pace::Together);
      break;
    case Family::Users:
      folder(paths::kUserEntity, FolderRead::Pace::OneByOne);
      break;
    case Family::Clients:
      folder(paths::kClientEntity, FolderRead::Pace::OneByOne);
      break;
    case Family::UserClients:
      read_ = UserClientsRead();
      break;
    case Family::Ips:
      folder(paths::kIpEntity, FolderRead::Pace::OneByOne);
      break;
    case Family::ProducerId:
      read_ = ZnodeRead(std::string(paths::kProducerIdBlock));
      break;
    case Family::Acls:
      read_ = AclsRead();
      break;
    case Family::Tokens:
      read_ = FolderRead(std::string(paths::kTokens), FolderRead::Pace::OneByOne);
      break;
    case Family::None:
      break;
  }
}

std::vector<RecordList> MigrationRead::advance(std::vector<Response> responses,
                                               const std::function<sim::Uuid()>& new_acl_id) {
  sim::check(!requests_.empty() && responses.size() == requests_.size(),
             "each request has an answer");
  sim::Digest digest(history_);
  for (const Response& response : responses) sim::digest_into(digest, response);
  history_ = digest.value();

  std::vector<RecordList> lists;
  if (reading_.refused(requests_, responses)) return lists;
  std::visit([&](auto& read) { read.take(std::move(responses)); }, read_);
  if (family_ == Family::Topics) topics(lists);
  ask();
  while (requests_.empty() && family_ != Family::None && !reading_.failed()) {
    switch (family_) {
      case Family::Topics:
        break;
      case Family::BrokerConfigs:
        broker_configs(lists);
        break;
      case Family::Users:
        quotas(kUser, lists);
        break;
      case Family::Clients:
        quotas(kClientId, lists);
        break;
      case Family::UserClients:
        user_client_quotas(lists);
        break;
      case Family::Ips:
        quotas(kIp, lists);
        break;
      case Family::ProducerId:
        producer_id(lists);
        break;
      case Family::Acls:
        acls(new_acl_id, lists);
        break;
      case Family::Tokens:
        delegation_tokens(lists);
        break;
      case Family::None:
        break;
    }
    if (reading_.failed()) break;
    begin(static_cast<Family>(static_cast<int>(family_) + 1));
    if (family_ != Family::None) ask();
  }
  if (reading_.failed()) requests_.clear();
  return lists;
}

void MigrationRead::topics(std::vector<RecordList>& lists) {
  auto& read = std::get<TopicsRead>(read_);
  for (const TopicsRead::Topic& topic : read.take_complete()) {
    auto metadata = reading_.topic(topic);
    if (reading_.failed()) return;
    if (!metadata) continue;
    RecordList list;
    list.emplace_back(sim::TopicRecord{.name = metadata->name, .topic_id = metadata->id});
    std::ranges::move(
        config_records(sim::ConfigResourceType::Topic, metadata->name, metadata->config),
        std::back_inserter(list));
    std::ranges::move(metadata->partitions, std::back_inserter(list));
    lists.push_back(std::move(list));
  }
  if (!read.ask().empty()) return;
  reading_.errors(read.errors());
  reading_.report().topics_pending_deletion = read.pending_deletions();
}

void MigrationRead::broker_configs(std::vector<RecordList>& lists) {
  const auto& read = std::get<FolderRead>(read_);
  reading_.errors(read.errors());
  for (std::size_t i = 0; i < read.names().size() && !reading_.failed(); ++i) {
    const std::string& name = read.names()[i];
    const auto config = reading_.config(read.answers()[i]);
    const std::string resource = name == kDefaultEntity ? std::string() : name;
    if (!resource.empty()) {
      const auto id = parse_i32(resource);
      if (!id) {
        reading_.unreadable(read.answers()[i].path, {"its name is no broker id", true});
        continue;
      }
      reading_.report().brokers_named.insert(sim::BrokerId(*id));
    }
    if (!config || config->empty()) continue;
    lists.push_back(config_records(sim::ConfigResourceType::Broker, resource, *config));
  }
}

void MigrationRead::quotas(std::string_view entity_type, std::vector<RecordList>& lists) {
  const auto& read = std::get<FolderRead>(read_);
  reading_.errors(read.errors());
  for (std::size_t i = 0; i < read.names().size() && !reading_.failed(); ++i) {
    const auto metadata = reading_.quota(read.answers()[i], {{entity_type, read.names()[i]}}, true);
    if (metadata) add_quota_lists(*metadata, lists);
  }
}

void MigrationRead::user_client_quotas(std::vector<RecordList>& lists) {
  const auto& read = std::get<UserClientsRead>(read_);
  reading_.errors(read.errors());
  for (const UserClientsRead::Entity& entity : read.entities()) {
    if (reading_.failed()) return;
    const auto metadata =
        reading_.quota(entity.answer, {{kUser, entity.user}, {kClientId, entity.client}}, false);
    if (metadata) add_quota_lists(*metadata, lists);
  }
}

void MigrationRead::producer_id(std::vector<RecordList>& lists) {
  const auto block = reading_.producer_id_block(*std::get<ZnodeRead>(read_).answer());
  if (!block) return;
  lists.push_back({sim::ProducerIdsRecord{.broker_id = block->broker,
                                          .broker_epoch = sim::BrokerEpoch(-1),
                                          .next_producer_id = reading_.next_producer_id(*block)}});
}

// ResourceOrdering: by type, then literal before prefixed, then by name from the last to the first.
void MigrationRead::acls(const std::function<sim::Uuid()>& new_acl_id,
                         std::vector<RecordList>& lists) {
  const auto& read = std::get<AclsRead>(read_);
  reading_.errors(read.errors());
  std::vector<const AclsRead::Acls*> ordered;
  for (const AclsRead::Acls& acls : read.acls()) ordered.push_back(&acls);
  std::ranges::sort(ordered, [](const AclsRead::Acls* a, const AclsRead::Acls* b) {
    return std::tie(a->resource.resource_type, a->resource.pattern_type, b->resource.name) <
           std::tie(b->resource.resource_type, b->resource.pattern_type, a->resource.name);
  });
  for (const AclsRead::Acls* each : ordered) {
    if (reading_.failed()) return;
    if (each->resource.resource_type == sim::AclResourceType::Any) {
      // The constructor of ResourcePattern throws.
      reading_.unreadable(each->answer.path, {"ACLs cannot be about resources of type ANY"});
      continue;
    }
    const auto entries = reading_.acls(each->answer);
    if (!entries) continue;
    RecordList list;
    for (const AclEntry& entry : *entries) {
      list.emplace_back(sim::AccessControlEntryRecord{.id = new_acl_id(),
                                                      .resource_type = each->resource.resource_type,
                                                      .resource_name = each->resource.name,
                                                      .pattern_type = each->resource.pattern_type,
                                                      .principal = entry.principal,
                                                      .host = entry.host,
                                                      .operation = entry.operation,
                                                      .permission_type = entry.permission_type});
      if (list.size() == kMostAclsInAList) lists.push_back(std::exchange(list, {}));
    }
    if (!list.empty()) lists.push_back(std::move(list));
  }
}

void MigrationRead::delegation_tokens(std::vector<RecordList>& lists) {
  const auto& read = std::get<FolderRead>(read_);
  reading_.errors(read.errors());
  RecordList list;
  for (const ZnodeAnswer& answer : read.answers()) {
    auto token = reading_.delegation_token(answer);
    if (reading_.failed()) return;
    if (!token) continue;
    list.emplace_back(sim::DelegationTokenRecord{.owner = std::move(token->owner),
                                                 .requester = std::move(token->token_requester),
                                                 .renewers = std::move(token->renewers),
                                                 .issue_timestamp = token->issue_timestamp_ms,
                                                 .max_timestamp = token->max_timestamp_ms,
                                                 .expiration_timestamp = token->expiry_timestamp_ms,
                                                 .token_id = std::move(token->token_id)});
  }
  if (!list.empty()) lists.push_back(std::move(list));
}

void MigrationRead::digest_into(sim::Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(family_));
  digest.add(history_);
  digest.add(static_cast<std::uint64_t>(requests_.size()));
}

}  // namespace zk
