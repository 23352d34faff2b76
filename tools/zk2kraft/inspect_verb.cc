#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/match.h"
#include "sim/kafka/canonical.h"
#include "sim/kafka/image_records.h"
#include "sim/kafka/record_json.h"
#include "tools/zk2kraft/access_report.h"
#include "tools/zk2kraft/console.h"
#include "tools/zk2kraft/facts.h"
#include "tools/zk2kraft/groups_report.h"
#include "tools/zk2kraft/source_options.h"
#include "tools/zk2kraft/verb.h"
#include "zk/base64.h"

// `zk2kraft inspect SOURCE…`: what is in there, for a person who has never seen it before.
namespace tools {
namespace {

using nlohmann::ordered_json;

po::options_description inspect_options() {
  po::options_description options("Options");
  add_output_option(options, "text|json|jsonl");
  add_source_options(options);
  options.add_options()("topics", "list the topics, with partitions and replication factor")(
      "canonical",
      "print the metadata as canonical text, a line for each thing, instead of a summary")(
      "groups", "of brokers' __consumer_offsets-*: consumer groups and their committed offsets")(
      "group", po::value<std::vector<std::string>>()->composing()->value_name("GROUP"),
      "of --groups: only this group; may be repeated");
  add_retention_option(options);
  add_access_options(options);
  return options;
}

void print_line(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

// Bytes that are no UTF-8 in paths and names are replaced rather than fatal.
std::string dumped(const ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

// ── Everything, a line each ─────────────────────────────────────────────────────────────────────

// "world:anyone:31", comma-separated.
std::string acl_text(const zk::AclList* list) {
  std::string text;
  if (list == nullptr) return text;
  for (const zk::Acl& acl : *list) {
    text += fmt::format("{}{}:{}:{}", text.empty() ? "" : ",", acl.scheme, acl.id, acl.perms);
  }
  return text;
}

void print_znodes(const ZooKeeperSource& source, bool cluster_only) {
  const zk::Tree& tree = source.database.tree;
  const auto print = [&](std::string_view path, const zk::Znode& znode) {
    const zk::Stat stat = zk::shown(znode.stat, 0, znode.num_children);
    print_line(
        dumped({{"path", path},
                {"data", znode.data ? ordered_json(zk::base64_encode(sim::as_bytes(*znode.data)))
                                    : ordered_json()},
                {"czxid", stat.czxid.value()},
                {"mzxid", stat.mzxid.value()},
                {"pzxid", stat.pzxid.value()},
                {"ctime", stat.ctime.value()},
                {"mtime", stat.mtime.value()},
                {"version", stat.version.value()},
                {"cversion", stat.cversion.value()},
                {"aversion", stat.aversion.value()},
                {"ephemeralOwner", stat.ephemeral_owner.value()},
                {"numChildren", stat.num_children},
                {"acl", acl_text(tree.acl(znode))}}));
  };
  if (cluster_only) {
    tree.for_each_below(source.root.empty() ? "/" : source.root, print);
  } else {
    tree.for_each(print);
  }
}

void print_records(const sim::MetadataImage& image) {
  const auto left_out = sim::to_records(
      image, [](const sim::VersionedRecord& record) { print_line(sim::to_json(record)); });
  for (const std::string& what : left_out) {
    fmt::print(stderr, "zk2kraft: {} has no record in this metadata.version and was left out\n",
               what);
  }
}

// ── Topics ──────────────────────────────────────────────────────────────────────────────────────

std::size_t replication_factor(const sim::Topic& topic) {
  std::size_t factor = 0;
  for (const auto& [id, partition] : topic.partitions())
    factor = std::max(factor, partition.replicas.size());
  return factor;
}

ordered_json topics_as_json(const sim::MetadataImage& image) {
  ordered_json topics = ordered_json::array();
  for (const sim::Topic& topic : image.topics()) {
    topics.push_back({{"name", topic.name()},
                      {"id", topic.id().describe()},
                      {"partitions", topic.partition_count()},
                      {"replicationFactor", replication_factor(topic)}});
  }
  return topics;
}

void print_topics(const sim::MetadataImage& image) {
  fmt::print("\n  {:<22}  {:>10}  {:>11}  topic\n", "id", "partitions", "replication");
  for (const sim::Topic& topic : image.topics()) {
    fmt::print("  {:<22}  {:>10}  {:>11}  {}\n", topic.id().describe(), topic.partition_count(),
               replication_factor(topic), topic.name());
  }
}

// ── One source ──────────────────────────────────────────────────────────────────────────────────

const std::string& described(const OpenSource& source) {
  return std::visit([](const auto& each) -> const std::string& { return each.described; }, source);
}

struct Asked {
  OutputFormat format = OutputFormat::Text;
  SourceOptions source;
  bool topics = false;
  bool canonical = false;
  std::optional<AccessQuestion> access;
};

// Whether the one principal may do the one thing, and nothing else of the source.
ExitCode print_access(const OpenSource& source, const SourceImage& image, const Asked& asked,
                      ExitCode code) {
  const AccessAnswer answer = answer_to(*asked.access, source, image.image);
  if (answer.differs) code = worse(code, ExitCode::Finding);
  if (asked.format == OutputFormat::Text) {
    print_line(coloured(described(source), Colour::Bold));
    fmt::print("{}", answer.facts.to_text());
    if (answer.differs) print_line("  The migration changes what they may do.");
    return code;
  }
  ordered_json object{{"path", described(source)}};
  object.update(answer.facts.to_json());
  object["differs"] = answer.differs;
  object["exitCode"] = static_cast<int>(code);
  print_line(dumped(object, asked.format == OutputFormat::Json ? 2 : -1));
  return code;
}

ExitCode inspect(const std::string& argument, const Asked& asked) {
  const auto source = open_source(argument, asked.source);
  if (!source) return report(source.error());
  const SourceImage image = image_of(*source);
  const ExitCode code = soundness(*source, image.report);
  if (asked.access) return print_access(*source, image, asked, code);
  if (asked.canonical) {
    sim::canonical_lines(image.image, print_line);
  } else if (asked.format == OutputFormat::JsonLines) {
    sim::match(
        *source,
        [&](const ZooKeeperSource& zookeeper) {
          print_znodes(zookeeper, asked.source.chroot.has_value());
        },
        [](const MetadataSource& metadata) { print_records(metadata.loaded.image); });
  } else if (asked.format == OutputFormat::Json) {
    ordered_json object{{"path", described(*source)}};
    object.update(facts_of(*source, image).to_json());
    if (asked.topics) object["topicList"] = topics_as_json(image.image);
    object["exitCode"] = static_cast<int>(code);
    print_line(dumped(object, 2));
  } else {
    print_line(coloured(described(*source), Colour::Bold));
    fmt::print("{}", facts_of(*source, image).to_text());
    if (asked.topics) print_topics(image.image);
  }
  return code;
}

ExitCode run_inspect_groups(const po::variables_map& arguments, OutputFormat format) {
  constexpr std::array kOfMetadata{"topics", "canonical", "can",          "chroot",
                                   "at",     "secret",    "data-log-dir", "auth"};
  if (const auto wrong = refused_beside(arguments, "with --groups", kOfMetadata))
    return report(*wrong);
  const auto retention = retention_ms(arguments);
  if (!retention) return report(retention.error());
  const auto source = open_offsets(arguments["sources"].as<std::vector<std::string>>());
  if (!source) return report(source.error());
  GroupsAsked groups{.format = format, .groups = {}, .retention_ms = *retention};
  if (arguments.count("group") != 0)
    groups.groups = arguments["group"].as<std::vector<std::string>>();
  return show_groups(*source, groups);
}

bool asks_for_groups(const po::variables_map& arguments) {
  return arguments.count("groups") != 0 || arguments.count("group") != 0;
}

ExitCode run_inspect(const po::variables_map& arguments) {
  constexpr std::array kFormats{OutputFormat::Text, OutputFormat::Json, OutputFormat::JsonLines};
  const auto format = output_format(arguments, kFormats);
  if (!format) return report(format.error());
  auto source = source_options(arguments);
  if (!source) return report(source.error());
  auto access = access_question(arguments);
  if (!access) return report(access.error());
  Asked asked{.format = *format,
              .source = *std::move(source),
              .topics = arguments.count("topics") != 0,
              .canonical = arguments.count("canonical") != 0,
              .access = *std::move(access)};
  // Znodes can be listed whether or not they are Kafka's.
  asked.source.needs_cluster =
      asked.format != OutputFormat::JsonLines || asked.canonical || asked.access;
  if (arguments.count("sources") == 0) {
    return report({.severity = sim::Severity::Usage,
                   .place = {},
                   .what = "inspect needs a SOURCE",
                   .remedy = "Give a ZooKeeper data directory, host:port, a __cluster_metadata-0, "
                             "or one of its files."});
  }
  if (asks_for_groups(arguments)) return run_inspect_groups(arguments, *format);
  constexpr std::array kOfGroups{"retention-minutes"};
  if (const auto wrong = refused_beside(arguments, "without --groups", kOfGroups))
    return report(*wrong);
  ExitCode code = ExitCode::Good;
  for (const std::string& argument : arguments["sources"].as<std::vector<std::string>>()) {
    code = worse(code, inspect(argument, asked));
  }
  return code;
}

}  // namespace

Verb inspect_verb() {
  return {
      .name = "inspect",
      .summary =
          "show what is in a ZooKeeper data directory, a live ensemble, a KRaft metadata log, or "
          "brokers' consumer groups",
      .synopsis =
          "SOURCE… [--at ZXID|claim] [--chroot PATH] [--topics | --canonical | --groups] [--can "
          "OPERATION:TYPE:NAME --principal P] [--output text|json|jsonl]",
      .explanation =
          "Says of each SOURCE what it is, whose cluster it holds, who controls it, how far a "
          "migration has\n"
          "come, how much metadata of each kind there is, and what could not be read. Of a "
          "KRaft log, --at is an\n"
          "offset, inclusive.\n\n"
          "--output json prints one object for each source. jsonl prints all there is, a line "
          "each: every znode\n"
          "with data (base64), stat and ACL, or the records that a snapshot of the metadata "
          "would have.\n"
          "--canonical prints the metadata in a form that is the same for both stores: made "
          "for diff(1). It\n"
          "shows credentials, and passwords if their --secret is given.\n\n"
          "With --groups a SOURCE is a broker's log directory, one __consumer_offsets-N in it, or "
          "a folder\n"
          "with those of several brokers (tools/collect --offsets): groups with state, generation, "
          "members, and\n"
          "each committed offset with epoch, metadata, times, and when it may expire. Where "
          "brokers hold copies\n"
          "of one partition, the longest of the highest leader epoch is believed, and what another "
          "says\n"
          "otherwise is named. jsonl has a line for each partition, group, member, offset, pending "
          "offset and\n"
          "tombstone; json the same lines in one object.\n\n"
          "--can asks the ACLs in there whether --principal may do something, as AclAuthorizer "
          "decides in ZooKeeper\n"
          "mode and StandardAuthorizer in KRaft, and names the ACL that decides. The two are not "
          "the same about\n"
          "everything: exit code 1 says that here the migration changes what one may do.\n\n"
          "Exit code 0: all was read; 1: --can, and the two differ; 2: something is missing, "
          "unreadable or in doubt, and "
          "named; 3: no such\n"
          "file; 4: damage.",
      .examples = {{"zk2kraft inspect scenarios/sample/p3-hybrid/zk-1 "
                    "scenarios/sample/p3-hybrid/controller-3000",
                    "both stores of the sample cluster while it migrates"},
                   {"zk2kraft inspect --at claim --topics scenarios/sample/p3-hybrid/zk-1",
                    "the tree that the migration copied, with its topics"},
                   {"zk2kraft inspect scenarios/sample/p0-zookeeper/zk-1 --can READ:TOPIC:orders "
                    "--principal User:alice",
                    "may she, now and after the migration?"},
                   {"zk2kraft inspect --output jsonl zk1:2181,zk2:2181/kafka | jq -r .path",
                    "every znode of a running ensemble, read only"},
                   {"zk2kraft inspect --groups fleet", "who reads what, and how far it has come"},
                   {"zk2kraft inspect --groups --output jsonl /var/lib/kafka | jq "
                    "'select(.kind==\"offset\")'",
                    "every committed offset of one broker's partitions"},
                   {"zk2kraft inspect --group payments /var/lib/kafka/__consumer_offsets-12",
                    "one group, from the partition that holds it"}},
      .options = &inspect_options,
      .positionals = {{"sources", -1}},
      .run = &run_inspect};
}

}  // namespace tools
