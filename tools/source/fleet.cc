#include "tools/source/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "kraft/disk/metadata_dir.h"
#include "kraft/disk/node_files.h"
#include "tools/source/checkpoint.h"
#include "zk/disk/recovery.h"

namespace tools {
namespace {

namespace fs = std::filesystem;
using migrate::NodeFacts;

constexpr std::string_view kConfigSuffix = ".properties";
constexpr std::string_view kMetaName = "meta.properties";
constexpr std::string_view kServerName = "server.properties";
constexpr std::string_view kVersionName = "version";

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  std::ranges::sort(entries);
  return entries;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}
bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

class FleetReader {
 public:
  explicit FleetReader(SourceOptions options) : options_(std::move(options)) {}

  sim::Expected<void> add(const std::string& argument) {
    const fs::path path = argument;
    if (is_file(path) && path.filename().string().ends_with(kConfigSuffix)) {
      add_file(path);
      return {};
    }
    // A store by itself, a live ensemble among them; or else a folder of nodes.
    const auto kind = kind_of_source(argument, Store::Either);
    if (kind && !is_file(path / kServerName)) {
      (*kind == SourceKind::MetadataDirectory || *kind == SourceKind::MetadataFile ? logs_ : trees_)
          .push_back(argument);
      return {};
    }
    if (!is_folder(path)) return std::unexpected(kind.error());
    const std::size_t before = found();
    if (is_file(path / kServerName)) {
      add_node_folder(path);
    } else {
      for (const fs::path& entry : entries_of(path))
        is_folder(entry) ? add_node_folder(entry) : add_file(entry);
    }
    if (found() == before) return std::unexpected(kind.error());
    return {};
  }

  sim::Expected<Fleet> finish() {
    for (auto& [name, node] : nodes_) fleet_.facts.nodes.push_back(std::move(node));
    if (!options_.password_secret) options_.password_secret = secret_of_brokers();
    if (auto opened = open_zookeeper_of(); !opened) return std::unexpected(opened.error());
    if (auto opened = open_logs(); !opened) return std::unexpected(opened.error());
    const auto guess = migrate::guess_phase(fleet_.facts);
    fleet_.facts.phase = guess.phase;
    fleet_.facts.phase_because = guess.because;
    return std::move(fleet_);
  }

 private:
  std::size_t found() const { return nodes_.size() + logs_.size() + trees_.size(); }

  NodeFacts& node(const std::string& name) {
    NodeFacts& node = nodes_[name];
    node.name = name;
    return node;
  }

  // "broker-1.properties", "broker-1.meta.properties", "broker-1.version"; other files are not
  // looked at.
  void add_file(const fs::path& file) {
    const std::string name = file.filename().string();
    const std::string meta = fmt::format(".{}", kMetaName);
    if (name.ends_with(meta)) {
      add_log_directory(node(name.substr(0, name.size() - meta.size())), file);
    } else if (name == kServerName) {
      add_config(node(fs::absolute(file).parent_path().filename().string()), file);
    } else if (name.ends_with(kConfigSuffix) && name != kMetaName) {
      add_config(node(name.substr(0, name.size() - kConfigSuffix.size())), file);
    } else if (name.ends_with(".version")) {
      add_version(node(file.stem().string()), file);
    }
  }

  void add_node_folder(const fs::path& folder) {
    const std::string path = folder.string();
    const auto zookeeper = kind_of_source(path, Store::ZooKeeper);
    if (zookeeper && *zookeeper == SourceKind::ZooKeeperDirectory) trees_.push_back(path);
    const std::string name = fs::absolute(folder).lexically_normal().filename().string();
    if (is_file(folder / kServerName)) add_config(node(name), folder / kServerName);
    if (is_file(folder / kVersionName)) add_version(node(name), folder / kVersionName);
    add_log_directories(name, folder);
    for (const fs::path& inside : entries_of(folder)) {
      if (is_folder(inside)) add_log_directories(name, inside);
    }
  }

  void add_log_directories(const std::string& name, const fs::path& folder) {
    if (is_file(folder / kMetaName)) add_log_directory(node(name), folder / kMetaName);
    const fs::path log = folder / kraft::kMetadataPartition;
    if (folder.filename() == kraft::kMetadataPartition || !is_folder(log)) return;
    node(name).has_metadata_log = true;
    logs_of_nodes_.emplace_back(name, log.string());
  }

  void add_config(NodeFacts& node, const fs::path& file) {
    const auto text = kraft::read_small_file(file);
    if (!text) return problem(text.error());
    auto read = sim::PropertiesFile::parse(*text, file.string());
    if (!read) return problem(read.error());
    for (const std::uint32_t line : read->written_as_utf8()) {
      fleet_.doubts.push_back(fmt::format(
          "{}:{} is written in UTF-8, and Kafka reads ISO-8859-1: it sees other characters",
          file.string(), line));
    }
    node.config.emplace(*std::move(read));
  }

  void add_log_directory(NodeFacts& node, const fs::path& file) {
    const auto text = kraft::read_small_file(file);
    if (!text) return problem(text.error());
    const auto read = kraft::parse_meta_properties(*text, file.string());
    if (!read) return problem(read.error());
    node.log_directories.push_back({.file = file.string(),
                                    .version = read->version,
                                    .node_id = read->node_id,
                                    .cluster_id = read->cluster_id,
                                    .directory_id = read->directory_id});
  }

  void add_version(NodeFacts& node, const fs::path& file) {
    auto line = first_line(file, "the version of Kafka");
    if (!line) return problem(line.error());
    node.software = *std::move(line);
  }

  void problem(const sim::Problem& problem) { fleet_.problems.push_back(problem); }

  std::optional<std::string> secret_of_brokers() const {
    for (const NodeFacts* node : fleet_.facts.brokers()) {
      constexpr std::string_view kName = "password.encoder.secret";
      if (node->config && node->config->has(kName) && !node->config->is_unresolved(kName))
        return node->config->text(kName);
    }
    return std::nullopt;
  }

  // Of several servers' files those that reach furthest.
  sim::Expected<void> open_zookeeper_of() {
    std::optional<ZooKeeperSource> best;
    for (const std::string& tree : trees_) {
      auto opened = open_zookeeper(tree, options_);
      if (!opened) return std::unexpected(std::move(opened).error());
      if (!best || opened->zxid > best->zxid) best = *std::move(opened);
    }
    if (!best) return {};
    for (const auto& warning : best->warnings) {
      if (warning.casts_doubt()) fleet_.doubts.push_back(zk::disk::describe(warning));
    }
    if (best->live) {
      for (const auto& each : best->live->unreadable)
        fleet_.doubts.push_back(
            fmt::format("{} could not be read: {}", each.path, why_refused(each)));
      for (const std::string& path : best->live->unsettled)
        fleet_.doubts.push_back(path + " changed while it was read");
    }
    fleet_.described.push_back(fmt::format("ZooKeeper {}", best->described));
    auto copied = zk::zk_to_image(best->database.tree, best->root,
                                  {.password_secret = options_.password_secret});
    fleet_.facts.zookeeper =
        migrate::ZooKeeperFacts{.source = best->described,
                                .root = best->root,
                                .tree = std::move(best->database.tree),
                                .view = std::move(best->view),
                                .image = std::move(copied.image),
                                .report = std::move(copied.report),
                                .secret_known = options_.password_secret.has_value()};
    return {};
  }

  sim::Expected<void> open_logs() {
    for (const auto& [name, path] : logs_of_nodes_) {
      // A broker's copy of the log says what a controller's says, only later.
      const auto at = std::ranges::find(fleet_.facts.nodes, name, &NodeFacts::name);
      if (at == fleet_.facts.nodes.end() || !at->config || at->is_controller())
        logs_.push_back(path);
    }
    for (const std::string& log : logs_) {
      auto opened = open_metadata(log);
      if (!opened) return std::unexpected(std::move(opened).error());
      add_log(*std::move(opened));
    }
    return {};
  }

  void add_log(MetadataSource source) {
    const kraft::LoadedMetadata& loaded = source.loaded;
    std::optional<zk::MigrationZnode> migration;
    if (fleet_.facts.zookeeper && fleet_.facts.zookeeper->view.migration)
      migration = fleet_.facts.zookeeper->view.migration->znode;
    for (const sim::Problem& each : loaded.problems) fleet_.doubts.push_back(sim::describe(each));
    if (loaded.log.damage) problem(*loaded.log.damage);
    migrate::MetadataFacts facts{.source = source.described,
                                 .node = loaded.node ? loaded.node->node_id : std::nullopt,
                                 .image = at_end_of_log(loaded),
                                 .end = {loaded.log.epoch, loaded.log.end},
                                 .from_the_beginning = !loaded.log.checkpoint,
                                 .damaged = loaded.log.damage.has_value(),
                                 .unfenced_in_vain = loaded.unfenced_in_vain};
    if (loaded.log.leader_change) facts.leader = loaded.log.leader_change->leader_id;
    if (loaded.open_transaction)
      facts.open_transaction = loaded.open_transaction->name.value_or("");
    if (migration) {
      auto checkpoint = checkpoint_of(source, migration);
      if (!checkpoint.why_not) facts.at_checkpoint = std::move(checkpoint.image);
      facts.quotas_removed = std::move(checkpoint.quotas_removed);
    }
    fleet_.described.push_back(fmt::format("log {}, ends with offset {} of epoch {}",
                                           source.described, loaded.log.end.value() - 1,
                                           loaded.log.epoch.value()));
    fleet_.facts.metadata.push_back(std::move(facts));
  }

  SourceOptions options_;
  Fleet fleet_;
  std::map<std::string, NodeFacts> nodes_;
  std::vector<std::string> trees_;
  std::vector<std::string> logs_;
  std::vector<std::pair<std::string, std::string>> logs_of_nodes_;
};

}  // namespace

sim::Expected<Fleet> open_fleet(const std::vector<std::string>& arguments,
                                const SourceOptions& options) {
  FleetReader reader(options);
  for (const std::string& argument : arguments) {
    if (auto added = reader.add(argument); !added) return std::unexpected(std::move(added).error());
  }
  return reader.finish();
}

}  // namespace tools
