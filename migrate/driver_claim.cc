// The road up to the claim: what `/migration` says, whether controllers and brokers are ready, `/controller`.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "migrate/driver.h"
#include "migrate/notice.h"
#include "sim/base/check.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace migrate {
namespace {

// ZkData.PersistentZkPaths: created by every controller that starts, whether they stand already or not.
constexpr std::string_view kTopLevelPaths[] = {
    zk::paths::kConsumers,    zk::paths::kBrokerIds,
    zk::paths::kTopics,       zk::paths::kConfigChanges,
    zk::paths::kDeleteTopics, zk::paths::kBrokerSequenceId,
    zk::paths::kIsrChanges,   zk::paths::kProducerIdBlock,
    zk::paths::kLogDirEvents, "/config/topics",
    "/config/clients",        "/config/users",
    "/config/brokers",        "/config/ips"};

std::string_view text_of(const zk::GotData& found) {
  return found.data ? std::string_view(*found.data) : std::string_view();
}

std::optional<sim::BrokerId> broker_id_of(const std::string& name) {
  std::int32_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return sim::BrokerId(id);
}

}  // namespace

// ── RecoverMigrationStateFromZK, KRaftLeader ────────────────────────────────────────────────────

void Driver::become_leader(Context& context, const LeaderAndEpoch& leader) {
  election_due_ = false;
  repair_due_ = false;
  if (leader.leader != config_.node_id) {
    leadership_ =
        leadership_.with_kraft_controller(leader.leader, leader.epoch).with_unknown_zk_controller();
    transition_to(context, MigrationDriverState::Inactive);
    return;
  }
  task_ = RecoverTask{.leader = leader};
  proceed(context, std::vector<zk::Response>{});
}

void Driver::proceed(Context& context, RecoverTask& task, std::vector<zk::Response> responses) {
  using Step = RecoverTask::Step;
  if (responses.empty()) {
    task.creating = {std::string(kTopLevelPaths[task.path])};
    create_path(context, task);
    return;
  }
  const zk::ErrorCode error = responses.front().error;
  if (task.step == Step::TopLevelPaths) {
    path_created(context, task, error);
    return;
  }
  if (error != zk::ErrorCode::Ok && (task.step != Step::Read || error != zk::ErrorCode::NoNode)) {
    fail_recovery(context, fmt::format("reading /migration: {}", zk::name_of(error)),
                  is_auth_failure(error));
    return;
  }
  switch (task.step) {
    case Step::TopLevelPaths:
      sim::unreachable("paths that are created are seen to above");
    case Step::Read: {
      const auto* const found = zk::result_if<zk::GotData>(responses.front());
      if (found == nullptr) {
        task.step = Step::Create;
        const LeadershipState initial = task.leader ? leadership_ : LeadershipState{};
        ask(context, {zk::Create{.path = std::string(zk::paths::kMigration),
                                 .data = zk::encode(initial.znode())}});
        return;
      }
      const auto parsed = zk::parse_migration(text_of(*found));
      if (!parsed) {
        fail_recovery(context, fmt::format("/migration cannot be read: {}", parsed.error().why),
                      true);
        return;
      }
      LeadershipState read =
          LeadershipState{}
              .with_kraft_controller(parsed->kraft_controller_id, parsed->kraft_controller_epoch)
              .with_kraft_metadata(parsed->kraft_metadata)
              .with_migration_zk_version(found->stat.version);
      recovered(context, read);
      return;
    }
    case Step::Create: {
      const LeadershipState initial = task.leader ? leadership_ : LeadershipState{};
      recovered(context, initial.with_migration_zk_version(zk::DataVersion(0)));
      return;
    }
  }
}

// A driver that has just started recovers anew at every poll; an election is forgotten (MB-05).
void Driver::fail_recovery(Context& context, std::string why, bool unhandled) {
  const bool is_election = std::get<RecoverTask>(task_).leader.has_value();
  fail(context, std::move(why), unhandled);
  election_due_ = is_election && !config_.defects.leader_event_is_not_retried;
}

// KafkaZkClient.createRecursive: one path after another, each with the parents that it turns out to
// lack.
void Driver::create_path(Context& context, RecoverTask& task) {
  ask(context, {zk::Create{.path = task.creating.back()}});
}

void Driver::path_created(Context& context, RecoverTask& task, zk::ErrorCode error) {
  if (error == zk::ErrorCode::NoNode && !task.parents_created) {
    const std::string& path = task.creating.back();
    task.creating.push_back(path.substr(0, path.rfind('/')));
    create_path(context, task);
    return;
  }
  if (error != zk::ErrorCode::Ok && error != zk::ErrorCode::NodeExists) {
    fail_recovery(context, fmt::format("creating {}: {}", task.creating.back(), zk::name_of(error)),
                  is_auth_failure(error));
    return;
  }
  task.creating.pop_back();
  task.parents_created = !task.creating.empty();
  if (task.creating.empty() && ++task.path < std::size(kTopLevelPaths)) {
    task.creating = {std::string(kTopLevelPaths[task.path])};
  }
  if (!task.creating.empty()) {
    create_path(context, task);
    return;
  }
  task.step = RecoverTask::Step::Read;
  ask(context, {zk::GetData{std::string(zk::paths::kMigration)}});
}

void Driver::recovered(Context& context, LeadershipState recovered) {
  const std::optional<LeaderAndEpoch> leader = std::get<RecoverTask>(task_).leader;
  finish();
  if (leader) {
    leadership_ = recovered.with_kraft_controller(config_.node_id, leader->epoch)
                      .with_unknown_zk_controller();
    transition_to(context, MigrationDriverState::WaitForControllerQuorum);
    return;
  }
  leadership_ = recovered;
  context.actions.emplace_back(InstallPublisher{});
  transition_to(context, MigrationDriverState::Inactive);
}

// ── WaitForControllerQuorum ─────────────────────────────────────────────────────────────────────

bool Driver::controllers_are_ready() const {
  const sim::MetadataVersion version = image_.features().metadata_version;
  if (version < sim::MetadataVersion::V3_4_IV0) return false;
  if (config_.defects.controllers_are_not_asked) return true;
  // Before controllers could register there was nothing to ask (migration.md §6.3).
  if (version < sim::MetadataVersion::V3_7_IV0) return true;
  return std::ranges::all_of(config_.static_voters, [&](sim::BrokerId voter) {
    const sim::ControllerRegistration* const registered = image_.cluster().controller(voter);
    return registered != nullptr && registered->zk_migration_ready;
  });
}

// Kafka asks /migration alone (MB-01, MB-07); without those defects the log has a say, which is where a copy ends first.
bool Driver::is_copied() const {
  const sim::ZkMigrationState log = image_.features().zk_migration_state;
  if (leadership_.initial_migration_complete())
    return config_.defects.foreign_copy_is_believed || log != sim::ZkMigrationState::PreMigration;
  return !config_.defects.half_complete_copy_is_the_end && log == sim::ZkMigrationState::Migration;
}

void Driver::wait_for_controller_quorum(Context& context) {
  using enum MigrationDriverState;
  if (!first_publish_) return;
  switch (image_.features().zk_migration_state) {
    case sim::ZkMigrationState::None:
      fail(context, "the quorum was not formatted for a migration: its ZkMigrationState is NONE",
           false);
      transition_to(context, Inactive);
      return;
    case sim::ZkMigrationState::PreMigration:
      // What a former attempt left in /migration counts no more, its offset included.
      if (!config_.defects.foreign_copy_is_believed) {
        leadership_ = leadership_.with_kraft_metadata(LeadershipState{}.kraft_metadata);
      }
      if (controllers_are_ready()) transition_to(context, WaitForBrokers);
      return;
    case sim::ZkMigrationState::Migration:
      if (is_copied()) {
        transition_to(context, BecomeController);
        return;
      }
      // The dead end MB-07: the copy is in the log, but its offset never reached /migration.
      fail(context, "the log says MIGRATION, /migration says that nothing was copied (MB-07)",
           false);
      transition_to(context, Inactive);
      return;
    case sim::ZkMigrationState::PostMigration:
      fail(context, "the migration is finalised, yet the driver is active", false);
      transition_to(context, Inactive);
      return;
    case sim::ZkMigrationState::Zookeeper:
      break;
  }
  fail(context, "IllegalStateException: unsupported ZkMigrationState", true);
}

// ── WaitForZkBrokers ────────────────────────────────────────────────────────────────────────────

// Registered is enough: fenced, stale and dead registrations count (migration.md §6.4).
bool Driver::all_registered_as_zk_brokers(const std::set<sim::BrokerId>& brokers) const {
  return std::ranges::all_of(brokers, [&](sim::BrokerId id) {
    const sim::BrokerRegistration* const registered = image_.cluster().broker(id);
    return registered != nullptr && registered->is_migrating_zk_broker;
  });
}

void Driver::proceed(Context& context, BrokersTask& task, std::vector<zk::Response> responses) {
  using Step = BrokersTask::Step;
  const zk::Response& answer = responses.front();
  switch (task.step) {
    case Step::BrokerIds: {
      if (!answer.ok() && answer.error != zk::ErrorCode::NoNode) {
        fail(context, "reading /brokers/ids", answer.error);
        return;
      }
      std::set<sim::BrokerId> ids;
      if (const auto* const children = zk::result_if<zk::GotChildren>(answer)) {
        for (const std::string& name : children->children) {
          if (const auto id = broker_id_of(name)) ids.insert(*id);
        }
      }
      if (ids.empty() || !all_registered_as_zk_brokers(ids)) {
        finish();
        return;
      }
      task.step = Step::TopicNames;
      ask(context, {zk::GetChildren{std::string(zk::paths::kTopics)}});
      return;
    }
    case Step::TopicNames:
      if (!answer.ok() && answer.error != zk::ErrorCode::NoNode) {
        fail(context, "reading the names of topics", answer.error);
        return;
      }
      if (const auto* const topics = zk::result_if<zk::GotChildren>(answer))
        task.topics = topics->children;
      task.step = Step::Deletions;
      ask(context, {zk::GetChildren{std::string(zk::paths::kDeleteTopics)}});
      return;
    case Step::Deletions: {
      if (!answer.ok() && answer.error != zk::ErrorCode::NoNode) {
        fail(context, "reading the names of topics to be deleted", answer.error);
        return;
      }
      if (const auto* const deletions = zk::result_if<zk::GotChildren>(answer)) {
        std::erase_if(task.topics, [&](const std::string& name) {
          return std::ranges::find(deletions->children, name) != deletions->children.end();
        });
      }
      if (task.topics.empty()) {
        finish();
        transition_to(context, MigrationDriverState::BecomeController);
        return;
      }
      task.step = Step::Topics;
      std::vector<zk::Request> reads;
      for (const std::string& name : task.topics)
        reads.emplace_back(zk::GetData{zk::paths::topic(name)});
      ask(context, std::move(reads));
      return;
    }
    case Step::Topics:
      check_assigned_brokers(context, responses);
      return;
  }
}

void Driver::check_assigned_brokers(Context& context, const std::vector<zk::Response>& topics) {
  std::set<sim::BrokerId> assigned;
  for (const zk::Response& response : topics) {
    if (response.ok() || response.error == zk::ErrorCode::NoNode) continue;
    fail(context, "reading a topic znode", response.error);
    return;
  }
  for (const zk::Response& response : topics) {
    const auto* const found = zk::result_if<zk::GotData>(response);
    const auto topic = found != nullptr
                           ? zk::parse_topic(text_of(*found))
                           : zk::Parsed<zk::TopicZnode>(std::unexpected(zk::Unreadable{"gone"}));
    if (!topic || !topic->topic_id) {
      fail(context, "NoSuchElementException: a topic znode without topic id", true);
      return;
    }
    for (const auto& [id, partition] : topic->partitions) {
      assigned.insert(partition.replicas.begin(), partition.replicas.end());
    }
  }
  finish();
  if (all_registered_as_zk_brokers(assigned))
    transition_to(context, MigrationDriverState::BecomeController);
}

// ── BecomeZkController ──────────────────────────────────────────────────────────────────────────

void Driver::proceed(Context& context, ClaimTask& task, std::vector<zk::Response> responses) {
  using Step = ClaimTask::Step;
  const zk::Response& answer = responses.front();
  switch (task.step) {
    case Step::ReadEpoch: {
      const auto* const found = zk::result_if<zk::GotData>(answer);
      if (answer.error == zk::ErrorCode::NoNode) {
        task.has_epoch = false;
        task.step = Step::ReadController;
        ask(context, {zk::GetData{std::string(zk::paths::kController)}});
        return;
      }
      if (found == nullptr) {
        fail(context, "reading /controller_epoch", answer.error);
        return;
      }
      const auto epoch = zk::parse_controller_epoch(text_of(*found));
      if (!epoch) {
        fail(context, "/controller_epoch cannot be read: " + epoch.error().why, true);
        return;
      }
      task.epoch = *epoch;
      task.epoch_version = found->stat.version;
      task.step = Step::ReadController;
      ask(context, {zk::GetData{std::string(zk::paths::kController)}});
      return;
    }
    case Step::ReadController:
      claim(context, task, answer);
      return;
    case Step::Claim:
      claimed(context, task, answer);
      return;
    case Step::WriteMigration: {
      const auto* const multi = zk::result_if<zk::MultiResult>(answer);
      const auto* const stat = multi != nullptr
                                   ? std::get_if<zk::Stat>(&multi->results.back().value)
                                   : zk::result_if<zk::Stat>(answer);
      if (!answer.ok() || stat == nullptr) {
        fail(context, "writing /migration after the claim", answer.error);
        return;
      }
      leadership_ = leadership_.with_migration_zk_version(stat->version);
      come_to_power(context);
      return;
    }
    case Step::RereadMigration: {
      const auto* const found = zk::result_if<zk::GotData>(answer);
      const auto parsed =
          found == nullptr ? zk::Parsed<zk::MigrationZnode>(std::unexpected(zk::Unreadable{"gone"}))
                           : zk::parse_migration(text_of(*found));
      if (!parsed) {
        fail(context, "reading /migration after the claim", answer.error);
        return;
      }
      leadership_ = leadership_.with_kraft_metadata(parsed->kraft_metadata)
                        .with_migration_zk_version(found->stat.version);
      come_to_power(context);
      return;
    }
  }
}

void Driver::come_to_power(Context& context) {
  finish();
  transition_to(context, is_copied() ? MigrationDriverState::SyncKraftToZk
                                     : MigrationDriverState::ZkMigration);
}

void Driver::claim(Context& context, ClaimTask& task, const zk::Response& controller) {
  const auto* const found = zk::result_if<zk::GotData>(controller);
  if (found == nullptr && controller.error != zk::ErrorCode::NoNode) {
    fail(context, "reading /controller", controller.error);
    return;
  }
  zk::Multi multi;
  multi.ops.emplace_back(zk::SetData{std::string(zk::paths::kControllerEpoch),
                                     zk::encode_controller_epoch(task.epoch.next()),
                                     task.epoch_version});
  if (found != nullptr) {
    const auto present = zk::parse_controller(text_of(*found));
    if (!present) {
      fail(context, "/controller cannot be read: " + present.error().why, true);
      return;
    }
    if (present->kraft_controller_epoch == leadership_.kraft_controller_epoch &&
        present->broker == config_.node_id && !config_.defects.claim_without_answer_is_lost) {
      adopt_claim(context, task, task.epoch, task.epoch_version);
      return;
    }
    if (present->kraft_controller_epoch &&
        *present->kraft_controller_epoch >= leadership_.kraft_controller_epoch) {
      // For ever, until this node leads in a newer epoch: also when the epoch there is its own, written by a
      // claim whose answer was lost (MB-03).
      fail(context,
           fmt::format("ControllerMovedException: /controller is claimed with KRaft epoch {}",
                       present->kraft_controller_epoch->value()),
           true);
      return;
    }
    const bool remembers = image_.features().zk_migration_state == sim::ZkMigrationState::Migration;
    if (remembers && !present->is_kraft() && !config_.defects.stale_log_claims) {
      fail(context,
           fmt::format("broker {} has ruled since the copy that the log remembers",
                       present->broker.value()),
           true);
      return;
    }
    multi.ops.emplace_back(zk::Delete{std::string(zk::paths::kController), found->stat.version});
  }
  if (!task.has_epoch) {
    // A KRaft controller never creates it: ZooKeeper must have had a controller once.
    fail(context, "IllegalStateException: there is no /controller_epoch", true);
    return;
  }
  multi.ops.emplace_back(
      zk::Create{.path = std::string(zk::paths::kController),
                 .data = zk::encode(zk::ControllerZnode{config_.node_id, context.wall_clock_ms,
                                                        leadership_.kraft_controller_epoch})});
  task.step = ClaimTask::Step::Claim;
  ask(context, {std::move(multi)});
}

// Of any version: the previous controller may have moved /migration on after we read it, and a write, other than a
// read, cannot be stale (KAFKA-16667). The offset may step back; SYNC derives everything anew. But in Kafka nothing
// says either that this claim is still the last one (MB-23): a controller that stands still before this write and
// comes back after its successor's copy takes the copy's offset from /migration.
void Driver::write_migration_after_claim(Context& context) {
  zk::SetData write{std::string(zk::paths::kMigration), zk::encode(leadership_.znode()),
                    zk::kAnyVersion};
  if (config_.defects.claim_write_unfenced) {
    ask(context, {std::move(write)});
    return;
  }
  zk::Multi fenced;
  fenced.ops.emplace_back(zk::Check{std::string(zk::paths::kControllerEpoch),
                                    leadership_.zk_controller_epoch_zk_version});
  fenced.ops.emplace_back(std::move(write));
  ask(context, {std::move(fenced)});
}

void Driver::adopt_claim(Context& context, ClaimTask& task, sim::ControllerEpoch epoch,
                         zk::DataVersion version) {
  leadership_ = leadership_.with_zk_controller(epoch, version);
  notify(context, sim::Payload::of(Claimed{config_.node_id, leadership_.kraft_controller_epoch,
                                           leadership_.zk_controller_epoch}));
  // Former releases write nothing here: not before KAFKA-16667, and before KAFKA-16171 they did not even look.
  if (config_.defects.migration_version_is_of_before_the_claim) return come_to_power(context);
  if (config_.defects.migration_is_reread_after_the_claim) {
    if (!is_copied()) return come_to_power(context);
    task.step = ClaimTask::Step::RereadMigration;
    ask(context, {zk::GetData{std::string(zk::paths::kMigration)}});
    return;
  }
  task.step = ClaimTask::Step::WriteMigration;
  write_migration_after_claim(context);
}

void Driver::claimed(Context& context, ClaimTask& task, const zk::Response& answer) {
  switch (answer.error) {
    case zk::ErrorCode::Ok: {
      const auto* const multi = zk::result_if<zk::MultiResult>(answer);
      sim::check(multi != nullptr && !multi->results.empty(), "a multi that went well has results");
      const auto* const stat = std::get_if<zk::Stat>(&multi->results.front().value);
      sim::check(stat != nullptr, "the first operation of a claim sets /controller_epoch");
      adopt_claim(context, task, task.epoch.next(), stat->version);
      return;
    }
    case zk::ErrorCode::BadVersion:
    case zk::ErrorCode::NoNode:
    case zk::ErrorCode::NodeExists:
      // A race lost: forget the claim and let the next poll try again.
      leadership_ = leadership_.with_unknown_zk_controller();
      finish();
      return;
    default:
      fail(context, "claiming /controller", answer.error);
  }
}

}  // namespace migrate
