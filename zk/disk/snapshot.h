#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "zk/disk/input.h"
#include "zk/tree.h"

// Snapshot files: `snapshot.<zxid in hex>[.gz|.snappy]`. zookeeper.md §3.3 (FileSnap,
// SerializeUtils, DataTree).
//
//   magic version dbid │ sessions │ ACL lists │ znodes … "/" │ seal │ digest │ seal │ last zxid │
//   seal
//                                                              3.4    3.6            3.9
//
// A snapshot is fuzzy: the server wrote on while it was taken. Only a replay of the log over it is
// a state that ever was; see recovery.h.
namespace zk::disk {

constexpr std::int32_t kSnapshotMagic = 0x5a4b534e;  // "ZKSN"

struct SnapshotHeader {
  std::int32_t magic = kSnapshotMagic;
  std::int32_t version = 2;
  std::int64_t dbid = -1;
  bool operator==(const SnapshotHeader&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("magic", &SnapshotHeader::magic), field("version", &SnapshotHeader::version),
                 field("dbid", &SnapshotHeader::dbid));
  }
};

struct SnapshotSession {
  SessionId id;
  std::int32_t timeout_ms = 0;
  bool operator==(const SnapshotSession&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("id", &SnapshotSession::id), field("timeout", &SnapshotSession::timeout_ms));
  }
};

struct SnapshotAcl {
  AclId id;
  AclList list;
  bool operator==(const SnapshotAcl&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("long", &SnapshotAcl::id), field("acls", &SnapshotAcl::list));
  }
};

struct SnapshotNode {
  std::string path;  // "" is the root
  Data data;
  AclId acl;
  PersistedStat stat;
  bool operator==(const SnapshotNode&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("path", &SnapshotNode::path), field("data", &SnapshotNode::data),
                 field("acl", &SnapshotNode::acl), field("stat", &SnapshotNode::stat));
  }
};

// The tree's digest when writing ended, and the last transaction it includes; zxid 0: none yet.
struct ZxidDigest {
  Zxid zxid;
  std::int32_t version = 2;
  std::uint64_t digest = 0;
  bool operator==(const ZxidDigest&) const = default;
};

// A snapshot as it stands in the file, in the file's order: encoding it again gives the same bytes.
struct Snapshot {
  SnapshotHeader header;
  std::vector<SnapshotSession> sessions;
  std::vector<SnapshotAcl> acls;
  std::vector<SnapshotNode> nodes;          // parents before children, the root first
  std::optional<ZxidDigest> digest;         // 3.6 and later
  std::optional<Zxid> last_processed_zxid;  // 3.9 and later
  bool operator==(const Snapshot&) const = default;
};

// What a server makes of a snapshot. The database's last zxid is not in the file: its name says it.
struct LoadedSnapshot {
  Database database;
  std::optional<ZxidDigest> digest;
  std::optional<Zxid> last_processed_zxid;
  Zxid newest_zxid;  // the largest zxid in any znode's stat: above the name, where the snapshot is
                     // fuzzy
  // Znodes whose ACL list is not in the file: changed while it was written. They carry `kLostAclId`
  // until a replay mends them.
  std::uint64_t lost_acls = 0;
  std::uint64_t bytes = 0;  // unpacked
};

// Both verify every seal and say in a Problem what is wrong, at which (unpacked) byte, and what was
// read up to there. `name` is for that message.
sim::Expected<Snapshot> read_snapshot(Input input, const std::string& name);
sim::Expected<LoadedSnapshot> load_snapshot(Input input, const std::string& name);

// Unpacked, with every seal.
sim::Bytes encode_snapshot(const Snapshot& snapshot);

// Which of the later parts to write. What 3.8 writes is also read by 3.4 to 3.9, each ignoring what
// it does not know.
struct SnapshotFormat {
  Compression compression = Compression::None;
  bool with_digest = true;                // as 3.6 and later
  bool with_last_processed_zxid = false;  // as 3.9 and later
};
// The state of a server at rest, znodes and ACL lists in sorted order.
Snapshot snapshot_of(const Database& database, const SnapshotFormat& format);
// Writes `snapshot.<zxid><suffix>` into `folder` (a version-2), named after the database's last
// zxid, and says its path.
sim::Expected<std::filesystem::path> write_snapshot(const Database& database,
                                                    const std::filesystem::path& folder,
                                                    const SnapshotFormat& format = {});

// "snapshot.1f3.gz" is (0x1f3, Gzip); nothing for any other name.
struct SnapshotName {
  Zxid zxid;
  Compression compression = Compression::None;
};
std::optional<SnapshotName> parse_snapshot_name(const std::string& name);
std::string snapshot_name(Zxid zxid, Compression compression);

}  // namespace zk::disk
