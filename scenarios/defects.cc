#include "scenarios/defects.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "migrate/releases.h"
#include "sim/base/check.h"
#include "sim/base/match.h"
#include "sim/base/suggest.h"

namespace scenarios {
namespace {

// Names under which operators know what the machines call otherwise (migration.md §7.1, §7.2).
struct Alias {
  std::string_view known;
  std::variant<bool zk::MirrorDefects::*, bool zk::ReadDefects::*, bool migrate::DriverDefects::*,
               bool migrate::PropagatorDefects::*, bool kraft::Behaviour::*,
               bool sim::BrokerBehaviour::*>
      flag;
};
constexpr Alias kAliases[] = {
    {"KAFKA-14805", &kraft::Behaviour::premigration_writes},
    {"KAFKA-14909", &migrate::DriverDefects::controllers_are_not_asked},
    {"KAFKA-15010", &migrate::DriverDefects::failover_reconciles_nothing},
    {"KAFKA-15149", &migrate::PropagatorDefects::new_partitions_are_not_told},
    {"KAFKA-15552", &zk::ReadDefects::current_producer_id_block_is_next},
    {"KAFKA-15605", &sim::BrokerBehaviour::full_leader_and_isr_leaves_strays},
    {"KAFKA-15799", &sim::BrokerBehaviour::full_update_metadata_forgets_nothing},
    {"KAFKA-16003", &zk::MirrorDefects::topics_get_no_config_znode},
    {"KAFKA-16120", &migrate::PropagatorDefects::moved_replicas_are_not_deleted},
    {"KAFKA-16121", &sim::BrokerBehaviour::same_leader_epoch_is_ignored},
    {"KAFKA-16171", &migrate::DriverDefects::migration_version_is_of_before_the_claim},
    {"KAFKA-16180", &sim::BrokerBehaviour::full_requests_go_by_name},
    {"KAFKA-16222", &zk::ReadDefects::entity_names_stay_encoded},
    {"KAFKA-16463", &kraft::Behaviour::observer_keeps_old_log},
    {"KAFKA-16563", &migrate::DriverDefects::failed_recovery_is_the_last},
    {"KAFKA-16667", &migrate::DriverDefects::migration_is_reread_after_the_claim},
    {"KAFKA-17457", &kraft::Behaviour::copies_without_transaction},
    {"KAFKA-20488", &zk::MirrorDefects::states_bear_raft_epoch},
    {"MB-01", &migrate::DriverDefects::foreign_copy_is_believed},
    {"MB-02", &migrate::DriverDefects::stale_log_claims},
    {"MB-03", &migrate::DriverDefects::claim_without_answer_is_lost},
    {"MB-04", &migrate::DriverDefects::migration_version_is_never_reread},
    {"MB-05", &migrate::DriverDefects::leader_event_is_not_retried},
    {"MB-06", &migrate::DriverDefects::failed_change_is_skipped},
    {"MB-07", &migrate::DriverDefects::half_complete_copy_is_the_end},
    {"MB-08", &zk::MirrorDefects::topics_created_before_deleted},
    {"MB-09", &migrate::DriverDefects::requests_wait_for_zookeeper},
    {"MB-10", &zk::MirrorDefects::missing_states_are_set},
    {"MB-11", &zk::MirrorDefects::unknown_config_throws},
    {"MB-12", &zk::MirrorDefects::quota_removal_throws},
    {"MB-19", &kraft::Behaviour::nobody_is_fenced_before_the_copy},
    {"MB-22", &kraft::Behaviour::heartbeat_table_before_abort},
    {"MB-24", &kraft::Behaviour::copy_outlives_its_claim},
    {"MB-23", &migrate::DriverDefects::claim_write_unfenced},
    {"MB-28", &kraft::Behaviour::leaderless_copies_stay},
    {"MB-26", &migrate::PropagatorDefects::returning_brokers_are_not_told_all},
};

template <class D>
auto& flag_of(D& defects, const Alias& alias) {
  return sim::match(
      alias.flag, [&](bool zk::MirrorDefects::* flag) -> auto& { return defects.mirror.*flag; },
      [&](bool zk::ReadDefects::* flag) -> auto& { return defects.read.*flag; },
      [&](bool migrate::DriverDefects::* flag) -> auto& { return defects.driver.*flag; },
      [&](bool migrate::PropagatorDefects::* flag) -> auto& { return defects.propagator.*flag; },
      [&](bool sim::BrokerBehaviour::* flag) -> auto& { return defects.broker.*flag; },
      [&](bool kraft::Behaviour::* flag) -> auto& { return defects.kraft.*flag; });
}

// A switch without a name could be turned on by nobody, and no checker would be proved by it.
template <class B>
constexpr bool kAllNamed = sizeof(B) == B::fields(sim::CountFields{}) * sizeof(bool);
static_assert(kAllNamed<zk::ServerBehaviour> && kAllNamed<zk::ControllerBehaviour> &&
              kAllNamed<kraft::Behaviour> && kAllNamed<sim::BrokerBehaviour> &&
              kAllNamed<sim::ClientBehaviour>);
template <class D>
constexpr bool kAllAliased =
    sizeof(D) ==
    sizeof(bool) * static_cast<std::size_t>(std::ranges::count_if(kAliases, [](const Alias& alias) {
      return std::holds_alternative<bool D::*>(alias.flag);
    }));
static_assert(kAllAliased<zk::MirrorDefects> && kAllAliased<zk::ReadDefects> &&
              kAllAliased<migrate::DriverDefects> && kAllAliased<migrate::PropagatorDefects>);

// Calls `visit(name, bool&)` for every switch.
template <class D, class Visit>
void for_each_switch(D& defects, Visit visit) {
  const auto table = [&](auto& behaviour, std::string_view prefix) {
    behaviour.fields([&](const auto&... f) {
      (visit(fmt::format("{}{}", prefix, f.name), behaviour.*(f.member)), ...);
    });
  };
  table(defects.zookeeper, "");
  table(defects.zookeeper_controller, "");
  table(defects.kraft, "kraft.");
  table(defects.broker, "broker.");
  table(defects.client, "client.");
  for (const Alias& alias : kAliases) visit(std::string(alias.known), flag_of(defects, alias));
}

}  // namespace

Defects Defects::of(const migrate::Release& release) {
  Defects defects;
  for (const Alias& alias : kAliases) {
    const migrate::KnownBug* const bug = migrate::find_known_bug(alias.known);
    sim::check(bug != nullptr, "which releases have a defect is said in releases.cc");
    flag_of(defects, alias) = bug->is_in(release);
  }
  return defects;
}

sim::Expected<void> Defects::set(std::string_view name, bool on, const sim::Place& place) {
  bool found = false;
  for_each_switch(*this, [&](const std::string& known, bool& value) {
    if (known != name) return;
    value = on;
    found = true;
  });
  if (found) return {};
  const std::vector<std::string> names = defect_names();
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return std::unexpected(sim::Problem{
      sim::Severity::Usage, place,
      fmt::format("there is no defect '{}'.{}", name, sim::did_you_mean(name, candidates)),
      "'zk2kraft run --list defects' names all."});
}

bool Defects::is_on(std::string_view name) const {
  bool on = false;
  for_each_switch(*this, [&](const std::string& known, const bool& value) {
    if (known == name) on = value;
  });
  return on;
}

std::vector<std::string> defect_names() {
  std::vector<std::string> names;
  const Defects defects;
  for_each_switch(defects, [&](const std::string& name, const bool&) { names.push_back(name); });
  std::ranges::sort(names);
  return names;
}

bool is_known_defect(std::string_view name) {
  return name.starts_with("MB-") || name.starts_with("zookeeper-") || name.starts_with("KAFKA-");
}

}  // namespace scenarios
