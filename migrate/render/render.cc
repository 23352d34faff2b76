#include "migrate/render/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/config/definitions.h"
#include "migrate/config/validation.h"
#include "migrate/render/matrix.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

constexpr std::string_view kRedacted = "REDACTED:";  // tools/collect

bool has_reference(std::string_view value) {
  return !references_in(value).empty();
}

bool asks_about(const std::vector<Remark>& remarks, std::string_view key) {
  return std::ranges::any_of(remarks, [&](const Remark& remark) {
    return remark.kind == RemarkKind::Question && remark.key == key;
  });
}

// One node, row by row of the matrix.
class NodeRenderer {
 public:
  NodeRenderer(const NodeConfig& now, const NodeFacts* node, TargetShape shape,
               const RenderTarget& target)
      : now_(now), node_(node), shape_(shape), target_(target), edit_(now.file()) {}

  RenderedNode render() && {
    identify();
    for (const PropertyRow& row : property_matrix()) apply(row);
    RenderedNode rendered{.name = node_ != nullptr ? node_->name : "",
                          .shape = shape_,
                          .before = {},
                          .source = now_.file().source(),
                          .after = edit_.finished(),
                          .changes = edit_.changes(),
                          .remarks = std::move(remarks_)};
    return rendered;
  }

 private:
  void remark(RemarkKind kind, std::string_view key, std::string what, std::string remedy) {
    remarks_.push_back({kind, "", std::string(key), std::move(what), std::move(remedy)});
  }

  // broker.id in ZooKeeper mode, node.id in KRaft mode: the same number in the same place (B06).
  void identify() {
    const bool kraft = shape_ >= TargetShape::KRaftBroker;
    const std::string_view to = kraft ? "node.id" : "broker.id";
    const std::string_view from = kraft ? "broker.id" : "node.id";
    constexpr std::string_view kWhy = "a node keeps its number, under its mode's name";
    edit_.rename(from, to, kWhy);
    if (now_.node_id() >= 0 || now_.is_unresolved("node.id") || has_reference(now_.text("node.id")))
      return;
    if (const auto id = id_of_node(now_, node_)) {
      edit_.set(to, std::to_string(*id), "ZooKeeper gave it; a node that migrates says it itself");
      return;
    }
    remark(RemarkKind::Question, to, "neither the file nor meta.properties tells the node's id",
           "Put the node's meta.properties beside its server.properties, or set the id.");
  }

  void apply(const PropertyRow& row) {
    switch (row.treatment(shape_)) {
      case Treatment::Keep:
        return;
      case Treatment::Remove:
        return each_own_key(row, [&](const std::string& key) { edit_.remove(key, row.why); });
      case Treatment::Set:
        return apply_wanted(row);
      case Treatment::Restore:
        return restore(row);
      case Treatment::Template:
        if (node_ != nullptr) return;
        return inherit(row);
      case Treatment::Inherit:
        return inherit(row);
      case Treatment::Mirror:
        return mirror(row);
    }
    sim::unreachable("a treatment is one of these");
  }

  // The keys of the file that this row speaks of.
  template <class Do>
  void each_own_key(const PropertyRow& row, Do act) {
    for (const std::string& key : edit_.file().keys()) {
      if (row_of_property(key) == &row) act(key);
    }
  }

  void apply_wanted(const PropertyRow& row) {
    const Rendering rendering{.now = now_,
                              .node = node_,
                              .shape = shape_,
                              .target = target_,
                              .added = edit_.is_added(row.key),
                              .remarks = remarks_};
    const Wanted wanted = row.wanted(rendering);
    if (wanted.kind == Wanted::Kind::Leave) return;
    if (is_left_to_the_node(row.key)) return;
    if (wanted.kind == Wanted::Kind::Remove) return edit_.remove(row.key, row.why);
    edit_.set(row.key, wanted.value, row.why);
  }

  // A value that a provider or the environment fills in is the node's own business.
  bool is_left_to_the_node(std::string_view key) {
    const auto value = edit_.file().get(key);
    if (!value || !has_reference(*value)) return false;
    remark(RemarkKind::Note, key, fmt::format("{}={} is kept: only the node knows it", key, *value),
           "See that what it refers to suits the new shape.");
    return true;
  }

  // Only who comes back from KRaft mode has lost anything.
  void restore(const PropertyRow& row) {
    if (!now_.in_kraft_mode()) return;
    const auto id = id_of_node(now_, node_);
    if (!id) return;
    for (const std::string& key : target_.keys_remembered(*id)) {
      if (row_of_property(key) != &row || edit_.file().find(key) != nullptr) continue;
      take(key, target_.remembered(*id, key), row.why);
    }
    constexpr std::string_view kConnect = "zookeeper.connect";
    if (row_of_property(kConnect) == &row && edit_.file().find(kConnect) == nullptr &&
        !asks_about(remarks_, kConnect))
      remark(RemarkKind::Question, kConnect, "no file tells where ZooKeeper is",
             "Give the brokers' files of before with --before.");
  }

  void inherit(const PropertyRow& row) {
    std::set<std::string> keys;
    for (const NodeConfig& broker : target_.brokers) {
      for (std::string& key : broker.file().keys()) {
        if (row_of_property(key) == &row && concerns_controllers(key)) keys.insert(std::move(key));
      }
    }
    for (const std::string& key : keys) {
      if (edit_.file().find(key) == nullptr) take(key, target_.brokers_say(key), row.why);
    }
  }

  // Of the settings of single listeners, those of the two that a controller knows.
  bool concerns_controllers(std::string_view key) const {
    constexpr std::string_view kPrefix = "listener.name.";
    if (!key.starts_with(kPrefix)) return true;
    const std::string name = in_capitals(key.substr(kPrefix.size()));
    const auto is_of = [&](const std::string& listener) {
      return name.starts_with(in_capitals(listener) + ".");
    };
    return (target_.inter_broker_listener && is_of(*target_.inter_broker_listener)) ||
           std::ranges::any_of(target_.controller_protocols,
                               [&](const auto& each) { return is_of(each.first); });
  }

  void take(const std::string& key, const Said& said, std::string_view why) {
    if (said.value) return edit_.set(key, *said.value, why);
    if (said.differs)
      remark(RemarkKind::Question, key,
             fmt::format("brokers have different values of {}: which is this node's?", key),
             "Set it in the rendered file.");
  }

  void mirror(const PropertyRow& row) {
    const Said said = target_.in_force_on_brokers(row.key);
    if (said.differs)
      remark(RemarkKind::Question, row.key,
             fmt::format("brokers have different values of {}, and controllers need one", row.key),
             "Make them alike (check C18).");
    if (!said.value || now_.value(row.key) == said.value || is_left_to_the_node(row.key)) return;
    edit_.set(row.key, *said.value, row.why);
  }

  const NodeConfig& now_;
  const NodeFacts* node_;
  TargetShape shape_;
  const RenderTarget& target_;
  FileEdit edit_;
  std::vector<Remark> remarks_;
};

std::string first_word(std::string_view text) {
  return std::string(text.substr(0, text.find(' ')));
}

// Rules that look at what is still a question say nothing new.
bool waits_for_an_answer(const ConfigRule& rule, const std::vector<Remark>& remarks) {
  std::string_view configs = rule.configs;
  while (!configs.empty()) {
    const std::string name = first_word(configs);
    if (asks_about(remarks, name) || (name == "node.id" && asks_about(remarks, "broker.id")))
      return true;
    configs.remove_prefix(std::min(name.size() + 1, configs.size()));
  }
  return false;
}

void judge_rendered(RenderedNode& rendered, const std::vector<Remark>& of_the_cluster) {
  const NodeConfig config(rendered.after);
  if (target_shape_of(config) != rendered.shape && rendered.is_final())
    rendered.remarks.push_back(
        {RemarkKind::Problem, "", "process.roles",
         fmt::format("the file does not make it a {}", name_of(rendered.shape)),
         "What stands in its way is a value that only the node resolves."});
  for (const RuleOutcome& outcome : judge(config)) {
    const std::string key = first_word(outcome.rule->configs);
    if (outcome.unresolved)
      rendered.remarks.push_back(
          {RemarkKind::Note, "", *outcome.unresolved,
           fmt::format("rule {} ({}) cannot be judged: {} is filled in on the node",
                       outcome.rule->id, outcome.rule->title, *outcome.unresolved),
           ""});
    if (!outcome.refused || waits_for_an_answer(*outcome.rule, rendered.remarks) ||
        waits_for_an_answer(*outcome.rule, of_the_cluster))
      continue;
    rendered.remarks.push_back(
        {RemarkKind::Problem, "", key,
         fmt::format("Kafka would refuse it by rule {}, {}: {}", outcome.rule->id,
                     outcome.rule->title, *outcome.refused),
         "Cure it in the node's file, and render again."});
  }
}

// Hashes in the place of secrets would lock the node out.
void name_redacted(RenderedNode& rendered) {
  for (const std::string& key : rendered.after.keys()) {
    if (rendered.after.get(key)->find(kRedacted) == std::string::npos) continue;
    rendered.remarks.push_back(
        {RemarkKind::Question, "", key,
         fmt::format("{} is a hash that tools/collect put in the place of the secret", key),
         "Put the secret back before the file is used, or render on the node from its own file."});
  }
}

void finish(RenderedNode& rendered, const std::vector<Remark>& of_the_cluster) {
  judge_rendered(rendered, of_the_cluster);
  name_redacted(rendered);
  for (Remark& remark : rendered.remarks) remark.node = rendered.name;
}

RenderedNode rendered_node(const NodeFacts& node, TargetShape shape, const RenderTarget& target,
                           const std::vector<Remark>& of_the_cluster) {
  sim::check(node.config.has_value(), "only a node with a file is rendered");
  const NodeConfig now = node.config->at_start();
  RenderedNode rendered = NodeRenderer(now, &node, shape, target).render();
  rendered.before = now.file().text();
  for (const Change& change : rendered.changes) {
    if (now.overrides().find(change.key) == nullptr) continue;
    rendered.remarks.push_back({RemarkKind::Problem, "", change.key,
                                fmt::format("the process is started with --override {}=…, which "
                                            "wins over this file",
                                            change.key),
                                "Take it out of the command that starts the node."});
  }
  if (now.shape() == NodeShape::Combined)
    rendered.remarks.push_back({RemarkKind::Problem, "", "process.roles",
                                "it is broker and controller in one: no migration passes "
                                "through that",
                                "Give the controllers processes of their own (B08)."});
  finish(rendered, of_the_cluster);
  return rendered;
}

// What no other file has: the first lines of a controller's own.
std::string first_lines(const Voter& controller, const RenderTarget& target) {
  const std::size_t colon = controller.endpoint.rfind(':');
  const std::string port = controller.endpoint.substr(colon + 1);
  std::string listeners;
  for (const std::string& name : list_of(target.controller_listeners.value_or(""))) {
    // Of several names the first is the one that voters are dialled by.
    if (listeners.empty()) listeners = fmt::format("{}://:{}", name, port);
  }
  return fmt::format(
      "# Controller {0} ({1}), made by zk2kraft from the brokers' files.\n"
      "process.roles=controller\nnode.id={0}\n{2}log.dirs={3}\n",
      controller.id.value(), controller.endpoint,
      listeners.empty() ? "" : "listeners=" + listeners + "\n",
      sim::escaped_value(target.controller_log_dir));
}

RenderedNode made_controller(const Voter& controller, TargetShape shape, const RenderTarget& target,
                             const std::vector<Remark>& of_the_cluster) {
  const std::string name = fmt::format("controller-{}", controller.id.value());
  auto seed = sim::PropertiesFile::parse(first_lines(controller, target), name);
  sim::check(seed.has_value(), "the first lines of a controller's file can be read");
  const NodeConfig now(*std::move(seed));
  RenderedNode rendered = NodeRenderer(now, nullptr, shape, target).render();
  rendered.name = name;
  rendered.source = "";
  for (const Change& change : rendered.changes) {
    if (change.key.find("keystore.location") != std::string::npos)
      rendered.remarks.push_back({RemarkKind::Note, "", change.key,
                                  fmt::format("{} is the brokers' path", change.key),
                                  "The controller needs a key of its own there."});
  }
  finish(rendered, of_the_cluster);
  return rendered;
}

void make_missing_controllers(TargetShape shape, RenderedFleet& fleet) {
  for (const Voter& controller : fleet.target.controllers) {
    const auto has_id = [&](const NodeConfig& file) {
      return file.node_id() == controller.id.value();
    };
    if (std::ranges::any_of(fleet.target.existing_controllers, has_id)) continue;
    if (fleet.target.controllers_are_asked_for) {
      fleet.nodes.push_back(made_controller(controller, shape, fleet.target, fleet.remarks));
      continue;
    }
    fleet.remarks.push_back(
        {RemarkKind::Note, "", "controller.quorum.voters",
         fmt::format("controller {} is in the quorum, and its file is not here: it is not rendered",
                     controller.id.value()),
         fmt::format("To make it from the brokers' files: --controllers {}.",
                     fleet.target.quorum_voters.value_or(""))});
  }
}

// Ids are of one name space (B02).
void name_clashing_ids(RenderedFleet& fleet) {
  for (const NodeConfig& broker : fleet.target.brokers) {
    const auto same = [&](const Voter& each) { return each.id.value() == broker.node_id(); };
    if (std::ranges::any_of(fleet.target.controllers, same))
      fleet.remarks.push_back(
          {RemarkKind::Problem, "", "node.id",
           fmt::format("{} is both a broker's id and a controller's", broker.node_id()),
           "Give controllers other ids than brokers: 3000, 3001, 3002."});
  }
}

bool names_the_quorum(std::string_view key) {
  return key.starts_with("controller.") || key == "listener.security.protocol.map";
}

}  // namespace

bool RenderedNode::is_final() const {
  return std::ranges::all_of(remarks,
                             [](const Remark& remark) { return remark.kind == RemarkKind::Note; });
}

RenderedNode render_node(const NodeFacts& node, TargetShape shape, const RenderTarget& target) {
  return rendered_node(node, shape, target, {});
}

RenderedNode make_controller(const Voter& controller, TargetShape shape,
                             const RenderTarget& target) {
  return made_controller(controller, shape, target, {});
}

PhaseShapes shapes_in(Phase phase) {
  using enum TargetShape;
  switch (phase) {
    case Phase::S0:
    case Phase::R2:
      return {ZooKeeperBroker, std::nullopt};
    case Phase::S1:
      return {ZooKeeperBroker, MigratingController};
    case Phase::S2:
    case Phase::S3:
    case Phase::S4:
    case Phase::R1:
      return {MigratingBroker, MigratingController};
    case Phase::S5:
    case Phase::S6:
      return {KRaftBroker, MigratingController};
    case Phase::S7:
    case Phase::S8:
      return {KRaftBroker, FinalController};
  }
  sim::unreachable("a phase is one of these");
}

RenderedFleet render_fleet(const ClusterFacts& facts, Phase phase, const RenderOptions& options) {
  TargetFound found = find_target(facts, options);
  RenderedFleet fleet{.phase = phase,
                      .target = std::move(found.target),
                      .nodes = {},
                      .remarks = std::move(found.remarks)};
  const PhaseShapes shapes = shapes_in(phase);
  // Where no controller runs nobody needs to know them.
  if (!shapes.controllers) {
    std::erase_if(fleet.remarks, [](const Remark& remark) { return names_the_quorum(remark.key); });
  }
  if (facts.phase == Phase::S8 && (phase < Phase::S7 || phase > Phase::S8))
    fleet.remarks.push_back({RemarkKind::Problem, "", "",
                             fmt::format("the migration is finalised ({}): there is no way back "
                                         "to {}",
                                         facts.phase_because, name_of(phase)),
                             "Ask zk2kraft gate rollback."});
  name_clashing_ids(fleet);
  for (const NodeFacts& node : facts.nodes) {
    if (!node.config) {
      fleet.remarks.push_back({RemarkKind::Question, node.name, "",
                               fmt::format("{} has no server.properties here", node.name),
                               "Copy it, too."});
      continue;
    }
    if (node.is_controller() && !shapes.controllers) continue;
    const TargetShape shape = node.is_controller() ? *shapes.controllers : shapes.brokers;
    fleet.nodes.push_back(rendered_node(node, shape, fleet.target, fleet.remarks));
  }
  if (shapes.controllers) make_missing_controllers(*shapes.controllers, fleet);
  std::ranges::stable_sort(fleet.nodes, {}, [](const RenderedNode& node) {
    return std::pair(!is_broker(node.shape), node.name);
  });
  return fleet;
}

}  // namespace migrate
