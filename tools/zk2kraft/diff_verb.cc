#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/metadata_kinds.h"
#include "migrate/same_store.h"
#include "sim/base/match.h"
#include "sim/base/suggest.h"
#include "tools/source/checkpoint.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/diff_report.h"
#include "tools/zk2kraft/offsets_report.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"

// `zk2kraft diff --from SOURCE --to SOURCE`: do two sources say the same? The comparison is
// migrate's; here both are opened, of ZooKeeper and KRaft the metadata log twice: as of what
// ZooKeeper says it mirrors, and to its end. `zk2kraft diff --offsets BEFORE AFTER`: what became of
// each committed offset (offsets_report.h).
namespace tools {
namespace {

po::options_description diff_options() {
  po::options_description options("Options");
  options.add_options()("from", po::value<std::string>()->value_name("SOURCE"),
                        "ZooKeeper data directory or host:port[,…][/chroot]; or a controller's "
                        "__cluster_metadata-0, or a file of it")(
      "to", po::value<std::string>()->value_name("SOURCE"), "what it is compared with")(
      "kind", po::value<std::vector<std::string>>()->composing()->value_name("KIND"),
      "compare this kind of metadata alone; may be repeated. ZooKeeper holds topics, partitions, "
      "topic-configs, broker-configs, client-quotas, scram-credentials, producer-ids, acls, "
      "delegation-tokens; KRaft also features, brokers, controllers, other-configs");
  add_output_option(options, "text|json|jsonl|junit");
  add_source_options(options);
  options.add_options()("to-at", po::value<std::string>()->value_name("MOMENT"),
                        "what --at is for --from, for --to: a zxid or 'claim', or an offset of a "
                        "metadata log")(
      "all", "name every tolerated difference, not only the first of each kind");
  add_offsets_options(options);
  return options;
}

std::vector<std::string_view> kind_words() {
  std::vector<std::string_view> words;
  for (const sim::Family kind : migrate::all_kinds()) words.push_back(migrate::word_of(kind));
  return words;
}

// The kinds asked for with --kind; nothing: all that both sides hold.
using Wanted = std::optional<std::vector<sim::Family>>;

sim::Expected<Wanted> wanted_kinds(const po::variables_map& arguments) {
  if (arguments.count("kind") == 0) return std::nullopt;
  std::vector<sim::Family> kinds;
  for (const std::string& word : arguments["kind"].as<std::vector<std::string>>()) {
    const auto kind = migrate::kind_of_word(word);
    if (!kind) {
      return sim::refused(sim::Severity::Usage, "--kind",
                          fmt::format("there is no kind of metadata '{}'", word),
                          fmt::format("The kinds are {}.{}", fmt::join(kind_words(), ", "),
                                      sim::did_you_mean(word, kind_words())));
    }
    kinds.push_back(*kind);
  }
  return kinds;
}

// Those of `held` that are wanted. A kind that one of the two stores does not know cannot be.
sim::Expected<sim::Families> chosen(const Wanted& wanted, sim::Families held) {
  if (!wanted) return held;
  for (const sim::Family kind : *wanted) {
    if (!held.contains(kind)) {
      return sim::refused(
          sim::Severity::Usage, "--kind",
          fmt::format("ZooKeeper holds no {} that could be compared", sim::name_of(kind)),
          "Compare two metadata logs, or leave this kind out.");
    }
  }
  return migrate::only(*wanted);
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
void add_doubts(const OpenSource& source, sim::Families kinds, migrate::DiffReport& report) {
  const auto unknown = [&](std::string path, std::string why,
                           sim::Families hides = sim::Families::all()) {
    if (!migrate::overlap(hides, kinds)) return;
    report.unknown.push_back({std::move(path), std::move(why), hides});
    if (report.verdict == migrate::Verdict::Equal) report.verdict = migrate::Verdict::Unknown;
  };
  if (const auto* zookeeper = std::get_if<ZooKeeperSource>(&source)) {
    for (const auto& warning : zookeeper->warnings) {
      if (warning.casts_doubt()) unknown(sim::describe(warning.place), warning.what);
    }
    for (const auto& each : zookeeper->view.unreadable)
      unknown(each.path, each.why, migrate::kinds_of_znode(each.path));
    if (!zookeeper->live) return;
    for (const std::string& path : zookeeper->live->unsettled)
      unknown(path, "it changed while it was read");
    for (const auto& each : zookeeper->live->unreadable)
      unknown(each.path, why_refused(each), migrate::kinds_of_znode(each.path));
    return;
  }
  const kraft::LoadedMetadata& loaded = std::get<MetadataSource>(source).loaded;
  for (const sim::Problem& problem : loaded.problems)
    unknown(sim::describe(problem.place), problem.what);
  if (loaded.log.damage) unknown(sim::describe(loaded.log.damage->place), loaded.log.damage->what);
}

ExitCode diff_exit_code(migrate::Verdict verdict) {
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

struct Compared {
  migrate::DiffReport report;
  DiffSides sides;
  sim::Families kinds = sim::Families::all();
  std::optional<std::string> doubtful;  // why each difference may be none
};

sim::OffsetAndEpoch last_record(const MetadataSource& source) {
  return {.epoch = source.loaded.log.epoch, .offset = source.loaded.log.end.plus(-1)};
}

DiffSide side_of(const OpenSource& source) {
  return sim::match(
      source,
      [](const ZooKeeperSource& tree) {
        return DiffSide{.described = tree.described, .store = "ZooKeeper", .end = {}};
      },
      [](const MetadataSource& log) {
        return DiffSide{.described = log.described, .store = "KRaft", .end = last_record(log)};
      });
}

// What is compared of a source. The znodes go as soon as they are an image: two trees of a million
// partitions need not be in memory at once.
struct OpenSide {
  OpenSource source;
  SourceImage image;
};
OpenSide side_from(OpenSource source) {
  SourceImage image = image_of(source);
  if (auto* const tree = std::get_if<ZooKeeperSource>(&source)) tree->database = {};
  return {std::move(source), std::move(image)};
}

sim::Expected<Compared> compare_stores(const OpenSide& tree, const MetadataSource& log,
                                       const Wanted& wanted) {
  const auto kinds = chosen(wanted, sim::Families::mirrored());
  if (!kinds) return std::unexpected(kinds.error());
  std::optional<zk::MigrationZnode> migration;
  if (const auto& view = std::get<ZooKeeperSource>(tree.source).view; view.migration)
    migration = view.migration->znode;
  const Checkpoint checkpoint = checkpoint_of(log, migration);
  return Compared{.report = migrate::differences(
                      {.zookeeper = tree.image.image,
                       .report = tree.image.report,
                       .migration = migration,
                       .kraft_at_checkpoint = checkpoint.image,
                       .kraft_at_end = at_end_of_log(log.loaded),
                       .quotas_removed = checkpoint.quotas_removed,
                       .configs_of_deleted_topics = checkpoint.configs_of_deleted_topics,
                       .kinds = *kinds}),
                  .sides = {.from = {}, .to = {}, .migration = migration},
                  .kinds = *kinds,
                  .doubtful = checkpoint.why_not};
}

sim::Expected<Compared> compare(const OpenSide& from, const OpenSide& to, const Wanted& wanted) {
  const auto* const from_log = std::get_if<MetadataSource>(&from.source);
  const auto* const to_log = std::get_if<MetadataSource>(&to.source);
  if (from_log == nullptr && to_log != nullptr) return compare_stores(from, *to_log, wanted);
  if (from_log != nullptr && to_log == nullptr) {
    auto compared = compare_stores(to, *from_log, wanted);
    if (compared) turn_round(compared->report);
    return compared;
  }
  const auto kinds =
      chosen(wanted, from_log != nullptr ? sim::Families::all() : sim::Families::mirrored());
  if (!kinds) return std::unexpected(kinds.error());
  if (from_log != nullptr) {
    return Compared{.report = migrate::differences_of_logs(from_log->loaded.image,
                                                           to_log->loaded.image, *kinds),
                    .sides = {},
                    .kinds = *kinds,
                    .doubtful = {}};
  }
  return Compared{
      .report = migrate::differences_of_trees({from.image.image, from.image.report},
                                              {to.image.image, to.image.report}, *kinds),
      .sides = {},
      .kinds = *kinds,
      .doubtful = {}};
}

ExitCode show(const OpenSide& from, const OpenSide& to, const Wanted& wanted, OutputFormat format,
              Detail detail) {
  auto compared = compare(from, to, wanted);
  if (!compared) return report(compared.error());
  compared->sides.from = side_of(from.source);
  compared->sides.to = side_of(to.source);
  hide_secrets(compared->report);
  if (compared->doubtful) doubt(compared->report, *compared->doubtful);
  ExitCode code = ExitCode::Good;
  for (const OpenSource* source : {&from.source, &to.source}) {
    add_doubts(*source, compared->kinds, compared->report);
    const auto* const log = std::get_if<MetadataSource>(source);
    if (log != nullptr && log->loaded.log.damage) code = ExitCode::Malformed;
  }
  print(compared->report, compared->sides, format, detail);
  return worse(code, diff_exit_code(compared->report.verdict));
}

// A folder that holds both stores is the one from which a migration goes, or to which it goes.
sim::Expected<OpenSide> open_side(const std::string& argument, SourceOptions options, Store usual) {
  auto opened = open_source(argument, options);
  if (!opened && opened.error().severity == sim::Severity::Usage) {
    options.store = usual;
    opened = open_source(argument, options);
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  return side_from(*std::move(opened));
}

ExitCode run_diff(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json, OutputFormat::JsonLines,
                                OutputFormat::Junit};
  const auto format = output_format(arguments, kFormats);
  if (!format) return report(format.error());
  const Detail detail = arguments.count("all") != 0 ? Detail::All : Detail::First;
  if (asks_for_offsets(arguments)) return run_offsets_diff(arguments, *format, detail);
  constexpr std::array kOfOffsets{"topics", "topics-before", "retention-minutes"};
  if (const auto wrong = refused_beside(arguments, "without --offsets", kOfOffsets))
    return report(*wrong);
  if (arguments.count("from") == 0 || arguments.count("to") == 0)
    return report(usage("diff needs --from and --to, a source each",
                        "Write: zk2kraft diff --from SOURCE --to SOURCE, or zk2kraft diff "
                        "--offsets BEFORE AFTER."));
  const auto wanted = wanted_kinds(arguments);
  if (!wanted) return report(wanted.error());
  const auto from_options = source_options(arguments);
  if (!from_options) return report(from_options.error());
  SourceOptions to_options = *from_options;
  to_options.at = arguments.count("to-at") == 0
                      ? std::nullopt
                      : std::optional(arguments["to-at"].as<std::string>());
  // Both are opened, so that a person learns at once of all that is wrong.
  auto from = open_side(arguments["from"].as<std::string>(), *from_options, Store::ZooKeeper);
  auto to = open_side(arguments["to"].as<std::string>(), to_options, Store::KRaft);
  ExitCode code = ExitCode::Good;
  if (!from) code = worse(code, report(from.error()));
  if (!to) code = worse(code, report(to.error()));
  if (code != ExitCode::Good) return code;
  return show(*from, *to, *wanted, *format, detail);
}

}  // namespace

Verb diff_verb() {
  return {
      .name = "diff",
      .summary =
          "compare what two sources say: ZooKeeper and KRaft, two of one store, or committed "
          "offsets before and after",
      .synopsis =
          "--from SOURCE --to SOURCE [--kind KIND]… [--at MOMENT] [--to-at MOMENT] "
          "[--secret FILE] | --offsets BEFORE AFTER [--topics SOURCE] [--output "
          "text|json|jsonl|junit]",
      .explanation =
          "Of ZooKeeper and KRaft, in either order, the nine kinds of metadata are compared that "
          "a\n"
          "migration copies and mirrors, as of the offset that /migration names. What a healthy\n"
          "migration leaves different is tolerated and named with its reason; changes above that\n"
          "offset are pending; the rest is different. Take the log of a controller that was alive\n"
          "when ZooKeeper's files were copied: one that ends below the offset is behind.\n\n"
          "Of two ZooKeeper trees the same nine kinds are compared, of two metadata logs all\n"
          "thirteen, and nothing is tolerated that a change of the store alone would excuse.\n\n"
          "With --offsets, BEFORE and AFTER are copies of brokers' __consumer_offsets-* (inspect\n"
          "--groups says which folders will do). Of each group and partition: equal, advanced, "
          "new,\n"
          "went back, vanished, with the reason where the bytes tell it. Expired offsets, deleted\n"
          "groups and topics are tolerated and named; an offset that went back, or vanished "
          "without a\n"
          "reason or before its time, is a finding; one that was not certainly committed in "
          "BEFORE,\n"
          "or whose partition is not in AFTER, is unknown.\n\n"
          "Exit code 0: equal; 1: different; 2: unknown, because something cannot be read or\n"
          "decoded, or behind; 3: no such file, or no such kind; 4: damage. Passwords are "
          "compared\n"
          "and never shown.",
      .examples = {{"zk2kraft diff --from scenarios/sample/p3-hybrid/zk-1 --to "
                    "scenarios/sample/p3-hybrid/controller-3000",
                    "did everything move, and is the mirror up to date?"},
                   {"zk2kraft diff --from zk-1 --at claim --to zk-1 --kind topics --kind acls",
                    "which topics and ACLs came or went in ZooKeeper since the copy"},
                   {"zk2kraft diff --from zk1:2181/kafka --to controller-3000 --secret secret.txt "
                    "--output junit > diff.xml",
                    "a running ensemble, with encoded passwords decoded; a test case for each kind "
                    "of metadata, for a pipeline"},
                   {"zk2kraft diff --offsets before after --topics after/controller-3000",
                    "did any group lose its place while the cluster was migrated?"}},
      .options = &diff_options,
      .positionals = {{"captures", 2}},
      .choices = {{"kind", kind_words()}},
      .run = &run_diff};
}

}  // namespace tools
