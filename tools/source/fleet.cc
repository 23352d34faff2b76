#include "tools/source/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "kraft/disk/metadata_dir.h"
#include "migrate/config/definitions.h"
#include "migrate/pseudonym/names.h"
#include "tools/source/checkpoint.h"
#include "tools/source/collection.h"
#include "tools/source/node_files.h"
#include "zk/disk/recovery.h"

namespace tools {
namespace {

namespace fs = std::filesystem;
using migrate::NodeFacts;
using migrate::ZooKeeperServerFacts;

constexpr std::string_view kConfigSuffix = ".properties";

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
    if (kind && !is_file(path / kServerName) && !is_file(path / kEnsembleName)) {
      (*kind == SourceKind::MetadataDirectory || *kind == SourceKind::MetadataFile ? logs_ : trees_)
          .push_back(argument);
      return {};
    }
    if (path.extension() == ".tar" && is_file(path))
      return sim::refused(sim::Severity::Usage, argument, "this is an archive",
                          fmt::format("Unpack it first: tar -xf '{}'", argument));
    if (!is_folder(path)) return std::unexpected(kind.error());
    const std::size_t before = found();
    if (is_collection(path)) {
      if (auto added = add_collection(path); !added) return added;
    } else if (is_file(path / kServerName) || is_file(path / kEnsembleName)) {
      add_node_folder(path);
    } else {
      for (const fs::path& entry : entries_of(path)) {
        if (is_collection(entry)) {
          if (auto added = add_collection(entry); !added) return added;
        } else {
          is_folder(entry) ? add_node_folder(entry) : add_file(entry);
        }
      }
    }
    if (found() == before) return std::unexpected(kind.error());
    return {};
  }

  sim::Expected<Fleet> finish() {
    for (auto& [name, node] : nodes_) fleet_.facts.nodes.push_back(std::move(node));
    for (auto& [name, server] : servers_) fleet_.facts.ensemble.push_back(std::move(server));
    if (salts_.size() > 1)
      notes_.doubts.push_back(
          "the collections have different salts: secrets of different nodes cannot be compared "
          "(tools/collect --salt-file)");
    if (!options_.password_secret) options_.password_secret = secret_of_brokers();
    if (auto opened = open_zookeeper_of(); !opened) return std::unexpected(opened.error());
    if (auto opened = open_logs(); !opened) return std::unexpected(opened.error());
    const auto guess = migrate::guess_phase(fleet_.facts);
    fleet_.facts.phase = guess.phase;
    fleet_.facts.phase_because = guess.because;
    fleet_.doubts = std::move(notes_.doubts);
    fleet_.problems = std::move(notes_.problems);
    return std::move(fleet_);
  }

 private:
  std::size_t found() const {
    return nodes_.size() + servers_.size() + logs_.size() + trees_.size();
  }

  NodeFacts& node(const std::string& name) {
    NodeFacts& node = nodes_[name];
    node.name = name;
    return node;
  }

  ZooKeeperServerFacts& server(const std::string& name) {
    ZooKeeperServerFacts& server = servers_[name];
    server.name = name;
    return server;
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

  // What tools/collect made: as its manifest says, or not at all.
  sim::Expected<void> add_collection(const fs::path& folder) {
    auto collection = read_manifest(folder);
    if (!collection) return std::unexpected(std::move(collection).error());
    for (const sim::Problem& each : verify(*collection)) problem(each);
    for (const std::string& path : unnamed_files(*collection))
      notes_.doubts.push_back(fmt::format("{} is not named by the manifest: somebody added it",
                                          (folder / path).string()));
    for (const MissingFile& missing : collection->missing)
      notes_.doubts.push_back(fmt::format("of {}, {} was not collected: {}", collection->host,
                                          missing.path, missing.why));
    salts_.insert(collection->salt);
    fleet_.described.push_back(fmt::format("collection of {} at {}, {} files", collection->host,
                                           collection->time, collection->files.size()));
    for (const fs::path& entry : entries_of(folder)) {
      if (is_folder(entry)) add_node_folder(entry, &*collection);
    }
    return {};
  }

  // Two machines may both have a broker-1; that they do is for a check to say.
  std::string free_name(std::string name, const Collection* collection) const {
    if (collection != nullptr && (nodes_.contains(name) || servers_.contains(name)))
      name += "@" + collection->host;
    return name;
  }

  void add_node_folder(const fs::path& folder, const Collection* collection = nullptr) {
    const std::string path = folder.string();
    const auto kind = kind_of_source(path, Store::ZooKeeper);
    const bool zookeeper = kind && *kind == SourceKind::ZooKeeperDirectory;
    if (zookeeper) trees_.push_back(path);
    const std::string name =
        free_name(fs::absolute(folder).lexically_normal().filename().string(), collection);
    const Surroundings around = read_surroundings(folder, notes_);
    if (is_file(folder / kServerName)) {
      add_config(node(name), folder / kServerName);
    } else if (is_file(folder / kEnsembleName) || zookeeper) {
      add_server(name, folder, around, collection);
    } else if (around.software) {
      node(name);
    }
    add_log_directories(name, folder, collection);
    for (const fs::path& inside : entries_of(folder)) {
      if (is_folder(inside)) add_log_directories(name, inside, collection);
    }
    const auto added = nodes_.find(name);
    if (added == nodes_.end()) return;
    if (around.software) added->second.software = around.software;
    if (around.java) added->second.java = around.java;
    added->second.jars = around.jars;
    added->second.logs = around.logs;
    if (collection != nullptr) added->second.host = collection->host;
  }

  void add_server(const std::string& name, const fs::path& folder, const Surroundings& around,
                  const Collection* collection) {
    ZooKeeperServerFacts& facts = server(name);
    if (collection != nullptr) facts.host = collection->host;
    if (is_file(folder / kEnsembleName)) facts.config = read_config(folder / kEnsembleName, notes_);
    if (const auto id = read_line(folder / "myid", notes_)) facts.id = migrate::integer_of(*id);
    facts.software = around.software;
    facts.java = around.java;
    facts.jars = around.jars;
    facts.logs = around.logs;
  }

  void add_log_directories(const std::string& name, const fs::path& folder,
                           const Collection* collection) {
    if (is_file(folder / kMetaName)) add_log_directory(node(name), folder / kMetaName, collection);
    const fs::path log = folder / kraft::kMetadataPartition;
    if (folder.filename() == kraft::kMetadataPartition || !is_folder(log)) return;
    node(name).has_metadata_log = true;
    logs_of_nodes_.emplace_back(name, log.string());
  }

  // With what the process was told besides, as tools/collect found it.
  void add_config(NodeFacts& node, const fs::path& file) {
    auto read = read_config(file, notes_);
    if (!read) return;
    migrate::NodeConfig::CommandLine command_line;
    for (const auto& [name, to] : {std::pair(kOverridesName, &command_line.overrides),
                                   std::pair(kSystemName, &command_line.system)}) {
      const fs::path beside = file.parent_path() / name;
      if (file.filename() != kServerName || !is_file(beside)) continue;
      if (auto found = read_config(beside, notes_)) *to = *std::move(found);
    }
    node.config.emplace(*std::move(read), std::move(command_line));
  }

  void add_log_directory(NodeFacts& node, const fs::path& file,
                         const Collection* collection = nullptr) {
    auto directory = read_log_directory(file, notes_);
    if (!directory) return;
    if (collection != nullptr) {
      const std::string named =
          file.parent_path().lexically_relative(collection->folder).generic_string();
      const auto at = std::ranges::find(collection->directories, named, &CollectedDirectory::path);
      if (at != collection->directories.end()) {
        directory->path = at->from;
        directory->kib_free = at->kib_free;
      }
    }
    node.log_directories.push_back(*std::move(directory));
  }

  void add_version(NodeFacts& node, const fs::path& file) {
    if (auto line = read_line(file, notes_)) node.software = *std::move(line);
  }

  void problem(const sim::Problem& problem) { notes_.problems.push_back(problem); }

  std::optional<std::string> secret_of_brokers() const {
    for (const NodeFacts* node : fleet_.facts.brokers()) {
      constexpr std::string_view kName = "password.encoder.secret";
      if (!node->config || !node->config->has(kName) || node->config->is_unresolved(kName))
        continue;
      // A hash in its place decodes nothing (tools/collect).
      std::string secret = node->config->text(kName);
      if (!secret.starts_with(migrate::kRedacted)) return secret;
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
      if (warning.casts_doubt()) notes_.doubts.push_back(zk::disk::describe(warning));
    }
    if (best->live) {
      for (const auto& each : best->live->unreadable)
        notes_.doubts.push_back(
            fmt::format("{} could not be read: {}", each.path, why_refused(each)));
      for (const std::string& path : best->live->unsettled)
        notes_.doubts.push_back(path + " changed while it was read");
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
    for (const sim::Problem& each : loaded.problems) notes_.doubts.push_back(sim::describe(each));
    if (loaded.log.damage) problem(*loaded.log.damage);
    migrate::MetadataFacts facts{.source = source.described,
                                 .node = loaded.node ? loaded.node->node_id : std::nullopt,
                                 .image = at_end_of_log(loaded),
                                 .end = {loaded.log.epoch, loaded.log.end},
                                 .from_the_beginning = !loaded.log.checkpoint,
                                 .damaged = loaded.log.damage.has_value(),
                                 .unfenced_in_vain = loaded.unfenced_in_vain,
                                 .back_in_zookeeper_mode = loaded.back_in_zookeeper_mode,
                                 .migration_state_at = loaded.migration_state_at};
    if (loaded.log.leader_change) {
      facts.leader = loaded.log.leader_change->leader_id;
      facts.records_of_leader = loaded.log.end.value() - loaded.log.leader_change_at.value() - 1;
    }
    if (const auto& quorum = loaded.quorum_state)
      facts.quorum = {.epoch = quorum->leader_epoch,
                      .leader = quorum->leader_id == sim::kNoBroker
                                    ? std::nullopt
                                    : std::optional(quorum->leader_id)};
    if (loaded.open_transaction)
      facts.open_transaction = loaded.open_transaction->name.value_or("");
    if (migration) {
      auto checkpoint = checkpoint_of(source, migration);
      if (!checkpoint.why_not) facts.at_checkpoint = std::move(checkpoint.image);
      facts.quotas_removed = std::move(checkpoint.quotas_removed);
      facts.configs_of_deleted_topics = std::move(checkpoint.configs_of_deleted_topics);
    }
    fleet_.described.push_back(fmt::format("log {}, ends with offset {} of epoch {}",
                                           source.described, loaded.log.end.value() - 1,
                                           loaded.log.epoch.value()));
    fleet_.facts.metadata.push_back(std::move(facts));
  }

  SourceOptions options_;
  Fleet fleet_;
  ReadingNotes notes_;
  std::map<std::string, NodeFacts> nodes_;
  std::map<std::string, ZooKeeperServerFacts> servers_;
  std::set<std::string> salts_;  // fingerprints
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
