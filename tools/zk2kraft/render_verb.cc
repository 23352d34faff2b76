#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/plan/plan.h"
#include "migrate/plan/steps.h"
#include "migrate/render/commands.h"
#include "migrate/render/formats.h"
#include "migrate/render/monitoring.h"
#include "migrate/render/render.h"
#include "sim/base/suggest.h"
#include "tools/zk2kraft/render_files.h"
#include "tools/zk2kraft/rule_text.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft render SOURCE… --phase S5`: each node's configuration in a phase, from its own file.
namespace tools {
namespace {

using migrate::Remark;
using migrate::RemarkKind;
using migrate::RenderedFleet;
using migrate::RenderedNode;
using nlohmann::ordered_json;

enum class RenderForm {
  Properties,
  Diff,
  Ansible,
  Strimzi,
  Commands,
  Monitoring
};
// Those of --format; the others are options of their own.
constexpr std::array<std::pair<std::string_view, RenderForm>, 4> kRenderForms{
    {{"properties", RenderForm::Properties},
     {"diff", RenderForm::Diff},
     {"ansible", RenderForm::Ansible},
     {"strimzi", RenderForm::Strimzi}}};

po::options_description render_options() {
  po::options_description options("Options");
  options.add_options()("phase", po::value<std::string>()->value_name("S0…S8|R1|R2"),
                        "the phase whose configurations are wanted, when its steps are done")(
      "node", po::value<std::string>()->value_name("NAME"), "of this node alone: broker-1")(
      "out,o", po::value<std::string>()->value_name("DIR"),
      "write DIR/NODE/server.properties instead of printing")(
      "force",
      "replace files in DIR that say something else, and write files that leave a "
      "question open")("format",
                       po::value<std::string>()
                           ->value_name("properties|diff|ansible|strimzi")
                           ->default_value("properties"),
                       "what to print")("diff", "the same as --format diff")(
      "commands", "print the phase's steps, and its way back, as commands to paste")(
      "monitoring", "print Prometheus rules: what to watch, and when to stop")(
      "strimzi-cluster", po::value<std::string>()->value_name("NAMESPACE/NAME"),
      "the Kafka resource, for --format strimzi")("strimzi-storage",
                                                  po::value<std::string>()->value_name("20Gi"),
                                                  "a controller's volume, for --format strimzi")(
      "controllers", po::value<std::string>()->value_name("ID@HOST:PORT,…"),
      "the quorum to be; those without a file are made from the brokers' files")(
      "controller-listener", po::value<std::string>()->value_name("NAME:PROTOCOL"),
      "the controllers' listener and its security: CONTROLLER:SSL")(
      "controller-log-dir",
      po::value<std::string>()->value_name("DIR")->default_value("/var/lib/kafka/metadata"),
      "log.dirs of controllers that are made")(
      "protocol-version", po::value<std::string>()->value_name("3.9"),
      "inter.broker.protocol.version of brokers in ZooKeeper mode, where files do not tell")(
      "before", po::value<std::string>()->value_name("SOURCE"),
      "the cluster's files as they were in ZooKeeper mode: what a way back restores");
  add_output_option(options, "text|json");
  add_source_options(options);
  return options;
}

std::optional<std::string> render_argument(const po::variables_map& arguments, const char* name) {
  if (arguments.count(name) == 0) return std::nullopt;
  return arguments[name].as<std::string>();
}

sim::Expected<RenderForm> form_asked(const po::variables_map& arguments) {
  if (arguments.count("commands") != 0) return RenderForm::Commands;
  if (arguments.count("monitoring") != 0) return RenderForm::Monitoring;
  if (arguments.count("diff") != 0) return RenderForm::Diff;
  const std::string asked = arguments["format"].as<std::string>();
  for (const auto& [name, form] : kRenderForms) {
    if (name == asked) return form;
  }
  return std::unexpected(usage(fmt::format("--format {} is none", asked),
                               "Write: --format properties|diff|ansible|strimzi."));
}

// What the command line says; `before` must outlive it.
sim::Expected<migrate::RenderOptions> options_said(const po::variables_map& arguments) {
  migrate::RenderOptions options;
  options.controller_log_dir = arguments["controller-log-dir"].as<std::string>();
  options.protocol_version = render_argument(arguments, "protocol-version");
  if (const auto text = render_argument(arguments, "controllers")) {
    auto controllers = migrate::parse_controllers(*text);
    if (!controllers)
      return std::unexpected(usage("--controllers: " + controllers.error(),
                                   "Write: --controllers 3000@HOST:9093,3001@HOST:9093."));
    options.controllers = *std::move(controllers);
  }
  if (const auto text = render_argument(arguments, "controller-listener")) {
    auto listener = migrate::parse_controller_listener(*text);
    if (!listener)
      return std::unexpected(usage("--controller-listener: " + listener.error(),
                                   "Write: --controller-listener CONTROLLER:PLAINTEXT."));
    options.controller_listener = *std::move(listener);
  }
  return options;
}

// Leaves the node asked for. A Usage problem with a suggestion if there is none of that name.
sim::Expected<void> only_node(const std::string& name, RenderedFleet& fleet) {
  std::vector<std::string_view> names;
  for (const RenderedNode& node : fleet.nodes) names.push_back(node.name);
  if (std::ranges::find(names, name) == names.end())
    return std::unexpected(usage(
        fmt::format("no node '{}' is rendered for {}.{}", name, name_of(fleet.phase),
                    sim::did_you_mean(name, names)),
        names.empty() ? std::string() : fmt::format("There are: {}.", fmt::join(names, ", "))));
  std::erase_if(fleet.nodes, [&](const RenderedNode& node) { return node.name != name; });
  std::erase_if(fleet.remarks,
                [&](const Remark& remark) { return !remark.node.empty() && remark.node != name; });
  return {};
}

std::vector<Remark> all_remarks(const RenderedFleet& fleet) {
  std::vector<Remark> all = fleet.remarks;
  for (const RenderedNode& node : fleet.nodes)
    all.insert(all.end(), node.remarks.begin(), node.remarks.end());
  return all;
}

ExitCode render_exit_code(const std::vector<Remark>& remarks) {
  ExitCode code = ExitCode::Good;
  for (const Remark& remark : remarks) {
    if (remark.kind == RemarkKind::Problem) code = worse(code, ExitCode::Finding);
    if (remark.kind == RemarkKind::Question) code = worse(code, ExitCode::Unknown);
  }
  return code;
}

// To stderr, so that what is printed can be kept as it is.
void print_remarks(const std::vector<Remark>& remarks) {
  for (const Remark& remark : remarks)
    fmt::print(stderr, "zk2kraft: {}: {}{}{}.{}{}\n", name_of(remark.kind), remark.node,
               remark.node.empty() ? "" : ": ", remark.what, remark.remedy.empty() ? "" : " ",
               remark.remedy);
}

void print_files(const RenderedFleet& fleet) {
  for (const RenderedNode& node : fleet.nodes) {
    const std::string text = node.after.text();
    fmt::print("#### {}/server.properties ({}, {})\n{}{}", node.name, name_of(node.shape),
               !node.before        ? "new"
               : node.is_changed() ? fmt::format("changed from {}", node.source)
                                   : fmt::format("as in {}", node.source),
               text, text.empty() || text.ends_with('\n') ? "" : "\n");
  }
}

ordered_json remarks_json(const std::vector<Remark>& remarks) {
  ordered_json list = ordered_json::array();
  for (const Remark& remark : remarks)
    list.push_back({{"kind", name_of(remark.kind)},
                    {"node", remark.node},
                    {"key", remark.key},
                    {"what", remark.what},
                    {"remedy", remark.remedy}});
  return list;
}

ordered_json or_null(const std::optional<std::string>& text) {
  return text ? ordered_json(*text) : ordered_json();
}

ordered_json rendered_json(const RenderedNode& node, const std::vector<std::string>& sources) {
  ordered_json changes = ordered_json::array();
  for (const migrate::Change& change : node.changes)
    changes.push_back({{"key", change.key},
                       {"before", or_null(change.before)},
                       {"after", or_null(change.after)},
                       {"why", change.why}});
  return {{"node", node.name},
          {"shape", name_of(node.shape)},
          {"source", node.source},
          {"new", !node.before},
          {"changed", node.is_changed()},
          {"changes", changes},
          {"remarks", remarks_json(node.remarks)},
          {"properties", node.after.text()},
          {"diff", diff_of_rendered(node, sources)}};
}

void print_fleet_json(const RenderedFleet& fleet, const std::vector<std::string>& sources,
                      const std::vector<WrittenFile>& written) {
  ordered_json nodes = ordered_json::array();
  for (const RenderedNode& node : fleet.nodes) nodes.push_back(rendered_json(node, sources));
  ordered_json files = ordered_json::array();
  for (const WrittenFile& file : written) files.push_back(file.path);
  print_json_text({{"phase", name_of(fleet.phase)},
                   {"nodes", nodes},
                   {"remarks", remarks_json(fleet.remarks)},
                   {"written", files}},
                  OutputFormat::Json);
}

// Nothing where one of them must not be used as it is.
sim::Expected<std::vector<WrittenFile>> written_files(const RenderedFleet& fleet,
                                                      const std::string& directory, ExitCode code,
                                                      Overwrite overwrite) {
  const bool may =
      code == ExitCode::Good || (code == ExitCode::Unknown && overwrite == Overwrite::Yes);
  if (!may) {
    fmt::print(stderr, "zk2kraft: nothing was written to {}\n", directory);
    return std::vector<WrittenFile>();
  }
  return write_rendered(fleet.nodes, directory, overwrite);
}

void print_written(const std::vector<WrittenFile>& written) {
  for (const WrittenFile& file : written)
    fmt::print("{} {}\n", file.was_there ? "kept " : "wrote", file.path);
}

// Strimzi names neither the resource nor the volume in a node's file.
ExitCode print_strimzi(const RenderedFleet& fleet, const po::variables_map& arguments) {
  const std::string resource = render_argument(arguments, "strimzi-cluster").value_or("");
  const std::size_t slash = resource.find('/');
  const auto storage = render_argument(arguments, "strimzi-storage");
  if (slash == std::string::npos || slash == 0 || slash + 1 == resource.size() || !storage)
    return report(usage("--format strimzi needs the names that nodes' files do not tell",
                        "Write: --strimzi-cluster NAMESPACE/NAME --strimzi-storage 20Gi."));
  constexpr std::size_t kUsualQuorum = 3;
  const std::size_t controllers =
      fleet.target.controllers.empty() ? kUsualQuorum : fleet.target.controllers.size();
  fmt::print("{}", migrate::strimzi_steps(
                       fleet.phase, controllers,
                       {resource.substr(slash + 1), resource.substr(0, slash), *storage}));
  return ExitCode::Good;
}

// The plan's steps, for it is the plan that says what is done to a cluster.
void print_commands(const RenderedFleet& fleet, const migrate::ClusterFacts& facts,
                    const std::vector<std::string>& sources, const po::variables_map& arguments) {
  migrate::PlanOptions options;
  if (fleet.target.controllers_are_asked_for) options.controllers = fleet.target.controllers;
  options.controller_listener = render_argument(arguments, "controller-listener").value_or("");
  if (fleet.target.controller_log_dir != migrate::RenderOptions().controller_log_dir)
    options.controller_log_dir = fleet.target.controller_log_dir;
  std::string words;
  for (const std::string& each : sources) words += (words.empty() ? "" : " ") + each;
  fmt::print("{}", migrate::command_sheet(migrate::make_plan(facts, options), fleet.phase, facts,
                                          migrate::command_variables(fleet.target, facts,
                                                                     migrate::shell_word(words))));
}

void print_form(const RenderedFleet& fleet, const migrate::ClusterFacts& facts,
                const std::vector<std::string>& sources, RenderForm form) {
  switch (form) {
    case RenderForm::Properties:
      return print_files(fleet);
    case RenderForm::Diff:
      for (const RenderedNode& node : fleet.nodes)
        fmt::print("{}", diff_of_rendered(node, sources));
      return;
    case RenderForm::Ansible:
      for (const RenderedNode& node : fleet.nodes)
        fmt::print("{}", migrate::ansible_variables(node, facts.profile));
      return;
    case RenderForm::Monitoring:
      fmt::print("{}", migrate::monitoring_rules(fleet));
      return;
    case RenderForm::Commands:
    case RenderForm::Strimzi:
      return;  // have their own ways out
  }
}

ExitCode hand_out(const RenderedFleet& fleet, const migrate::ClusterFacts& facts,
                  const po::variables_map& arguments, RenderForm form, OutputFormat output) {
  if (form == RenderForm::Strimzi) return print_strimzi(fleet, arguments);
  const auto sources = arguments["source"].as<std::vector<std::string>>();
  const auto remarks = all_remarks(fleet);
  const ExitCode code = render_exit_code(remarks);
  std::vector<WrittenFile> written;
  if (const auto directory = render_argument(arguments, "out")) {
    auto done = written_files(fleet, *directory, code,
                              arguments.count("force") != 0 ? Overwrite::Yes : Overwrite::No);
    if (!done) return report(done.error());
    written = *std::move(done);
  }
  if (output == OutputFormat::Json) {
    print_fleet_json(fleet, sources, written);
    return code;
  }
  print_remarks(remarks);
  if (arguments.count("out") != 0)
    print_written(written);
  else if (form == RenderForm::Commands)
    print_commands(fleet, facts, sources, arguments);
  else
    print_form(fleet, facts, sources, form);
  return code;
}

ExitCode run_render(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json};
  const auto output = output_format(arguments, kFormats);
  if (!output) return report(output.error());
  const auto form = form_asked(arguments);
  if (!form) return report(form.error());
  const auto phase = asked_phase(arguments);
  if (!phase) return report(phase.error());
  if (!*phase)
    return report(usage("render needs a phase", "Write: zk2kraft render FLEET --phase S2."));
  auto options = options_said(arguments);
  if (!options) return report(options.error());
  const auto fleet = open_asked_fleet(arguments, "zk2kraft render FLEET --phase S2");
  if (!fleet) return report(fleet.error());
  Fleet before;
  if (const auto source = render_argument(arguments, "before")) {
    auto opened = open_fleet_with(arguments, {*source});
    if (!opened) return report(opened.error());
    before = *std::move(opened);
    options->before = &before.facts;
  }
  RenderedFleet rendered = migrate::render_fleet(fleet->facts, **phase, *options);
  if (rendered.nodes.empty())
    return report({.severity = sim::Severity::Unknown,
                   .place = {},
                   .what = "no SOURCE has a server.properties of a node that this phase changes",
                   .remedy = "Copy the nodes' files: zk2kraft check --help says how."});
  if (const auto name = render_argument(arguments, "node")) {
    if (const auto found = only_node(*name, rendered); !found) return report(found.error());
  }
  ExitCode code = hand_out(rendered, fleet->facts, arguments, *form, *output);
  for (const std::string& doubt : fleet->doubts) {
    fmt::print(stderr, "zk2kraft: in doubt: {}\n", doubt);
    code = worse(code, ExitCode::Unknown);
  }
  return worse(code, report_problems(*fleet));
}

}  // namespace

Verb render_verb() {
  return {
      .name = "render",
      .summary = "write each node's configuration in a phase, from its own file",
      .synopsis =
          "SOURCE… --phase S0… [--node NAME] [-o DIR] [--diff|--commands|--monitoring] "
          "[--controllers ID@HOST:PORT,…]",
      .explanation =
          "Renders the server.properties of each node as it must be when the steps of a phase are "
          "done, from the\n"
          "node's own file: comments, order and all that the migration does not touch stay as "
          "they are. Controllers\n"
          "that do not exist yet are made from what the brokers' files say of ZooKeeper, security "
          "and defaults.\n\n"
          "Each result is judged by the rules that Kafka applies at its start. What a rule "
          "refuses is a problem; what\n"
          "no file and no option tells is a question, and never guessed. With either nothing is "
          "written to DIR.\n"
          "Values that the node fills in itself (${file:…}) are kept. Files may hold secrets, and "
          "so does the output.\n\n"
          "Exit code 0: every file is ready; 1: Kafka would refuse one, or there is no way to the "
          "phase; 2: a question\n"
          "is open; 3: the command line is wrong, or a file stands in the way; 4: a file is "
          "damaged.",
      .examples = {{"zk2kraft render scenarios/sample/p0-zookeeper --phase S2 --diff --controllers "
                    "3000@127.0.0.1:22060 --controller-listener CONTROLLER:PLAINTEXT",
                    "what the first roll changes in the bundled cluster"},
                   {"zk2kraft render scenarios/sample/p3-hybrid --phase S5 --node broker-1 -o "
                    "rendered",
                    "one broker's file in KRaft mode"},
                   {"zk2kraft render fleet --phase R1 --before fleet-of-before -o back",
                    "the first roll of the way back, from files saved before the migration"}},
      .options = &render_options,
      .positionals = {{"source", -1}},
      .run = &run_render};
}

}  // namespace tools
