#include "migrate/pseudonym/records.h"

#include <utility>

#include "migrate/pseudonym/settings.h"
#include "sim/base/match.h"

namespace migrate {
namespace {

template <class Endpoint>
void rename_hosts(Pseudonyms& names, std::vector<Endpoint>& endpoints) {
  for (Endpoint& endpoint : endpoints) endpoint.host = names.name(endpoint.host);
}

void rename_config(Pseudonyms& names, sim::ConfigRecord& record) {
  // Of a broker the name is its id.
  const bool named = record.resource_type != sim::ConfigResourceType::Broker &&
                     record.resource_type != sim::ConfigResourceType::BrokerLogger;
  if (named) record.resource_name = names.name(record.resource_name);
  if (record.value) record.value = pseudonymous_value(names, record.name, *record.value);
}

}  // namespace

sim::VersionedRecord pseudonymous_record(Pseudonyms& names, sim::VersionedRecord record) {
  sim::match(
      record.record,
      [&](sim::RegisterBrokerRecord& r) {
        rename_hosts(names, r.end_points);
        if (r.rack) r.rack = names.name(*r.rack);
      },
      [&](sim::RegisterControllerRecord& r) { rename_hosts(names, r.end_points); },
      [&](sim::TopicRecord& r) { r.name = names.name(r.name); },
      [&](sim::ConfigRecord& r) { rename_config(names, r); },
      [&](sim::ClientQuotaRecord& r) {
        for (sim::EntityData& entity : r.entity) {
          if (entity.entity_name) entity.entity_name = names.name(*entity.entity_name);
        }
      },
      [&](sim::UserScramCredentialRecord& r) {
        r.name = names.name(r.name);
        r.salt = names.secret(r.salt);
        r.stored_key = names.secret(r.stored_key);
        r.server_key = names.secret(r.server_key);
      },
      [&](sim::RemoveUserScramCredentialRecord& r) { r.name = names.name(r.name); },
      [&](sim::DelegationTokenRecord& r) {
        r.owner = names.principal(r.owner);
        r.requester = names.principal(r.requester);
        for (std::string& renewer : r.renewers) renewer = names.principal(renewer);
        r.token_id = names.name(r.token_id);
      },
      [&](sim::RemoveDelegationTokenRecord& r) { r.token_id = names.name(r.token_id); },
      [&](sim::AccessControlEntryRecord& r) {
        r.resource_name = names.name(r.resource_name);
        r.principal = names.principal(r.principal);
        r.host = names.name(r.host);
      },
      [](const sim::UnregisterBrokerRecord&) {}, [](const sim::PartitionRecord&) {},
      [](const sim::PartitionChangeRecord&) {}, [](const sim::FenceBrokerRecord&) {},
      [](const sim::UnfenceBrokerRecord&) {}, [](const sim::RemoveTopicRecord&) {},
      [](const sim::FeatureLevelRecord&) {}, [](const sim::ProducerIdsRecord&) {},
      [](const sim::BrokerRegistrationChangeRecord&) {},
      [](const sim::RemoveAccessControlEntryRecord&) {}, [](const sim::NoOpRecord&) {},
      [](const sim::ZkMigrationStateRecord&) {}, [](const sim::BeginTransactionRecord&) {},
      [](const sim::EndTransactionRecord&) {}, [](const sim::AbortTransactionRecord&) {});
  return record;
}

}  // namespace migrate
