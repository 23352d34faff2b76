#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "zk/base64.h"
#include "zk/disk/recovery.h"
#include "zk/disk/snapshot.h"
#include "zk/disk/txn_log.h"

// Our side of `tools/conformance zkfiles`, and how a sound tree is broken on purpose:
//
//   zk_tree_files print DIR                         every znode, one JSON object a line, by path
//   zk_tree_files write-snapshot DIR OUT [PACKING]  the state of DIR as one snapshot (plain, gz,
//                                                   snappy)
//   zk_tree_files write-log DIR OUT                 the empty tree's snapshot, and every
//                                                   transaction of DIR
//   zk_tree_files edit DIR OUT EDIT…                the state of DIR with EDITs in it, as a
//   snapshot:
//                                                   set PATH DATA, replace PATH FROM TO
namespace {

using namespace zk;
using namespace zk::disk;
namespace fs = std::filesystem;

constexpr int kUsage = 3;
constexpr int kMalformed = 4;

template <class T>
T value_or_exit(sim::Expected<T> expected) {
  if (expected) {
    if constexpr (std::is_void_v<T>) {
      return;
    } else {
      return *std::move(expected);
    }
  }
  fmt::print(stderr, "{}\n", sim::describe(expected.error()));
  std::exit(kMalformed);
}

void print_tree(const Tree& tree) {
  std::map<std::string, std::string> lines;
  tree.for_each([&](std::string_view path, const Znode& znode) {
    if (path.starts_with("/zookeeper")) return;
    const Stat stat = shown(znode.stat, 0, znode.num_children);
    std::string acl;
    for (const Acl& one : *tree.acl(znode)) {
      if (!acl.empty()) acl += ',';
      acl += fmt::format("{}:{}:{}", one.scheme, one.id, one.perms);
    }
    const nlohmann::json line = {
        {"acl", acl},
        {"aversion", stat.aversion.value()},
        {"ctime", stat.ctime.value()},
        {"cversion", stat.cversion.value()},
        {"czxid", stat.czxid.value()},
        {"data",
         znode.data ? nlohmann::json(base64_encode(sim::as_bytes(*znode.data))) : nlohmann::json()},
        {"ephemeralOwner", stat.ephemeral_owner.value()},
        {"mtime", stat.mtime.value()},
        {"mzxid", stat.mzxid.value()},
        {"numChildren", stat.num_children},
        {"path", std::string(path)},
        {"pzxid", stat.pzxid.value()},
        {"version", stat.version.value()}};
    lines.emplace(path, line.dump());
  });
  for (const auto& [path, line] : lines) fmt::print("{}\n", line);
}

void write_snapshot_of(const fs::path& from, const fs::path& to, std::string_view packing) {
  const Recovery recovery = value_or_exit(recover(from));
  for (const Warning& warning : recovery.warnings) fmt::print(stderr, "{}\n", describe(warning));
  fs::create_directories(to / "version-2");
  SnapshotFormat format;
  if (packing == "gz") format.compression = Compression::Gzip;
  if (packing == "snappy") format.compression = Compression::Snappy;
  value_or_exit(write_snapshot(recovery.database, to / "version-2", format));
}

void write_log_of(const fs::path& from, const fs::path& to) {
  fs::create_directories(to / "version-2");
  value_or_exit(write_snapshot(Database{}, to / "version-2"));
  LogWriter writer(to / "version-2", 65536);
  value_or_exit(read_transactions(from, Zxid(1), [&](const LogEntry& entry) {
    value_or_exit(writer.append(entry.txn));
    return Visit::Continue;
  }));
  value_or_exit(writer.flush());
}

// One more transaction of the server at rest: what is there is overwritten, else created.
void write_znode(Database& database, const std::string& path, std::string data) {
  const Znode* const znode = database.tree.find(path);
  const Znode* const parent = database.tree.find(parent_of(path));
  if (parent == nullptr) {
    fmt::print(stderr, "{}: its parent is not there\n", path);
    std::exit(kUsage);
  }
  const TxnHeader header{.client_id = {},
                         .cxid = 0,
                         .zxid = database.tree.last_processed_zxid().next(),
                         .time = (znode != nullptr ? znode : parent)->stat.mtime};
  if (znode != nullptr) {
    const SetDataTxn txn{
        .path = path, .data = std::move(data), .version = znode->stat.version.next()};
    (void)database.apply(header, txn);
    return;
  }
  (void)database.apply(header, CreateTxn{.path = path,
                                         .data = std::move(data),
                                         .acl = {Acl{kAllPerms, "world", "anyone"}},
                                         .ephemeral = false,
                                         .parent_cversion = parent->stat.cversion.next()});
}

void replace_in_znode(Database& database, const std::string& path, const std::string& from,
                      const std::string& to) {
  const Znode* const znode = database.tree.find(path);
  std::string data = znode != nullptr ? znode->data.value_or("") : "";
  const std::size_t at = data.find(from);
  if (at == std::string::npos) {
    fmt::print(stderr, "{}: '{}' does not stand there\n", path, from);
    std::exit(kUsage);
  }
  write_znode(database, path, data.replace(at, from.size(), to));
}

// `edits`: set PATH DATA, replace PATH FROM TO, in any number.
void write_edited(const fs::path& from, const fs::path& to, std::span<char*> edits) {
  Recovery recovery = value_or_exit(recover(from));
  while (!edits.empty()) {
    const std::string_view edit = edits[0];
    const std::size_t words = edit == "set" ? 3 : edit == "replace" ? 4 : 0;
    if (words == 0 || edits.size() < words) {
      fmt::print(stderr, "an edit is: set PATH DATA, or replace PATH FROM TO\n");
      std::exit(kUsage);
    }
    if (words == 3) {
      write_znode(recovery.database, edits[1], edits[2]);
    } else {
      replace_in_znode(recovery.database, edits[1], edits[2], edits[3]);
    }
    edits = edits.subspan(words);
  }
  fs::create_directories(to / "version-2");
  value_or_exit(write_snapshot(recovery.database, to / "version-2"));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 2 ? argv[1] : "";
  if (verb == "print") {
    print_tree(value_or_exit(recover(argv[2])).database.tree);
  } else if (verb == "write-snapshot" && argc > 3) {
    write_snapshot_of(argv[2], argv[3], argc > 4 ? argv[4] : "plain");
  } else if (verb == "edit" && argc > 4) {
    write_edited(argv[2], argv[3], std::span(argv + 4, argv + argc));
  } else if (verb == "write-log" && argc > 3) {
    write_log_of(argv[2], argv[3]);
  } else {
    fmt::print(stderr,
               "zk_tree_files print DIR | write-snapshot DIR OUT [PACKING] | write-log DIR OUT | "
               "edit DIR OUT EDIT…\n");
    return kUsage;
  }
  return 0;
}
