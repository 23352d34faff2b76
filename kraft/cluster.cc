// Brokers and controllers: registration, heartbeats, fencing (ClusterControlManager, and the heartbeat part
// of ReplicationControlManager; kraft.md §3.4, §3.5).

#include <algorithm>

#include "kraft/area.h"
#include "kraft/notice.h"

namespace kraft {

using sim::MetadataGate;

bool Desk::is_active(BrokerId id) const {
  const auto* registration = broker(id);
  return registration != nullptr && !registration->fenced && !registration->in_controlled_shutdown;
}

bool Desk::zk_registrations_allowed() const {
  return settings.zk_migration_enabled && supports(MetadataGate::ZkMigration);
}

ErrorCode Desk::check_broker_epoch(BrokerId id, sim::BrokerEpoch epoch) const {
  if (settings.behaviour.broker_epoch_unchecked && broker(id) != nullptr) return ErrorCode::None;
  const auto* registration = broker(id);
  const bool current = registration != nullptr && registration->broker_epoch == epoch;
  return current ? ErrorCode::None : ErrorCode::StaleBrokerEpoch;
}

sim::Uuid Desk::default_directory(BrokerId id) const {
  const auto* registration = broker(id);
  if (registration == nullptr || registration->log_dirs.empty()) return sim::kMigratingDirectory;
  if (registration->log_dirs.size() == 1) return registration->log_dirs.front();
  return sim::kUnassignedDirectory;
}

bool Desk::directory_online(const sim::Partition& partition, BrokerId replica) const {
  const auto directory = partition.directory_of(replica);
  const auto* registration = broker(replica);
  if (!directory || *directory == sim::kUnassignedDirectory ||
      *directory == sim::kMigratingDirectory) {
    return true;
  }
  if (*directory == sim::kLostDirectory) return false;
  if (registration == nullptr || registration->log_dirs.empty()) return true;
  return std::ranges::find(registration->log_dirs, *directory) != registration->log_dirs.end();
}

namespace {

sim::Record registration_change(const sim::BrokerRegistration& broker, sim::FencingChange fenced,
                                sim::ControlledShutdownChange shutdown,
                                std::vector<sim::Uuid> log_dirs = {}) {
  sim::BrokerRegistrationChangeRecord record;
  record.broker_id = broker.broker_id;
  record.broker_epoch = broker.broker_epoch;
  record.fenced = fenced;
  record.in_controlled_shutdown = shutdown;
  record.log_dirs = std::move(log_dirs);
  return record;
}

bool reserved(sim::Uuid directory) {
  return directory.most() == 0 && directory.least() >= 0 && directory.least() < 100;
}

ErrorCode check_directories(const Desk& desk, const sim::BrokerRegistrationRequest& request) {
  if (request.log_dirs.empty() || std::ranges::any_of(request.log_dirs, reserved)) {
    return ErrorCode::InvalidRegistration;
  }
  auto sorted = request.log_dirs;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) return ErrorCode::InvalidRegistration;
  for (const sim::BrokerRegistration& other : desk.image().cluster().brokers) {
    if (other.broker_id == request.broker_id) continue;
    for (const sim::Uuid directory : request.log_dirs) {
      if (std::ranges::find(other.log_dirs, directory) != other.log_dirs.end()) {
        return ErrorCode::InvalidRegistration;
      }
    }
  }
  return ErrorCode::None;
}

// The level of a finalised feature; 0 if it is not finalised.
std::int16_t finalized_level(const Desk& desk, std::string_view feature) {
  if (feature == sim::kMetadataVersionFeature) return sim::level_of(desk.version());
  const auto* level = desk.image().features().finalized.find(feature);
  return level == nullptr ? std::int16_t{0} : level->level;
}

// Every finalised level must lie in the broker's range; a range that is missing is [1,1] for
// metadata.version, [0,0] for all others.
bool features_fit(const Desk& desk, std::vector<sim::SupportedFeature>& features) {
  const auto named = [&](std::string_view name) {
    return std::ranges::any_of(features, [&](const auto& feature) { return feature.name == name; });
  };
  if (!named(sim::kMetadataVersionFeature)) {
    features.push_back({std::string(sim::kMetadataVersionFeature), 1, 1});
  }
  for (const sim::FeatureLevel& level : desk.image().features().finalized) {
    if (level.level != 0 && !named(level.name)) return false;
  }
  return std::ranges::all_of(features, [&](const sim::SupportedFeature& feature) {
    const std::int16_t level = finalized_level(desk, feature.name);
    const bool finalized = level != 0;
    return !finalized ||
           (feature.min_supported_version <= level && level <= feature.max_supported_version);
  });
}

// The checks of registerBroker, in its order.
ErrorCode check_registration(const Desk& desk, const sim::BrokerRegistrationRequest& request) {
  if (request.cluster_id != desk.settings.cluster_id) return ErrorCode::InconsistentClusterId;
  const auto* existing = desk.broker(request.broker_id);
  if (existing != nullptr && existing->incarnation_id != request.incarnation_id &&
      desk.heartbeats.has_valid_session(request.broker_id, desk.settings.broker_session_timeout,
                                        desk.now)) {
    return ErrorCode::DuplicateBrokerRegistration;
  }
  if (request.is_migrating_zk_broker && !desk.zk_registrations_allowed()) {
    return ErrorCode::BrokerIdNotRegistered;
  }
  if (!request.is_migrating_zk_broker &&
      desk.state.migration_state() == sim::ZkMigrationState::PreMigration) {
    return ErrorCode::BrokerIdNotRegistered;
  }
  const std::string& wanted = desk.settings.inter_broker_listener;
  if (request.is_migrating_zk_broker && !wanted.empty() &&
      std::ranges::none_of(request.listeners, [&](const auto& l) { return l.name == wanted; })) {
    return ErrorCode::InvalidRegistration;
  }
  if (desk.supports(MetadataGate::DirectoryAssignment)) return check_directories(desk, request);
  return ErrorCode::None;
}

}  // namespace

Decision<sim::BrokerRegistrationResponse> decide(Desk& desk,
                                                 const sim::BrokerRegistrationRequest& request) {
  if (const ErrorCode error = check_registration(desk, request); error != ErrorCode::None) {
    return {.response = {.error_code = error}};
  }
  auto features = request.features;
  if (!features_fit(desk, features))
    return {.response = {.error_code = ErrorCode::UnsupportedVersion}};

  const auto* existing = desk.broker(request.broker_id);
  const bool amends = existing != nullptr && existing->incarnation_id == request.incarnation_id;
  sim::RegisterBrokerRecord record;
  record.broker_id = request.broker_id;
  record.is_migrating_zk_broker = request.is_migrating_zk_broker;
  record.incarnation_id = request.incarnation_id;
  // A new life is named by where its first record stands; amending keeps epoch, fence and shutdown.
  record.broker_epoch =
      amends ? existing->broker_epoch : sim::BrokerEpoch(desk.next_offset.value());
  for (const auto& listener : request.listeners) {
    record.end_points.push_back(
        {listener.name, listener.host, listener.port, listener.security_protocol});
  }
  for (const auto& feature : features) {
    record.features.push_back(
        {feature.name, feature.min_supported_version, feature.max_supported_version});
  }
  record.rack = request.rack;
  record.fenced = amends ? existing->fenced : true;
  record.in_controlled_shutdown = amends && existing->in_controlled_shutdown;
  if (desk.supports(MetadataGate::DirectoryAssignment)) {
    record.log_dirs = request.log_dirs;
    std::ranges::sort(record.log_dirs);
  }
  if (!amends) desk.heartbeats.remove(request.broker_id);
  desk.heartbeats.register_broker(request.broker_id, record.fenced, desk.now);
  const sim::BrokerEpoch epoch = record.broker_epoch;
  return {.response = {.broker_epoch = epoch}, .records = {desk.versioned(std::move(record))}};
}

void Desk::fence(BrokerId id, Records& records) const {
  const auto* registration = broker(id);
  sim::check(registration != nullptr, "who is fenced is registered");
  leave_all_isrs(id, records);
  if (supports(MetadataGate::BrokerRegistrationChange)) {
    records.push_back({registration_change(*registration, sim::FencingChange::Fence,
                                           sim::ControlledShutdownChange::None),
                       0});
  } else {
    sim::FenceBrokerRecord record;
    record.id = id;
    record.epoch = registration->broker_epoch;
    records.push_back({record, 0});
  }
}

namespace {

void unfence(const Desk& desk, const sim::BrokerRegistration& broker, Records& records) {
  if (desk.supports(MetadataGate::BrokerRegistrationChange)) {
    records.push_back({registration_change(broker, sim::FencingChange::Unfence,
                                           sim::ControlledShutdownChange::None),
                       0});
  } else {
    sim::UnfenceBrokerRecord record;
    record.id = broker.broker_id;
    record.epoch = broker.broker_epoch;
    records.push_back({record, 0});
  }
  desk.elect_for_leaderless(broker.broker_id, records);
}

void enter_controlled_shutdown(const Desk& desk, const sim::BrokerRegistration& broker,
                               Records& records) {
  if (desk.supports(MetadataGate::InControlledShutdown) && !broker.in_controlled_shutdown) {
    records.push_back({registration_change(broker, sim::FencingChange::None,
                                           sim::ControlledShutdownChange::InControlledShutdown),
                       1});
  }
  desk.leave_all_isrs(broker.broker_id, records);
}

// handleDirectoriesOffline: replicas in the failed directories leave ISR and leadership.
void take_directories_offline(const Desk& desk, const sim::BrokerRegistration& broker,
                              const std::vector<sim::Uuid>& offline, Records& records) {
  std::vector<sim::Uuid> newly;
  std::vector<sim::Uuid> left;
  for (const sim::Uuid directory : broker.log_dirs) {
    const bool failed = std::ranges::find(offline, directory) != offline.end();
    (failed ? newly : left).push_back(directory);
  }
  if (newly.empty()) return;
  for (const sim::Topic& topic : desk.image().topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      const auto directory = partition.directory_of(broker.broker_id);
      if (!directory || std::ranges::find(newly, *directory) == newly.end()) continue;
      if (!partition.in_isr(broker.broker_id) && partition.leader != broker.broker_id) continue;
      PartitionChange change = desk.change_of(topic, id, partition);
      change.target_isr = without(partition.isr, {broker.broker_id});
      change.acceptable_leader = [&, &isr = partition](BrokerId replica) {
        return replica != broker.broker_id && desk.is_active(replica) &&
               desk.directory_online(isr, replica);
      };
      if (auto record = change.build()) records.push_back(std::move(*record));
    }
  }
  records.push_back({registration_change(broker, sim::FencingChange::None,
                                         sim::ControlledShutdownChange::None, left),
                     2});
}

// calculateNextBrokerState: the table of kraft.md §3.5.
Heartbeats::State next_state(const Desk& desk, const sim::BrokerHeartbeatRequest& request,
                             Offset registered_at) {
  using enum Heartbeats::State;
  const BrokerId id = request.broker_id;
  switch (desk.heartbeats.state_of(id)) {
    case Fenced:
      if (request.want_shut_down) return ShutdownNow;
      return !request.want_fence && request.current_metadata_offset >= registered_at ? Unfenced
                                                                                     : Fenced;
    case Unfenced:
      if (request.want_fence) return request.want_shut_down ? ShutdownNow : Fenced;
      if (!request.want_shut_down) return Unfenced;
      return desk.leads_anything(id) ? ControlledShutdown : ShutdownNow;
    case ControlledShutdown:
      if (desk.leads_anything(id)) return ControlledShutdown;
      return desk.heartbeats.find(id)->controlled_shutdown_offset <=
                     desk.heartbeats.lowest_active_offset()
                 ? ShutdownNow
                 : ControlledShutdown;
    case ShutdownNow:
      return ShutdownNow;
  }
  return ShutdownNow;
}

}  // namespace

Decision<sim::BrokerHeartbeatResponse> decide(Desk& desk,
                                              const sim::BrokerHeartbeatRequest& request) {
  const BrokerId id = request.broker_id;
  if (const ErrorCode error = desk.check_broker_epoch(id, request.broker_epoch);
      error != ErrorCode::None) {
    return {.response = {.error_code = error}};
  }
  const auto& registration = *desk.broker(id);
  const auto known = desk.state.registered_at.find(id);
  sim::check(known != desk.state.registered_at.end(), "every registration was replayed somewhere");
  const Offset registered_at = known->second;

  using enum Heartbeats::State;
  const Heartbeats::State before = desk.heartbeats.state_of(id);
  const Heartbeats::State next = next_state(desk, request, registered_at);
  Records records;
  if (next != before) {
    switch (next) {
      case Fenced:
      case ShutdownNow:
        desk.fence(id, records);
        break;
      case Unfenced:
        unfence(desk, registration, records);
        break;
      case ControlledShutdown:
        enter_controlled_shutdown(desk, registration, records);
        break;
    }
  }
  const bool fenced = next == Fenced || next == ShutdownNow;
  desk.heartbeats.touch(id, fenced, request.current_metadata_offset, desk.now);
  if (desk.supports(MetadataGate::DirectoryAssignment)) {
    take_directories_offline(desk, registration, request.offline_log_dirs, records);
  }
  return {.response = {.is_caught_up = request.current_metadata_offset >= registered_at,
                       .is_fenced = fenced,
                       .should_shut_down = next == ShutdownNow},
          .records = std::move(records),
          .atomicity = Atomicity::MaySplit};
}

Decision<sim::UnregisterBrokerResponse> decide(Desk& desk,
                                               const sim::UnregisterBrokerRequest& request) {
  const auto* registration = desk.broker(request.broker_id);
  if (registration == nullptr) {
    return {.response = {.error_code = ErrorCode::BrokerIdNotRegistered,
                         .error_message = "Broker ID is not currently registered."}};
  }
  Records records;
  desk.leave_all_isrs(request.broker_id, records);
  sim::UnregisterBrokerRecord record;
  record.broker_id = request.broker_id;
  record.broker_epoch = registration->broker_epoch;
  records.push_back({record, 0});
  return {.response = {}, .records = std::move(records), .atomicity = Atomicity::MaySplit};
}

Decision<sim::ControllerRegistrationResponse> decide(
    Desk& desk, const sim::ControllerRegistrationRequest& request) {
  if (!desk.supports(MetadataGate::ControllerRegistration)) {
    return {.response = {.error_code = ErrorCode::UnsupportedVersion,
                         .error_message = "The current MetadataVersion is too old to support "
                                          "controller registrations."}};
  }
  sim::RegisterControllerRecord record;
  record.controller_id = request.controller_id;
  record.incarnation_id = request.incarnation_id;
  record.zk_migration_ready = request.zk_migration_ready;
  for (const auto& listener : request.listeners) {
    record.end_points.push_back(
        {listener.name, listener.host, listener.port, listener.security_protocol});
  }
  for (const auto& feature : request.features) {
    record.features.push_back(
        {feature.name, feature.min_supported_version, feature.max_supported_version});
  }
  return {.response = {}, .records = {desk.versioned(std::move(record))}};
}

}  // namespace kraft
