#include "tools/source/zookeeper_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <system_error>
#include <utility>

#include "kraft/disk/node_files.h"
#include "sim/base/check.h"
#include "tools/zk2kraft/console.h"
#include "zk/cluster_root.h"
#include "zk/disk/data_directory.h"
#include "zk/disk/snapshot.h"
#include "zk/migration_reader_claim.h"

namespace tools {
namespace {

namespace fs = std::filesystem;
using sim::Severity;
using zk::disk::Recovery;

// Where the cluster is in the tree, and what the tree says of it.
sim::Expected<void> find_cluster(ZooKeeperSource& source, const std::optional<std::string>& chroot,
                                 const SourceOptions& options) {
  auto root = zk::cluster_root(source.database.tree, chroot, {.source = source.described});
  if (!root && options.needs_cluster) return std::unexpected(std::move(root).error());
  if (root) source.root = *std::move(root);
  source.view = zk::cluster_view(source.database.tree, source.root);
  source.password_secret = options.password_secret;
  return {};
}

zk::disk::RecoverOptions recovery_of(const SourceOptions& options) {
  if (!options.data_log_dir) return {};
  return {.at = std::nullopt, .log_path = fs::path(*options.data_log_dir)};
}

// ── Which moment ────────────────────────────────────────────────────────────────────────────────

// The zxid of --at claim. The root must be known before, and what it is shows only the whole tree.
sim::Expected<zk::Zxid> claim_in(const std::string& argument, const SourceOptions& options) {
  const auto latest = zk::disk::recover(argument, recovery_of(options));
  if (!latest) return std::unexpected(latest.error());
  const auto root = zk::cluster_root(latest->database.tree, options.chroot, {.source = argument});
  if (!root) return std::unexpected(root.error());
  std::optional<zk::ClaimFinder> finder;
  Progress progress("searching the claim", "transactions", latest->transactions);
  std::uint64_t done = 0;
  const auto replayed = zk::disk::replay(
      argument, std::nullopt,
      [&](const zk::disk::Replayed& each) {
        progress.update(++done);
        // A copy that was complete with the first transaction was over before the logs begin.
        if (!finder) finder.emplace(*root, each.after.tree);
        return finder->take(each.txn.header, each.txn.txn) ? zk::disk::Visit::Continue
                                                           : zk::disk::Visit::Stop;
      },
      recovery_of(options));
  if (!replayed) return std::unexpected(replayed.error());
  if (!finder) finder.emplace(*root, latest->database.tree);
  return finder->found({.source = argument});
}

sim::Expected<std::optional<zk::Zxid>> moment(const std::string& argument,
                                              const SourceOptions& options) {
  if (!options.at) return std::nullopt;
  if (*options.at == "claim") return claim_in(argument, options);
  if (const auto zxid = parse_position(*options.at)) return zk::Zxid(*zxid);
  return sim::refused(Severity::Usage, argument, fmt::format("--at {} is no zxid", *options.at),
                      "Write it as ZooKeeper does (0x1f3), in decimal, or the word claim.");
}

// ── What lies near the files ────────────────────────────────────────────────────────────────────

void add_log_dir(const fs::path& file, ZooKeeperSource& source) {
  const auto text = kraft::read_small_file(file);
  if (!text) return;
  const auto properties = kraft::parse_meta_properties(*text, file.string());
  if (!properties || !properties->node_id || !properties->directory_id) return;
  // Files of another cluster may lie beside these.
  if (properties->cluster_id != source.view.cluster_id ||
      !source.view.brokers.contains(*properties->node_id))
    return;
  auto& dirs = source.log_dirs[*properties->node_id];
  if (std::ranges::find(dirs, *properties->directory_id) == dirs.end())
    dirs.push_back(*properties->directory_id);
}

// Folders and files beside the data directory: "broker-1/meta.properties",
// "broker-1.meta.properties". What is not there is not missed.
void find_log_dirs(const fs::path& data_dir, ZooKeeperSource& source) {
  std::error_code error;
  fs::path folder = fs::absolute(data_dir, error).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (folder.filename() == "version-2") folder = folder.parent_path();
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder.parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      if (const fs::path inside = at->path() / "meta.properties"; fs::exists(inside, ignored))
        files.push_back(inside);
    } else if (at->path().filename().string().ends_with("meta.properties")) {
      files.push_back(at->path());
    }
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) add_log_dir(file, source);
}

zk::disk::Warning maybe_fuzzy(const std::string& argument) {
  return {zk::disk::Warning::Kind::MaybeFuzzy,
          {.source = argument},
          "a snapshot alone may hold parts of changes; only the logs beside it make it exact"};
}

}  // namespace

std::string why_refused(const zk::live::Unreadable& znode) {
  if (znode.error != zk::ErrorCode::NoAuth) return std::string(zk::name_of(znode.error));
  return "its ACL does not let this client read it (NoAuth): give credentials with --auth "
         "digest:USER:PASSWORD, or "
         "copy the files of one server, snapshot.* and log.*, and give their folder";
}

bool ZooKeeperSource::casts_doubt() const {
  return (live && (!live->consistent || !live->unreadable.empty())) ||
         std::ranges::any_of(
             warnings, [](const zk::disk::Warning& warning) { return warning.casts_doubt(); });
}

sim::Expected<OpenSource> open_zookeeper_directory(const std::string& argument,
                                                   const SourceOptions& options) {
  const auto at = moment(argument, options);
  if (!at) return std::unexpected(at.error());
  zk::disk::RecoverOptions how = recovery_of(options);
  how.at = *at;
  auto recovery = zk::disk::recover(argument, how);
  if (!recovery) return std::unexpected(std::move(recovery).error());
  ZooKeeperSource source{
      .kind = SourceKind::ZooKeeperDirectory,
      .described = *at ? fmt::format("{} as of {}", argument, zk::describe(**at)) : argument,
      .database = std::move(recovery->database),
      .zxid = recovery->last_zxid,
      .at_claim = options.at == "claim",
      .files = std::move(recovery->files),
      .warnings = std::move(recovery->warnings),
      .snapshot_zxid = recovery->snapshot_zxid,
      .transactions = recovery->transactions};
  if (auto found = find_cluster(source, options.chroot, options); !found)
    return std::unexpected(found.error());
  find_log_dirs(argument, source);
  return source;
}

sim::Expected<OpenSource> open_zookeeper_snapshot(const std::string& argument,
                                                  const SourceOptions& options) {
  if (options.at) {
    return sim::refused(Severity::Usage, argument,
                        "--at needs transaction logs, and this is one snapshot",
                        "Give the folder that holds both (version-2).");
  }
  const auto name = zk::disk::parse_snapshot_name(fs::path(argument).filename().string());
  auto input =
      zk::disk::Input::open(argument, name ? name->compression : zk::disk::Compression::None);
  if (!input) return std::unexpected(std::move(input).error());
  auto loaded = zk::disk::load_snapshot(*std::move(input), argument);
  if (!loaded) return std::unexpected(std::move(loaded).error());
  const zk::Zxid zxid = std::max(name ? name->zxid : zk::Zxid(), loaded->newest_zxid);
  ZooKeeperSource source{.kind = SourceKind::ZooKeeperSnapshot,
                         .described = argument,
                         .database = std::move(loaded->database),
                         .zxid = zxid,
                         .files = {{.path = argument}},
                         .snapshot_zxid = name ? std::optional(name->zxid) : std::nullopt};
  if (!name || name->zxid < loaded->newest_zxid || loaded->lost_acls > 0)
    source.warnings.push_back(maybe_fuzzy(argument));
  if (auto found = find_cluster(source, options.chroot, options); !found)
    return std::unexpected(found.error());
  return source;
}

sim::Expected<OpenSource> open_live_ensemble(const std::string& argument,
                                             const SourceOptions& options) {
  if (options.at) {
    return sim::refused(
        Severity::Usage, argument,
        "--at cannot be asked of a live ensemble: it shows the present alone",
        "Copy version-2 of one server (dataDir, and dataLogDir if it is set) and name that.");
  }
  if (options.data_log_dir) {
    return sim::refused(Severity::Usage, argument,
                        "--data-log-dir belongs to files, and this is a live ensemble",
                        "Leave it out, or name the server's dataDir instead of its address.");
  }
  zk::live::LiveOptions live{
      .connect = {.hosts = argument, .chroot = "", .digest_auth = options.digest_auth}};
  if (options.chroot && *options.chroot != "/") {
    live.connect.chroot =
        options.chroot->starts_with('/') ? *options.chroot : '/' + *options.chroot;
    while (live.connect.chroot.ends_with('/')) live.connect.chroot.pop_back();
  }
  const auto progress = std::make_shared<Progress>("reading " + argument, "znodes", 0);
  live.progress = [progress](const zk::live::Progress& step) { progress->update(step.done); };
  auto read = zk::live::read_tree(live);
  if (!read) return std::unexpected(std::move(read).error());
  ZooKeeperSource source{.kind = SourceKind::LiveEnsemble,
                         .described = argument + live.connect.chroot,
                         .database = {.tree = std::move(read->tree)},
                         .zxid = read->newest_zxid,
                         .live = ZooKeeperSource::Live{.consistent = read->consistent,
                                                       .unsettled = std::move(read->unsettled),
                                                       .unreadable = std::move(read->unreadable),
                                                       .rounds = read->rounds}};
  // The tree begins at the chroot.
  if (auto found = find_cluster(
          source, options.chroot ? std::optional<std::string>("/") : std::nullopt, options);
      !found) {
    return std::unexpected(found.error());
  }
  return source;
}

}  // namespace tools
