#include <fmt/format.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "migrate/gate/gate.h"
#include "migrate/status/status.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/rule_text.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"
#include "tools/zk2kraft/xml.h"

// `zk2kraft gate rollback|finalize|retry|next SOURCE…`: may one go on, or back, now?
namespace tools {
namespace {

using migrate::Effect;
using migrate::Gate;
using migrate::GateAnswer;
using migrate::Judged;
using migrate::Outcome;
using nlohmann::ordered_json;

po::options_description gate_options() {
  po::options_description options("Options");
  options.add_options()("phase", po::value<std::string>()->value_name("S0…S8|R1|R2"),
                        "judge for this phase of the plan (default: the one that the files show)")(
      "all", "name every finding");
  add_output_option(options, "text|json|jsonl|junit");
  add_source_options(options);
  return options;
}

Colour colour_of(GateAnswer answer) {
  switch (answer) {
    case GateAnswer::Open:
      return Colour::Green;
    case GateAnswer::Closed:
      return Colour::Red;
    case GateAnswer::Unknown:
      return Colour::Yellow;
  }
  return Colour::None;
}

ExitCode gate_exit_code(GateAnswer answer) {
  switch (answer) {
    case GateAnswer::Open:
      return ExitCode::Good;
    case GateAnswer::Closed:
      return ExitCode::Finding;
    case GateAnswer::Unknown:
      return ExitCode::Unknown;
  }
  return ExitCode::Internal;
}

// The command that says what to do, or "".
std::string says_what_to_do(const migrate::Step& step) {
  if (step.road == migrate::Step::Road::None) return "";
  return fmt::format("zk2kraft render FLEET --phase {} --commands", name_of(step.phase));
}

void print_step(const Gate& gate) {
  fmt::print("\n");
  print_block(gate.question == migrate::Question::Next ? "next" : "then", gate.step.title);
  if (const std::string command = says_what_to_do(gate.step); !command.empty())
    print_block(
        "do",
        fmt::format("what this prints{}: {}",
                    gate.step.road == migrate::Step::Road::Back ? " under 'The way back'" : "",
                    command));
  print_block("proof", gate.step.proof);
  print_block("before", gate.step.after);
}

void print_gate(const Gate& gate, const Fleet& fleet, CheckDetail detail) {
  for (const std::string& each : fleet.described) fmt::print("read    {}\n", each);
  fmt::print("phase   {}: {}\n        because {}\n", name_of(fleet.facts.phase),
             explain(fleet.facts.phase), fleet.facts.phase_because);
  for (const auto& each : migrate::standing(fleet.facts))
    fmt::print("seen    {}: {}\n", each.where, each.shows);
  for (const Effect effect : {Effect::Closes, Effect::Advises}) {
    for (const Judged& each : gate.judged) {
      if (each.effect != effect || each.result.findings.empty()) continue;
      print_rule(each.result,
                 effect == Effect::Closes ? coloured("closed by", Colour::Red)
                                          : coloured("look at  ", Colour::Yellow),
                 detail);
    }
  }
  if (!gate.missing.empty()) fmt::print("\n{}\n", coloured("cannot tell without", Colour::Yellow));
  for (const std::string& missing : gate.missing) fmt::print("  {}\n", missing);
  if (!gate.questions.empty()) fmt::print("\nno file tells whether\n");
  for (const std::string& question : gate.questions) fmt::print("  {}\n", question);
  std::string passed;
  for (const Judged& each : gate.judged) {
    if (each.result.outcome == Outcome::Pass) passed += fmt::format(" {}", each.result.check->id);
  }
  if (!passed.empty()) fmt::print("\npassed {}\n", passed);
  print_step(gate);
  fmt::print("\ngate {}: {} - {}\n", name_of(gate.question),
             coloured(name_of(gate.answer), colour_of(gate.answer)), gate.because);
}

ordered_json judged_json(const Judged& judged) {
  ordered_json one = rule_json(judged.result);
  one["effect"] = judged.effect == Effect::Closes ? "closes" : "advises";
  return one;
}

ordered_json gate_json(const Gate& gate, const Fleet& fleet) {
  const auto seen = migrate::standing(fleet.facts);
  return {{"gate", std::string(name_of(gate.question))},
          {"answer", std::string(name_of(gate.answer))},
          {"because", gate.because},
          {"phase", std::string(name_of(fleet.facts.phase))},
          {"phaseBecause", fleet.facts.phase_because},
          {"read", fleet.described},
          {"seen", evidence_json(seen)},
          {"missing", gate.missing},
          {"questions", gate.questions},
          {"step",
           {{"title", std::string(gate.step.title)},
            {"saidBy", says_what_to_do(gate.step)},
            {"wayBack", gate.step.road == migrate::Step::Road::Back},
            {"proof", std::string(gate.step.proof)},
            {"before", std::string(gate.step.after)}}}};
}

// One document, or a line for each rule after a line for the answer.
void print_gate_json(const Gate& gate, const Fleet& fleet, OutputFormat format) {
  ordered_json json = gate_json(gate, fleet);
  if (format == OutputFormat::JsonLines) {
    print_json_text(json, format);
    for (const Judged& each : gate.judged) print_json_text(judged_json(each), format);
    return;
  }
  json["rules"] = ordered_json::array();
  for (const Judged& each : gate.judged) json["rules"].push_back(judged_json(each));
  print_json_text(json, format);
}

// A test case for each rule that may close the gate.
void print_gate_junit(const Gate& gate) {
  std::string body;
  std::size_t cases = 0;
  for (const Judged& each : gate.judged) {
    if (each.effect != Effect::Closes) continue;
    ++cases;
    std::string text;
    for (const auto& finding : each.result.findings)
      text += fmt::format("{}: {}\n", finding.object, finding.what);
    for (const std::string& missing : each.result.missing)
      text += fmt::format("missing: {}\n", missing);
    std::string inside;
    if (!each.result.findings.empty())
      inside = fmt::format("<failure>{}</failure>", xml(text));
    else if (!text.empty())
      inside = fmt::format("<skipped message=\"{}\"/>", xml(text));
    body += fmt::format("  <testcase classname=\"zk2kraft.gate.{}\" name=\"{} {}\">{}</testcase>\n",
                        name_of(gate.question), each.result.check->id,
                        xml(each.result.check->title), inside);
  }
  fmt::print(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"zk2kraft gate {}\" "
      "tests=\"{}\" "
      "failures=\"{}\">\n{}</testsuite>\n",
      name_of(gate.question), cases, gate.count(Effect::Closes, Outcome::Finding), body);
}

void print_as(const Gate& gate, const Fleet& fleet, OutputFormat format, CheckDetail detail) {
  switch (format) {
    case OutputFormat::Text:
      return print_gate(gate, fleet, detail);
    case OutputFormat::Json:
    case OutputFormat::JsonLines:
      return print_gate_json(gate, fleet, format);
    case OutputFormat::Junit:
      return print_gate_junit(gate);
  }
}

ExitCode run_gate(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json, OutputFormat::JsonLines,
                                OutputFormat::Junit};
  const auto format = output_format(arguments, kFormats);
  if (!format) return report(format.error());
  const std::string asked = arguments.count("question") != 0
                                ? arguments["question"].as<std::vector<std::string>>().front()
                                : std::string();
  const auto question = migrate::parse_question(asked);
  if (!question)
    return report(usage(
        asked.empty() ? "gate needs a question" : fmt::format("gate knows no question '{}'", asked),
        "Write: zk2kraft gate rollback|finalize|retry|next SOURCE…"));
  const auto fleet = open_fleet_for_phase(arguments, fmt::format("zk2kraft gate {} FLEET", asked));
  if (!fleet) return report(fleet.error());
  std::vector<std::string> doubts = fleet->doubts;
  for (const sim::Problem& problem : fleet->problems) doubts.push_back(sim::describe(problem));
  const Gate gate = migrate::ask(*question, fleet->facts, doubts);
  print_as(gate, *fleet, *format,
           arguments.count("all") != 0 ? CheckDetail::All : CheckDetail::First);
  return worse(gate_exit_code(gate.answer), report_problems(*fleet));
}

}  // namespace

Verb gate_verb() {
  return {
      .name = "gate",
      .summary = "may one go back, finalise, try again, or take the next step, now",
      .synopsis =
          "rollback|finalize|retry|next SOURCE… [--phase S0…] [--output "
          "text|json|jsonl|junit]",
      .explanation =
          "Judges copies of a cluster's files, in whatever phase it is, and answers one question:\n"
          "  rollback  may one go back to ZooKeeper from here?\n"
          "  finalize  may one restart the controllers without the flag, and give up the way "
          "back?\n"
          "  retry     is nothing left of an earlier attempt that another one would trip over?\n"
          "  next      what is the next step of the plan, and may it be taken?\n\n"
          "The answer is OPEN, CLOSED or UNKNOWN, with the rules that were looked at, what was "
          "seen, why it matters\n"
          "and what to do. What is missing makes a gate unknown, never open. Take ZooKeeper's and "
          "the controllers'\n"
          "files at one moment. Nothing is written anywhere.\n\n"
          "Exit code 0: open; 1: closed; 2: unknown; 3: no such file; 4: a file is damaged.",
      .examples = {{"zk2kraft gate next scenarios/sample/p3-hybrid",
                    "the bundled cluster in hybrid mode: what comes next?"},
                   {"zk2kraft gate rollback zk1:2181/kafka fleet",
                    "a live ensemble and a folder of the nodes' files"},
                   {"zk2kraft gate finalize fleet --output junit > gate.xml",
                    "in a pipeline, before the point of no return"}},
      .options = &gate_options,
      .positionals = {{"question", 1}, {"source", -1}},
      .choices = {{"question", {"rollback", "finalize", "retry", "next"}}},
      .run = &run_gate};
}

}  // namespace tools
