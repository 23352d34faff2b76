#include "tools/judges/driver/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/notice.h"
#include "sim/base/check.h"
#include "sim/base/match.h"
#include "sim/kafka/image_records.h"
#include "sim/kafka/record_codec.h"
#include "tools/judges/driver/contents.h"
#include "zk/base64.h"
#include "zk/paths.h"

namespace judge {
namespace {

constexpr sim::Instant kNow{1'000'000'000};

// What takes with it all that was sent behind.
bool is_of_connection(int fault) {
  return fault == static_cast<int>(zk::ErrorCode::ConnectionLoss) ||
         fault == static_cast<int>(zk::ErrorCode::SessionExpired);
}

std::string text_of(const sim::VersionedRecord& record) {
  return zk::base64_encode(sim::encode_record(record));
}

Json records_of(const std::vector<sim::VersionedRecord>& records) {
  Json all = Json::array();
  for (const sim::VersionedRecord& record : records) all.push_back(text_of(record));
  return all;
}

Json data_of(const std::optional<std::string>& data) {
  return data ? Json(*data) : Json(nullptr);
}

std::string described(const migrate::Driver& driver) {
  const migrate::LeadershipState& known = driver.leadership();
  return fmt::format("{} kraft {}@{} metadata {}@{} migration v{} zk epoch {} v{}",
                     migrate::name_of(driver.state()), known.kraft_controller_id.value(),
                     known.kraft_controller_epoch.value(), known.kraft_metadata.offset.value(),
                     known.kraft_metadata.epoch.value(), known.migration_zk_version.value(),
                     known.zk_controller_epoch.value(),
                     known.zk_controller_epoch_zk_version.value());
}

}  // namespace

World::World(std::uint64_t seed) : setting_(seed), nodes_{Node(seed * 2 + 1), Node(seed * 2 + 2)} {
  planted_ = any_tree(setting_);
  for (const auto& [path, data] : planted_) {
    rewrites_.push_back(setting_.one_in(3) ? setting_.between(1, 3) : 0);
    const zk::Response created = zoo_.answer(zk::Create{.path = path, .data = data});
    sim::check(created.ok(), "a random tree can be planted");
    for (int again = rewrites_.back(); again > 0; --again) zoo_.answer(zk::SetData{path, data});
  }
  constexpr std::size_t kBatchSizes[] = {1, 1, 2, 5, 20, 200};
  min_batch_size_ = setting_.one_of(kBatchSizes);
  // A quorum that is not configured statically has no voters to ask for.
  if (!setting_.one_in(6)) voters_ = {sim::BrokerId(3000), sim::BrokerId(3001)};
  epoch_ = setting_.between(1, 4);
  append(any_bootstrap(setting_, {sim::BrokerId(3000), sim::BrokerId(3001)}));
}

Json World::beginning(const std::string& name) const {
  Json tree = Json::array();
  for (std::size_t i = 0; i < planted_.size(); ++i) {
    tree.push_back({planted_[i].first, data_of(planted_[i].second), rewrites_[i]});
  }
  Json voters = Json::array();
  for (const sim::BrokerId voter : voters_) voters.push_back(voter.value());
  return {{"name", name}, {"ids", {3000, 3001}},   {"voters", voters}, {"batch", min_batch_size_},
          {"tree", tree}, {"steps", Json::array()}};
}

bool World::leads(int node) const {
  return at(node).leader.leader == sim::BrokerId(3000 + node);
}

migrate::MigrationDriverState World::state(int node) const {
  return at(node).driver ? at(node).driver->state() : migrate::MigrationDriverState::Uninitialized;
}

void World::note(int node, const std::string& what) {
  trace_.push_back(fmt::format("{}|{}", node, what));
}

void World::append(std::vector<sim::VersionedRecord> records) {
  sim::MetadataDelta delta(tip_);
  std::erase_if(records, [&](const auto& each) { return !delta.replay(each.record).has_value(); });
  if (records.empty()) records.push_back(versioned(sim::NoOpRecord{}, tip_));
  const std::int64_t last = log_.empty() ? -1 : log_.back().end.offset.value();
  const sim::OffsetAndEpoch end{sim::RaftEpoch(epoch_),
                                sim::Offset(last + static_cast<std::int64_t>(records.size()))};
  tip_ = delta.apply({end.offset, end.epoch, 0});
  log_.push_back({std::move(records), end});
}

// ── What a driver asks for ──────────────────────────────────────────────────────────────────────

migrate::Driver::Context World::context(int node, migrate::DriverActions& actions) {
  return {kNow, ++wall_clock_ms_, at(node).choices, actions};
}

template <class Call>
void World::drive(int node, Call&& call) {
  migrate::DriverActions actions;
  call(*at(node).driver, context(node, actions));
  act(node, std::move(actions));
}

void World::act(int node, migrate::DriverActions actions) {
  for (migrate::DriverAction& action : actions) {
    if (halted(node)) return;
    sim::match(
        std::move(action), [&](migrate::ZkBatch&& batch) { ask(node, batch); },
        [&](const migrate::BeginMigration& begin) {
          note(node, "begin");
          at(node).copied.clear();
          commit(node, begin.ticket, false);
        },
        [&](migrate::AppendMigrationRecords&& append) {
          std::string text = "records";
          for (const sim::Record& record : append.records) text += "|" + text_of({record, 0});
          note(node, text);
          at(node).copied.insert(at(node).copied.end(), append.records.begin(),
                                 append.records.end());
          commit(node, append.ticket, false);
        },
        [&](const migrate::CompleteMigration& complete) {
          note(node, "complete");
          commit(node, complete.ticket, true);
        },
        [&](const migrate::AbortMigration&) {
          note(node, "abort");
          at(node).driver.reset();  // the process is gone
        },
        [&](const migrate::InstallPublisher&) {
          note(node, "install");
          at(node).installed = true;
        },
        [&](const migrate::SendRequests& send) {
          note(node,
               fmt::format("requests|{}|{}", send.image.provenance().last_contained_offset.value(),
                           send.zk_controller_epoch.value()));
        },
        [&](const sim::Payload& notice) {
          if (const auto* changed = notice.get_if<migrate::StateChanged>()) {
            note(node, fmt::format("state|{}|{}", migrate::name_of(changed->from),
                                   migrate::name_of(changed->to)));
          } else if (const auto* failed = notice.get_if<migrate::EventFailed>()) {
            const bool refused = failed->event == "WaitForControllerQuorumEvent";
            note(node, fmt::format("failed|{}|{}", failed->event,
                                   failed->unhandled ? "fault"
                                   : refused         ? "refused"
                                                     : "retried"));
          }
        });
  }
}

// Steps are done; a fault or an outcome is given back.
const Interruption* World::interrupt(int node, Interruption::At when, int nth) {
  const Interruption* found = nullptr;
  const Step* const step = at(node).step;
  if (step == nullptr) return nullptr;
  const char* const name = when == Interruption::At::Request ? "request" : "commit";
  for (const Interruption& each : step->during) {
    if (each.at != when || each.nth != nth) continue;
    Json said = {{name, nth}};
    if (each.step) {
      Json inner = perform(*each.step);
      if (inner.is_null()) continue;
      said["step"] = std::move(inner);
    } else {
      found = &each;
      if (each.fault) said["fault"] = *each.fault;
      if (each.fault) said["applied"] = each.applied;
      if (!each.outcome.empty()) said["outcome"] = each.outcome;
    }
    at(node).during.push_back(std::move(said));
  }
  return found;
}

// As KafkaZkClient has it: what a lost connection left unanswered is asked once more, for ever.
void World::ask(int node, const migrate::ZkBatch& batch) {
  std::vector<zk::Response> responses(batch.requests.size());
  std::vector<std::size_t> remaining;
  for (std::size_t i = 0; i < responses.size(); ++i) remaining.push_back(i);
  while (!remaining.empty()) {
    std::optional<int> lost;
    std::vector<std::size_t> again;
    for (const std::size_t i : remaining) {
      const int nth = at(node).counts.requests++;
      if (zk::path_of(batch.requests[i]) == zk::paths::kControllerEpoch)
        at(node).counts.claim = nth;
      std::optional<int> fault = lost;
      bool applied = false;
      if (!lost) {
        const Interruption* const due = interrupt(node, Interruption::At::Request, nth);
        if (due != nullptr) {
          fault = due->fault;
          applied = due->applied;
          if (is_of_connection(*fault)) lost = fault;
        }
      }
      zk::Response response;
      if (!fault || applied) response = zoo_.answer(batch.requests[i]);
      if (fault) response = {.error = static_cast<zk::ErrorCode>(*fault)};
      note(node,
           fmt::format("{}|{}", describe(batch.requests[i]), static_cast<int>(response.error)));
      if (response.error == zk::ErrorCode::ConnectionLoss) again.push_back(i);
      responses[i] = std::move(response);
    }
    remaining = std::move(again);
  }
  drive(node, [&](migrate::Driver& driver, migrate::Driver::Context context) {
    driver.on_zk_answer(context, batch.ticket, std::move(responses));
  });
}

void World::commit(int node, migrate::TicketId ticket, bool is_completion) {
  const Interruption* const due =
      interrupt(node, Interruption::At::Commit, at(node).counts.commits++);
  if (due != nullptr && due->outcome == "never" && at(node).counts.commits > 1) {
    drive(node, [&](migrate::Driver& driver, migrate::Driver::Context context) {
      context.now = context.now + sim::Duration(301'000'000'000);
      driver.wake(context);
    });
    return;
  }
  if (due == nullptr && is_completion) take_over_copy(node);
  drive(node, [&](migrate::Driver& driver, migrate::Driver::Context context) {
    if (due != nullptr) {
      driver.on_commit(context, ticket,
                       std::unexpected(std::string("no longer the active controller")));
    } else {
      driver.on_commit(context, ticket, log_.back().end);
    }
  });
}

// What was copied stands in the log, with the new state. A second copy, by a controller that knew
// of no first one, leaves nothing.
void World::take_over_copy(int node) {
  std::vector<sim::VersionedRecord> records;
  if (tip_.features().zk_migration_state != sim::ZkMigrationState::Migration) {
    for (sim::Record& record : at(node).copied) records.push_back({std::move(record), 0});
    records.push_back(
        versioned(sim::ZkMigrationStateRecord{sim::ZkMigrationState::Migration}, tip_));
  }
  append(std::move(records));
  at(node).copy_end = log_.back().end;
}

// ── Steps ───────────────────────────────────────────────────────────────────────────────────────

Json World::perform(const Step& step) {
  Dice dice(step.seed);
  if (step.kind == Kind::Outside) return outside(dice);
  Node& node = at(step.node);
  if ((step.kind == Kind::Boot) == node.driver.has_value()) return nullptr;
  const bool inside = node.step != nullptr;
  if (inside && (step.kind == Kind::Boot || step.kind == Kind::Kill)) return nullptr;
  const bool publishes =
      step.kind == Kind::Publish || step.kind == Kind::Snapshot || step.kind == Kind::Change;
  if (publishes && !node.installed) return nullptr;
  if (!inside) {
    node.step = &step;
    node.counts = {};
    node.during = Json::array();
    node.copy_end.reset();
  }
  Json said;
  switch (step.kind) {
    case Kind::Boot:
      said = boot(step.node);
      break;
    case Kind::Kill:
      node.driver.reset();
      said = {{"do", "kill"}};
      break;
    case Kind::Poll:
      drive(step.node, [](migrate::Driver& driver, auto context) { driver.start(context); });
      said = {{"do", "poll"}};
      break;
    case Kind::Leader:
      said = leader(step.node, dice);
      break;
    case Kind::Publish:
      said = publish(step.node, dice, false);
      break;
    case Kind::Snapshot:
      said = snapshot(step.node);
      break;
    case Kind::Change:
      append(any_change(dice, tip_, static_cast<std::int64_t>(log_.size())));
      said = publish(step.node, dice, true);
      break;
    case Kind::Outside:
      break;
  }
  if (!inside) node.step = nullptr;
  if (said.is_null()) return said;
  said["node"] = step.node;
  if (!inside) {
    said["during"] = std::move(node.during);
    const sim::OffsetAndEpoch end = node.copy_end.value_or(sim::OffsetAndEpoch{});
    said["end"] = {end.offset.value(), end.epoch.value()};
  }
  if (!node.driver) node.installed = false;
  return said;
}

Json World::boot(int node) {
  Node& booting = at(node);
  booting.driver.emplace(migrate::DriverConfig{.node_id = sim::BrokerId(3000 + node),
                                               .min_batch_size = min_batch_size_,
                                               .static_voters = voters_,
                                               .password_secret = std::nullopt,
                                               .mirror_defects = {},
                                               .defects = {}});
  booting.image = {};
  booting.published = 0;
  booting.installed = false;
  booting.leader = {};
  drive(node, [](migrate::Driver& driver, auto context) { driver.start(context); });
  return {{"do", "boot"}};
}

Json World::leader(int node, Dice& dice) {
  const int chance = dice.between(0, 19);
  const sim::BrokerId self(3000 + node);
  const sim::BrokerId other(3001 - node);
  sim::BrokerId leader = sim::kNoBroker;
  if (leads(node)) {
    leader = chance < 9 ? sim::kNoBroker : chance < 15 ? other : self;
  } else {
    leader = chance < 14 ? self : chance < 17 ? other : sim::kNoBroker;
  }
  if (chance != 19) ++epoch_;
  const migrate::LeaderAndEpoch told{leader, sim::RaftEpoch(epoch_)};
  at(node).leader = told;
  drive(node,
        [&](migrate::Driver& driver, auto context) { driver.on_controller_change(context, told); });
  return {{"do", "leader"}, {"leader", leader.value()}, {"epoch", told.epoch.value()}};
}

// As many of the next batches as may stand in one delta. ConfigurationsDelta forgets to remove the
// configs of a topic that come and go with one delta, so that Kafka's image depends on where deltas
// begin (README.md); ours does not, and none is cut like that.
std::size_t World::batches_together(const Node& loader, std::size_t most) const {
  if (loader.published == 0) return most;  // a whole image
  std::map<sim::Uuid, std::string> names;
  for (const sim::Topic& topic : loader.image.topics()) names.emplace(topic.id(), topic.name());
  std::set<std::string> configured;
  for (std::size_t i = 0; i < most; ++i) {
    for (const sim::VersionedRecord& each : log_[loader.published + i].records) {
      if (const auto* const topic = std::get_if<sim::TopicRecord>(&each.record)) {
        names[topic->topic_id] = topic->name;
      } else if (const auto* const config = std::get_if<sim::ConfigRecord>(&each.record)) {
        configured.insert(config->resource_name);
      } else if (const auto* const gone = std::get_if<sim::RemoveTopicRecord>(&each.record)) {
        if (configured.contains(names[gone->topic_id])) return std::max<std::size_t>(1, i);
      }
    }
  }
  return most;
}

Json World::publish(int node, Dice& dice, bool all) {
  Node& loader = at(node);
  const std::size_t left = log_.size() - loader.published;
  if (left == 0 || (loader.published == 0 && dice.one_in(12))) {
    if (loader.published != 0) return nullptr;
    // KAFKA-15389: a loader that has seen nothing yet publishes nothing.
    sim::MetadataDelta nothing(loader.image);
    nothing.finish_snapshot();
    drive(node, [&](migrate::Driver& driver, auto context) {
      driver.on_metadata_update(context, std::make_shared<const sim::MetadataDelta>(nothing),
                                nothing.apply({}), true);
    });
    return {{"do", "publish"},
            {"snapshot", true},
            {"offset", -1},
            {"epoch", -1},
            {"records", Json::array()}};
  }
  const std::size_t count = batches_together(loader, all ? left : 1 + dice.below(left));
  // The first publication to a publisher is the whole image.
  const bool whole = loader.published == 0;
  sim::MetadataDelta delta(loader.image);
  std::vector<sim::VersionedRecord> records;
  const std::size_t first = loader.published;
  for (std::size_t i = first; i < first + count; ++i) {
    for (const sim::VersionedRecord& each : log_[i].records) {
      const auto replayed = delta.replay(each.record);
      sim::check(replayed.has_value(),
                 replayed ? std::string("ok") : sim::describe(replayed.error()));
      records.push_back(each);
    }
  }
  const sim::OffsetAndEpoch end = log_[first + count - 1].end;
  const sim::Provenance provenance{end.offset, end.epoch, 0};
  loader.image = delta.apply(provenance);
  if (whole) {
    records.clear();
    (void)sim::to_records(loader.image,
                          [&](sim::VersionedRecord each) { records.push_back(std::move(each)); });
    delta = sim::MetadataDelta(sim::MetadataImage());
    for (const sim::VersionedRecord& each : records) (void)delta.replay(each.record);
    delta.finish_snapshot();
    loader.image = delta.apply(provenance);
  }
  loader.published += count;
  drive(node, [&](migrate::Driver& driver, auto context) {
    driver.on_metadata_update(context, std::make_shared<const sim::MetadataDelta>(delta),
                              loader.image, whole);
  });
  return {{"do", "publish"},
          {"snapshot", whole},
          {"offset", end.offset.value()},
          {"epoch", end.epoch.value()},
          {"records", records_of(records)}};
}

Json World::snapshot(int node) {
  Node& loader = at(node);
  std::vector<sim::VersionedRecord> records;
  (void)sim::to_records(tip_,
                        [&](sim::VersionedRecord each) { records.push_back(std::move(each)); });
  sim::MetadataDelta delta(loader.image);
  for (const sim::VersionedRecord& each : records) {
    sim::check(delta.replay(each.record).has_value(), "a snapshot can be replayed");
  }
  delta.finish_snapshot();
  const sim::OffsetAndEpoch end = log_.back().end;
  loader.image = delta.apply({end.offset, end.epoch, 0});
  loader.published = log_.size();
  drive(node, [&](migrate::Driver& driver, auto context) {
    driver.on_metadata_update(context, std::make_shared<const sim::MetadataDelta>(delta),
                              loader.image, true);
  });
  return {{"do", "publish"},
          {"snapshot", true},
          {"offset", end.offset.value()},
          {"epoch", end.epoch.value()},
          {"records", records_of(records)}};
}

Json World::outside(Dice& dice) {
  Json ops = Json::array();
  for (const Write& write : any_writes(dice, zoo_.tree())) {
    switch (write.kind) {
      case Write::Kind::Create:
        zoo_.answer(zk::Create{.path = write.path, .data = write.data});
        ops.push_back({"create", write.path, data_of(write.data)});
        break;
      case Write::Kind::Set:
        zoo_.answer(zk::SetData{write.path, write.data});
        ops.push_back({"set", write.path, data_of(write.data)});
        break;
      case Write::Kind::Delete:
        zoo_.answer(zk::Delete{write.path});
        ops.push_back({"delete", write.path});
        break;
    }
  }
  return {{"do", "zk"}, {"ops", std::move(ops)}};
}

Seen World::take_seen() {
  Seen seen{.trace = std::exchange(trace_, {})};
  for (const Node& node : nodes_)
    seen.nodes.push_back(node.driver ? described(*node.driver) : "down");
  std::map<std::string, std::string> now;
  zoo_.tree().for_each([&](std::string_view path, const zk::Znode& znode) {
    if (path == "/" || path.starts_with("/zookeeper")) return;
    now.emplace(path, fmt::format("{}{}", znode.stat.version.value(),
                                  znode.data ? "=" + *znode.data : std::string(" null")));
  });
  for (const auto& [path, value] : now) {
    const auto known = before_.find(path);
    if (known == before_.end() || known->second != value) seen.znodes.emplace(path, value);
  }
  for (const auto& [path, value] : before_) {
    if (!now.contains(path)) seen.znodes.emplace(path, std::nullopt);
  }
  before_ = std::move(now);
  return seen;
}

}  // namespace judge
