#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "kraft/disk/dump.h"
#include "kraft/disk/metadata_dir.h"
#include "scenarios/trace.h"
#include "sim/kafka/disk/group_dump.h"
#include "sim/kafka/disk/group_log.h"
#include "tools/zk2kraft/dump_trace.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft dump FILE…`: what kafka-dump-log knows of metadata logs and checkpoints and of segments
// of
// __consumer_offsets, and the traces of runs, as JSON lines.
namespace tools {
namespace {

namespace fs = std::filesystem;

po::options_description dump_options() {
  po::options_description options("Options");
  add_trace_options(options);
  return options;
}

// A directory stands for its segments, then its checkpoints, both in order.
sim::Expected<std::vector<fs::path>> files_of(const std::string& given) {
  if (!fs::is_directory(given)) return std::vector<fs::path>{given};
  if (sim::is_group_log(given)) return sim::group_log_segments(given);
  const auto dir = kraft::open_metadata_dir(given);
  if (!dir) return std::unexpected(dir.error());
  std::vector<fs::path> files;
  for (const auto& segment : dir->segments) files.push_back(segment.path);
  for (const auto& checkpoint : dir->checkpoints) files.push_back(checkpoint.path);
  return files;
}

// Of either kind of dump.
template <class Dumped>
ExitCode how_it_went(const sim::Expected<Dumped>& dumped) {
  if (!dumped) return report(dumped.error());
  ExitCode code = ExitCode::Good;
  for (const sim::Problem& problem : dumped->problems) code = worse(code, report(problem));
  // A torn tail is how a live file looks: said, but nothing is wrong with what was shown.
  if (dumped->stop) {
    const ExitCode reported = report(dumped->stop->problem);
    if (dumped->stop->kind == sim::Stop::Kind::Damage) code = worse(code, reported);
  }
  return code;
}

ExitCode dump_one(const fs::path& file, const po::variables_map& arguments) {
  if (scenarios::TraceReader::is_trace(file)) return dump_trace(file, arguments);
  if (has_trace_options(arguments) && fs::exists(file)) {
    return report(
        {.severity = sim::Severity::Usage,
         .place = {.source = file.string()},
         .what = "--from, --to, --node and --causes are for traces, and this file is none.",
         .remedy = "zk2kraft run SCENARIO --trace FILE writes one."});
  }
  const auto print = [](std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  };
  // Such a segment is known by the name of its directory, as Kafka itself knows it.
  if (sim::is_group_log(file.parent_path())) return how_it_went(sim::dump_group_log(file, print));
  return how_it_went(kraft::dump_file(file, print));
}

ExitCode run_dump(const po::variables_map& arguments) {
  if (arguments.count("files") == 0) {
    return report(
        {.severity = sim::Severity::Usage,
         .place = {},
         .what = "dump needs a file",
         .remedy =
             "Give a segment (.log), a checkpoint, the directory that holds them, or a trace."});
  }
  ExitCode code = ExitCode::Good;
  for (const std::string& given : arguments["files"].as<std::vector<std::string>>()) {
    const auto files = files_of(given);
    if (!files) {
      code = worse(code, report(files.error()));
      continue;
    }
    for (const fs::path& file : *files) code = worse(code, dump_one(file, arguments));
  }
  return code;
}

}  // namespace

Verb dump_verb() {
  return {
      .name = "dump",
      .summary =
          "show a KRaft metadata log, a checkpoint, a log of committed offsets or a run's trace, "
          "as "
          "JSON lines",
      .synopsis = "FILE… [--from TIME] [--to TIME] [--node NODE] [--causes ID]",
      .explanation =
          "Prints all that kafka-dump-log --cluster-metadata-decoder knows of a file, under the "
          "same names,\n"
          "one JSON object a line. \"kind\" tells them apart: file, batch, record, and end where "
          "bytes at the\n"
          "end of the file are no batch. A batch with a wrong checksum is shown with "
          "\"isvalid\":false and\n"
          "reading goes on behind it. Of a segment in a __consumer_offsets-N directory the same, "
          "as "
          "with\n"
          "--offsets-decoder: key and payload of each record, and the markers of transactions.\n\n"
          "Of a trace that run --trace wrote, the kinds are trace (which run it is), occurrence "
          "(what happened\n"
          "when to whom, the id of what caused it, a notice with its rule and fields), and end "
          "(verdict and\n"
          "digest). --from, --to and --node choose; --causes follows one occurrence back to its "
          "first cause.\n"
          "Nothing of the trace is read but what is asked for.\n\n"
          "Exit code 0: all was read (a torn tail, as a running controller leaves it, is named on "
          "stderr);\n"
          "2: a record of a newer Kafka's kind, or a trace without an end; 3: no such file; 4: "
          "damage.",
      .examples =
          {{"zk2kraft dump scenarios/sample/p3-hybrid/controller-3000",
            "every segment and checkpoint of a controller"},
           {"zk2kraft dump 00000000000000000000.log | jq 'select(.payload.type==\"TOPIC_RECORD\")'",
            "the topics that were created"},
           {"zk2kraft dump /var/lib/kafka/__consumer_offsets-12",
            "every commit that is still in a partition's log"},
           {"zk2kraft dump run.trace --from 12s --to 12500ms --node controller-3000",
            "half a second of one controller, of a trace by run --trace run.trace"},
           {"zk2kraft dump run.trace --causes 81234", "why it happened: a chain of causes"}},
      .options = &dump_options,
      .positionals = {{"files", -1}},
      .run = &run_dump};
}

}  // namespace tools
