#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kraft/disk/metadata_image.h"
#include "scenarios/initial.h"
#include "sim/base/problem.h"
#include "zk/disk/recovery.h"
#include "zk/live/read_tree.h"
#include "zk/migration_reader_tree.h"

// The one way in for everything that a verb calls SOURCE: a person names a file, a folder or an
// ensemble, and gets a value.
//
//   version-2, or its parent ─┐                                  ┌─► ZooKeeperSource: tree, cluster
//   snapshot.1f3              ├─► what is it? ─► open and read ──┤
//   host:port[,…][/chroot]    │                                  └─► MetadataSource: image, log
//   __cluster_metadata-0, … ──┘
//
// Nothing is ever written. Problems say what is wrong and what to give instead: Usage where there
// is no such file, Unknown where something is missing, Malformed where something is damaged or is
// no source at all.
namespace tools {

enum class SourceKind : std::uint8_t {
  ZooKeeperDirectory,  // a version-2, or the folder that holds it
  ZooKeeperSnapshot,   // one snapshot file
  LiveEnsemble,        // host:port[,host:port…][/chroot]
  MetadataDirectory,   // __cluster_metadata-0 under whatever name, or the log directory that holds
                       // it
  MetadataFile,        // one log segment or checkpoint
};
std::string_view name_of(SourceKind kind);  // "ZooKeeper data directory"

// Which store a caller needs; a folder may hold both.
enum class Store : std::uint8_t {
  Either,
  ZooKeeper,
  KRaft,
};

struct SourceOptions {
  std::optional<std::string> chroot;  // of the cluster; none: the one there is
  // ZooKeeper's files: a zxid ("0x1f3" or decimal) or "claim" (migration.md §3.3: the tree that was
  // copied). A metadata log: an offset, inclusive.
  std::optional<std::string> at;
  std::optional<std::string> password_secret;  // password.encoder.secret
  std::optional<std::string> data_log_dir;     // where a server with a dataLogDir has its logs
  std::optional<std::string> digest_auth;      // "user:password", for a live ensemble
  Store store = Store::Either;
  // False: a tree without a Kafka cluster will do; its root is then "".
  bool needs_cluster = true;
};

struct ZooKeeperSource {
  SourceKind kind = SourceKind::ZooKeeperDirectory;
  std::string described;  // the argument, and as of when
  zk::Database database;  // sessions only from files
  std::string root;       // of the cluster in this tree, "" for the tree's own
  zk::ClusterView view;
  zk::Zxid zxid;          // the last transaction in it
  bool at_claim = false;  // this is the tree that was copied
  std::optional<std::string> password_secret;

  // Of files.
  std::vector<zk::disk::FileRead> files;
  std::vector<zk::disk::Warning> warnings;
  std::optional<zk::Zxid> snapshot_zxid;
  std::uint64_t transactions = 0;  // replayed over the snapshot
  // log.dirs of brokers whose meta.properties lie near the files.
  std::map<sim::BrokerId, std::vector<sim::Uuid>> log_dirs;

  // Of a live ensemble.
  struct Live {
    bool consistent = true;
    std::vector<std::string> unsettled;
    std::vector<zk::live::Unreadable> unreadable;
    std::uint32_t rounds = 0;
  };
  std::optional<Live> live;

  // Whether the tree may differ from what the servers had.
  bool casts_doubt() const;
};

struct MetadataSource {
  SourceKind kind = SourceKind::MetadataDirectory;
  std::string described;
  std::filesystem::path path;
  std::optional<sim::Offset> until;  // of --at
  kraft::LoadedMetadata loaded;
};

using OpenSource = std::variant<ZooKeeperSource, MetadataSource>;

// What an argument names, without reading more than a few bytes. What exists as a file is never an
// address.
sim::Expected<SourceKind> kind_of_source(const std::string& argument, Store store = Store::Either);

// Opens and reads it all. Shows progress on stderr when that takes long.
sim::Expected<OpenSource> open_source(const std::string& argument,
                                      const SourceOptions& options = {});

// The same where only one store will do; another is a Usage problem.
sim::Expected<ZooKeeperSource> open_zookeeper(const std::string& argument,
                                              SourceOptions options = {});
sim::Expected<MetadataSource> open_metadata(const std::string& argument,
                                            SourceOptions options = {});

// Why a znode of a live ensemble was not read, and what a person can do.
std::string why_refused(const zk::live::Unreadable& znode);

// The first line of a file that keeps a secret off the command line, without the line's end. `of`
// says what stands there, for messages. Usage where there is no such file.
sim::Expected<std::string> first_line(const std::filesystem::path& file, std::string_view of);
// password.encoder.secret from such a file.
sim::Expected<std::string> read_secret(const std::filesystem::path& file);

// What a simulated cluster begins with.
scenarios::SourceTree to_source_tree(ZooKeeperSource source);

}  // namespace tools
