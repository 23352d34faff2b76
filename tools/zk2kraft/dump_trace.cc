#include "tools/zk2kraft/dump_trace.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "scenarios/durations.h"
#include "scenarios/trace.h"

namespace tools {
namespace {

using scenarios::FieldJson;
using scenarios::TraceEntry;
using scenarios::TraceReader;

void print(const FieldJson& line) {
  // A text in a message may be no UTF-8; a line is printed all the same.
  const std::string text = line.dump(-1, ' ', false, FieldJson::error_handler_t::replace);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

void print_entry(const TraceEntry& entry) {
  FieldJson line{{"kind", "occurrence"}};
  line.update(scenarios::to_json(entry));
  print(line);
}

void print_about(const TraceReader& trace, const std::string& file) {
  const scenarios::TraceAbout& about = trace.about();
  print({{"kind", "trace"},
         {"file", file},
         {"program", about.program},
         {"digestFormat", about.digest_format},
         {"seed", about.seed},
         {"source", about.source},
         {"faults", about.faults},
         {"occurrences", trace.size()},
         {"until", sim::describe(trace.last_at())},
         {"scenario", about.scenario}});
}

void print_end(const TraceReader& trace) {
  FieldJson line{{"kind", "end"}, {"complete", trace.end().has_value()}};
  if (trace.end()) {
    line["verdict"] = trace.end()->verdict;
    line["digest"] = fmt::format("{:016x}", trace.end()->digest);
    line["endedAt"] = sim::describe(trace.end()->ended_at);
    line["events"] = trace.end()->events;
  }
  print(line);
}

sim::Expected<sim::Instant> moment(const po::variables_map& arguments, const char* option) {
  const auto& words = arguments[option].as<std::string>();
  if (const auto since = scenarios::parse_duration(words)) return sim::Instant(0) + *since;
  return std::unexpected(
      sim::Problem{sim::Severity::Usage,
                   {},
                   fmt::format("--{} {} is no time of a run.", option, words),
                   "Times count from the start of the run: 12s, 1m30s, 12345ms."});
}

sim::Expected<TraceReader::Range> range_of(const po::variables_map& arguments) {
  TraceReader::Range range;
  if (arguments.count("from") != 0) {
    const auto from = moment(arguments, "from");
    if (!from) return std::unexpected(from.error());
    range.from = *from;
  }
  if (arguments.count("to") != 0) {
    const auto until = moment(arguments, "to");
    if (!until) return std::unexpected(until.error());
    range.until = *until;
  }
  if (arguments.count("node") != 0) range.node = arguments["node"].as<std::string>();
  return range;
}

sim::Expected<void> print_causes(TraceReader& trace, std::uint64_t id) {
  const auto chain = trace.causes(sim::OccurrenceId(id));
  if (!chain) return std::unexpected(chain.error());
  if (chain->empty()) {
    return std::unexpected(sim::Problem{sim::Severity::Usage,
                                        {},
                                        fmt::format("the trace has no occurrence {}.", id),
                                        "The ids of occurrences are what dump prints as \"id\"."});
  }
  for (const TraceEntry& entry : *chain) print_entry(entry);
  return {};
}

}  // namespace

void add_trace_options(po::options_description& options) {
  auto add = options.add_options();
  add("from", po::value<std::string>()->value_name("TIME"),
      "of a trace: what happened at this time or later (12s)");
  add("to", po::value<std::string>()->value_name("TIME"),
      "of a trace: what happened up to this time");
  add("node", po::value<std::string>()->value_name("NODE"),
      "of a trace: what happened to this node (zk-1)");
  add("causes", po::value<std::uint64_t>()->value_name("ID"),
      "of a trace: this occurrence, its cause, the cause of that, and so on");
}

bool has_trace_options(const po::variables_map& arguments) {
  for (const char* option : {"from", "to", "node", "causes"}) {
    if (arguments.count(option) != 0) return true;
  }
  return false;
}

ExitCode dump_trace(const std::filesystem::path& file, const po::variables_map& arguments) {
  const auto range = range_of(arguments);
  if (!range) return report(range.error());
  auto trace = TraceReader::open(file);
  if (!trace) return report(trace.error());
  sim::Expected<void> printed;
  if (arguments.count("causes") != 0) {
    printed = print_causes(*trace, arguments["causes"].as<std::uint64_t>());
  } else {
    print_about(*trace, file.string());
    printed = trace->each(*range, [](const TraceEntry& entry) {
      print_entry(entry);
      return true;
    });
    if (printed) print_end(*trace);
  }
  ExitCode code = printed ? ExitCode::Good : report(printed.error());
  if (trace->flaw()) code = worse(code, report(*trace->flaw()));
  return code;
}

}  // namespace tools
