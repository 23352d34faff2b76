#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "tools/source/collection.h"
#include "tools/source/pseudonymise.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft pseudonymise SOURCE -o DIR`: the same cluster with other names, to be shown to others.
namespace tools {
namespace {

constexpr std::size_t kLeastKeyBytes = 16;

po::options_description pseudonymise_options() {
  po::options_description options("Options");
  options.add_options()("out,o", po::value<std::string>()->value_name("DIR"),
                        "the folder to make; it must not exist, or be empty")(
      "key-file", po::value<std::string>()->value_name("FILE"),
      "at least 16 bytes: the same key gives the same names (default: a random key, thrown away)");
  return options;
}

ExitCode wrong(std::string what, std::string remedy) {
  return report({.severity = sim::Severity::Usage,
                 .place = {},
                 .what = std::move(what),
                 .remedy = std::move(remedy)});
}

ExitCode run_pseudonymise(const po::variables_map& arguments) {
  if (arguments.count("source") == 0)
    return wrong("pseudonymise needs a SOURCE", "Write: zk2kraft pseudonymise FLEET -o DIR.");
  if (arguments.count("out") == 0)
    return wrong("pseudonymise needs a folder to write", "Name one with -o.");
  std::string key;
  if (arguments.count("key-file") != 0) {
    const std::string file = arguments["key-file"].as<std::string>();
    auto read = read_file(file);
    if (!read || read->size() < kLeastKeyBytes)
      return wrong(
          fmt::format("the key file '{}' has no {} bytes that can be read", file, kLeastKeyBytes),
          "Make one: head -c 32 /dev/urandom > key");
    key = *std::move(read);
  } else {
    key = random_key();
  }
  migrate::Pseudonyms names(keyed_hash(std::move(key)));
  const std::string out = arguments["out"].as<std::string>();
  const auto done =
      pseudonymise(arguments["source"].as<std::vector<std::string>>().front(), out, names);
  if (!done) return report(done.error());
  ExitCode code = ExitCode::Good;
  for (const std::string& file : done->left_out)
    fmt::print(stderr, "zk2kraft: {} was left out: nobody knows what in it is a name\n", file);
  for (const sim::Problem& problem : done->problems) {
    report(problem);
    code = worse(code, ExitCode::Unknown);
  }
  fmt::print("wrote {}: {} files\n", out, done->files);
  return code;
}

}  // namespace

Verb pseudonymise_verb() {
  return {
      .name = "pseudonymise",
      .summary = "write a SOURCE again with other names and no secrets, to be shown to others",
      .synopsis = "SOURCE -o DIR [--key-file FILE]",
      .explanation =
          "Renames topics, users, groups, clients, transactional ids, hosts, addresses, racks and "
          "paths in all\n"
          "files of a SOURCE: ZooKeeper's snapshots and logs, the metadata log and its "
          "checkpoints,\n"
          "configurations, manifests, and known names in servers' logs. Checksums and digests are "
          "those of the\n"
          "new bytes, and every verb says the same of both.\n\n"
          "The same name becomes the same pseudonym everywhere, a prefix of a name a prefix of "
          "its pseudonym; what\n"
          "stands between letters and digits stays, as do lengths, *, <default> and internal "
          "topics. Passwords,\n"
          "SCRAM credentials and token secrets become hashes. Kept: ids of nodes, topics and the "
          "cluster, ports,\n"
          "names of listeners, times, and numbers. Files of unknown kinds are left out and "
          "named. Lengths and\n"
          "counts can still tell who knows the cluster well which one it is.\n\n"
          "Exit code 0: done; 2: done but for files that could not be read; 3: the command line "
          "is wrong; 4: a\n"
          "file is damaged, and nothing was written.",
      .examples = {{"zk2kraft pseudonymise fleet -o shareable", "with names that nobody can undo"},
                   {"zk2kraft pseudonymise fleet -o shareable-2 --key-file key",
                    "the same names as every time with this key"},
                   {"zk2kraft pseudonymise zk-1/version-2 -o tree && zk2kraft inspect tree",
                    "one ZooKeeper server's files"}},
      .options = &pseudonymise_options,
      .positionals = {{"source", 1}},
      .run = &run_pseudonymise};
}

}  // namespace tools
