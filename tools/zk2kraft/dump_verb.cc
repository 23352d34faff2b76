#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "kraft/disk/dump.h"
#include "kraft/disk/metadata_dir.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft dump FILE…`: what kafka-dump-log knows of metadata logs and checkpoints, as JSON lines.
namespace tools {
namespace {

namespace fs = std::filesystem;

po::options_description options() { return po::options_description("Options"); }

// A directory stands for its segments, then its checkpoints, both in order.
sim::Expected<std::vector<fs::path>> files_of(const std::string& given) {
  if (!fs::is_directory(given)) return std::vector<fs::path>{given};
  const auto dir = kraft::open_metadata_dir(given);
  if (!dir) return std::unexpected(dir.error());
  std::vector<fs::path> files;
  for (const auto& segment : dir->segments) files.push_back(segment.path);
  for (const auto& checkpoint : dir->checkpoints) files.push_back(checkpoint.path);
  return files;
}

ExitCode dump_one(const fs::path& file) {
  const auto dumped = kraft::dump_file(file, [](std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  });
  if (!dumped) return report(dumped.error());
  ExitCode code = ExitCode::Good;
  for (const sim::Problem& problem : dumped->problems) code = worse(code, report(problem));
  // A torn tail is how a live file looks: said, but nothing is wrong with what was shown.
  if (dumped->stop) {
    const ExitCode reported = report(dumped->stop->problem);
    if (dumped->stop->kind == kraft::Stop::Kind::Damage) code = worse(code, reported);
  }
  return code;
}

ExitCode run(const po::variables_map& arguments) {
  if (arguments.count("files") == 0) {
    return report({.severity = sim::Severity::Usage,
                   .place = {},
                   .what = "dump needs a file",
                   .remedy = "Give a segment (.log), a checkpoint, or the directory that holds them."});
  }
  ExitCode code = ExitCode::Good;
  for (const std::string& given : arguments["files"].as<std::vector<std::string>>()) {
    const auto files = files_of(given);
    if (!files) {
      code = worse(code, report(files.error()));
      continue;
    }
    for (const fs::path& file : *files) code = worse(code, dump_one(file));
  }
  return code;
}

}  // namespace

Verb dump_verb() {
  return {
      .name = "dump",
      .summary = "show a KRaft metadata log or checkpoint, record by record, as JSON lines",
      .synopsis = "FILE…",
      .explanation =
          "Prints all that kafka-dump-log --cluster-metadata-decoder knows of a file, under the same names,\n"
          "one JSON object a line. \"kind\" tells them apart: file, batch, record, and end where bytes at the\n"
          "end of the file are no batch. A batch with a wrong checksum is shown with \"isvalid\":false and\n"
          "reading goes on behind it.\n\n"
          "Exit code 0: all was read (a torn tail, as a running controller leaves it, is named on stderr);\n"
          "2: a record of a newer Kafka's kind; 3: no such file; 4: damage.",
      .examples = {{"zk2kraft dump scenarios/sample/p3-hybrid/controller-3000",
                    "every segment and checkpoint of a controller"},
                   {"zk2kraft dump 00000000000000000000.log | jq 'select(.payload.type==\"TOPIC_RECORD\")'",
                    "the topics that were created"}},
      .options = &options,
      .positionals = {{"files", -1}},
      .run = &run};
}

}  // namespace tools
