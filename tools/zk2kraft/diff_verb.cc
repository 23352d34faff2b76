#include <fmt/format.h>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migrate/differences.h"
#include "tools/source/checkpoint.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/diff_report.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft diff --from ZK --to KRAFT`: does ZooKeeper say what KRaft says? The comparison is
// migrate's; here both stores are opened, the metadata log twice: as of what ZooKeeper says it
// mirrors, and to its end.
namespace tools {
namespace {

po::options_description options() {
  po::options_description options("Options");
  options.add_options()("from", po::value<std::string>()->value_name("ZK"),
                        "ZooKeeper data directory or host:port[,…][/chroot]")(
      "to", po::value<std::string>()->value_name("KRAFT"),
      "__cluster_metadata-0 of a controller, or a file of it");
  add_output_option(options, "text|json|junit");
  add_source_options(options);
  options.add_options()("all", "name every tolerated difference, not only the first of each kind");
  return options;
}

ExitCode usage(std::string what) {
  return report({.severity = sim::Severity::Usage,
                 .place = {},
                 .what = std::move(what),
                 .remedy = "Write: zk2kraft diff --from ZK --to KRAFT."});
}

// Without an image of the right moment a difference may be one that is on its way.
void doubt(migrate::DiffReport& report, const std::string& why) {
  for (sim::Difference& difference : report.different)
    report.unknown.push_back({sim::describe(difference), why});
  report.different.clear();
  if (report.verdict != migrate::Verdict::Behind) {
    report.verdict = report.unknown.empty() ? migrate::Verdict::Equal : migrate::Verdict::Unknown;
  }
}

// What is wrong with the reading of a source makes the verdict unknown, and is named.
void add_doubts(const OpenSource& source, migrate::DiffReport& report) {
  const auto unknown = [&](std::string path, std::string why) {
    report.unknown.push_back({std::move(path), std::move(why)});
    if (report.verdict == migrate::Verdict::Equal) report.verdict = migrate::Verdict::Unknown;
  };
  if (const auto* zookeeper = std::get_if<ZooKeeperSource>(&source)) {
    for (const auto& warning : zookeeper->warnings) {
      if (warning.casts_doubt()) unknown(sim::describe(warning.place), warning.what);
    }
    for (const auto& each : zookeeper->view.unreadable) unknown(each.path, each.why);
    if (!zookeeper->live) return;
    for (const std::string& path : zookeeper->live->unsettled)
      unknown(path, "it changed while it was read");
    for (const auto& each : zookeeper->live->unreadable) unknown(each.path, why_refused(each));
    return;
  }
  const kraft::LoadedMetadata& loaded = std::get<MetadataSource>(source).loaded;
  for (const sim::Problem& problem : loaded.problems)
    unknown(sim::describe(problem.place), problem.what);
  if (loaded.log.damage) unknown(sim::describe(loaded.log.damage->place), loaded.log.damage->what);
}

ExitCode exit_code_of(migrate::Verdict verdict) {
  switch (verdict) {
    case migrate::Verdict::Equal:
      return ExitCode::Good;
    case migrate::Verdict::Different:
      return ExitCode::Finding;
    case migrate::Verdict::Unknown:
    case migrate::Verdict::Behind:
      return ExitCode::Unknown;
  }
  return ExitCode::Internal;
}

ExitCode compare(ZooKeeperSource zookeeper, MetadataSource kraft, OutputFormat format,
                 Detail detail) {
  std::optional<zk::MigrationZnode> migration;
  if (zookeeper.view.migration) migration = zookeeper.view.migration->znode;
  const OpenSource from = std::move(zookeeper);
  const SourceImage tree = image_of(from);
  const Checkpoint checkpoint = checkpoint_of(kraft, migration);
  const sim::MetadataImage at_end = at_end_of_log(kraft.loaded);
  migrate::DiffReport result = migrate::differences({.zookeeper = tree.image,
                                                     .report = tree.report,
                                                     .migration = migration,
                                                     .kraft_at_checkpoint = checkpoint.image,
                                                     .kraft_at_end = at_end,
                                                     .quotas_removed = checkpoint.quotas_removed});
  hide_secrets(result);
  if (checkpoint.why_not) doubt(result, *checkpoint.why_not);
  const bool damaged = kraft.loaded.log.damage.has_value();
  const DiffSides sides{.zookeeper = std::get<ZooKeeperSource>(from).described,
                        .kraft = kraft.described,
                        .migration = migration};
  const OpenSource to = std::move(kraft);
  add_doubts(from, result);
  add_doubts(to, result);
  print(result, sides, format, detail);
  const ExitCode code = exit_code_of(result.verdict);
  return damaged ? worse(code, ExitCode::Malformed) : code;
}

ExitCode run(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json, OutputFormat::Junit};
  const auto format = output_format(arguments, kFormats);
  if (!format) return report(format.error());
  if (arguments.count("from") == 0) return usage("diff needs --from, a ZooKeeper source");
  if (arguments.count("to") == 0) return usage("diff needs --to, a KRaft metadata log");
  const auto from_options = source_options(arguments);
  if (!from_options) return report(from_options.error());
  // Both are opened, so that a person learns at once of all that is wrong.
  auto zookeeper = open_zookeeper(arguments["from"].as<std::string>(), *from_options);
  auto kraft = open_metadata(arguments["to"].as<std::string>());
  ExitCode code = ExitCode::Good;
  if (!zookeeper) code = worse(code, report(zookeeper.error()));
  if (!kraft) code = worse(code, report(kraft.error()));
  if (code != ExitCode::Good) return code;
  return compare(*std::move(zookeeper), *std::move(kraft), *format,
                 arguments.count("all") != 0 ? Detail::All : Detail::First);
}

}  // namespace

Verb diff_verb() {
  return {
      .name = "diff",
      .summary = "compare what ZooKeeper says with what a KRaft metadata log says",
      .synopsis =
          "--from ZK --to KRAFT [--secret FILE] [--at ZXID] [--chroot PATH] [--output "
          "text|json|junit]",
      .explanation =
          "Compares the nine kinds of metadata that a migration copies and mirrors, as of the "
          "offset that\n"
          "/migration names. What a healthy migration leaves different is tolerated and named with "
          "its reason;\n"
          "changes above that offset are pending; the rest is different. Take the log of a "
          "controller that was\n"
          "alive when ZooKeeper's files were copied: one that ends below the offset is behind.\n\n"
          "Exit code 0: equal; 1: different; 2: unknown, because something cannot be read or "
          "decoded, or behind;\n"
          "3: no such file; 4: damage. Passwords are compared and never shown.",
      .examples = {{"zk2kraft diff --from scenarios/sample/p3-hybrid/zk-1 --to "
                    "scenarios/sample/p3-hybrid/controller-3000",
                    "did everything move, and is the mirror up to date?"},
                   {"zk2kraft diff --from zk1:2181/kafka --to /var/lib/kafka/__cluster_metadata-0 "
                    "--secret secret.txt",
                    "a running ensemble, with encoded passwords decoded"},
                   {"zk2kraft diff --from zk-1 --to controller-3000 --output junit > diff.xml",
                    "a test case for each kind of metadata, for a pipeline"}},
      .options = &options,
      .positionals = {},
      .run = &run};
}

}  // namespace tools
