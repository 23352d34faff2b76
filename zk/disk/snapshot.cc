#include "zk/disk/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "zk/disk/jute.h"
#include "zk/tree_builder.h"

namespace zk::disk {
namespace {

using sim::ByteWriter;
using sim::Expected;
using sim::Problem;

constexpr std::string_view kSuffixes[] = {"", ".gz", ".snappy"};  // by Compression
constexpr std::string_view kSnapshotPrefix = "snapshot.";

// Reads the parts in order and hands each to `Sink`: session(), acl(), node() (which may object
// with a sentence), digest(), last_processed_zxid().
template <class Sink>
class Reader {
 public:
  Reader(Input& input, const std::string& name, Sink& sink)
      : in_(input), jute_(input), name_(name), sink_(sink) {}

  Expected<void> read() {
    if (auto ok = header(); !ok) return ok;
    if (auto ok = sessions_and_acls(); !ok) return ok;
    if (auto ok = nodes(); !ok) return ok;
    if (auto ok = seal(); !ok) return ok;
    return tail();
  }

 private:
  Expected<void> header() {
    const auto header = jute_.template read<SnapshotHeader>("header");
    if (!header) return malformed("the header cannot be read: " + jute_.why(), jute_.where());
    if (header->magic != kSnapshotMagic)
      return malformed("this is no snapshot: the magic is wrong", 0);
    if (header->version != 2) {
      return malformed(fmt::format("snapshot version {} is unknown; 2 is", header->version), 4);
    }
    sink_.header(*header);
    return {};
  }

  // Counts as Java reads them: nothing to read when negative.
  Expected<void> sessions_and_acls() {
    const auto sessions = jute_.template read<std::int32_t>("session count");
    if (!sessions) return undecodable("the sessions");
    for (std::int32_t i = 0; i < *sessions; ++i) {
      auto session = jute_.template read<SnapshotSession>("session");
      if (!session) return undecodable("the sessions");
      sink_.session(*session);
    }
    const auto acls = jute_.template read<std::int32_t>("ACL count");
    if (!acls) return undecodable("the ACL lists");
    for (std::int32_t i = 0; i < *acls; ++i) {
      auto acl = jute_.template read<SnapshotAcl>("ACL list");
      if (!acl) return undecodable("the ACL lists");
      sink_.acl(*std::move(acl));
    }
    return {};
  }

  Expected<void> nodes() {
    for (;;) {
      const std::uint64_t start = in_.position();
      auto path = jute_.template read<std::string>("path");
      if (!path) return undecodable("the znodes");
      if (*path == "/") return {};
      auto data = jute_.template read<Data>("data");
      auto acl = data ? jute_.template read<AclId>("acl") : std::nullopt;
      auto stat = acl ? jute_.template read<PersistedStat>("stat") : std::nullopt;
      if (!stat) return undecodable("the znodes");
      last_path_ = *path;
      const std::string objection = sink_.node({*std::move(path), *std::move(data), *acl, *stat});
      if (!objection.empty()) return malformed(objection, start);
      ++nodes_read_;
    }
  }

  Expected<void> seal() {
    // The sum covers what stands before it; the seal's own bytes count for the next seal.
    const std::uint64_t start = in_.position();
    const std::uint32_t computed = in_.adler();
    const auto stored = jute_.template read<std::int64_t>("checksum");
    const auto end = stored ? jute_.template read<std::string>("seal") : std::nullopt;
    if (!end) return undecodable("the checksum");
    if (*stored != std::int64_t{computed}) {
      return malformed(
          fmt::format("the checksum over all bytes before is {:#x}, but they sum to {:#x}", *stored,
                      computed),
          start);
    }
    return {};
  }

  // What follows the first seal is told apart by its length alone.
  Expected<void> tail() {
    constexpr std::size_t kLastZxid = 8 + 13;  // last zxid, seal
    const std::size_t left = in_.left(4096);
    if (left == 0) return {};
    if (left != kLastZxid) {
      if (auto ok = zxid_digest(); !ok) return ok;
      if (auto ok = seal(); !ok) return ok;
    }
    if (in_.at_end()) return damaged_end();
    const auto last = jute_.template read<Zxid>("lastZxid");
    if (!last) return undecodable("the last zxid");
    sink_.last_processed_zxid(*last);
    if (auto ok = seal(); !ok) return ok;
    if (!in_.at_end()) return malformed("bytes follow the last seal", in_.position());
    return damaged_end();
  }

  Expected<void> zxid_digest() {
    ZxidDigest digest;
    const auto zxid = jute_.template read<Zxid>("zxid");
    const auto version = zxid ? jute_.template read<std::int32_t>("digestVersion") : std::nullopt;
    if (!version) return undecodable("the digest");
    digest = {*zxid, *version, 0};
    if (*version < 2) {
      const auto hex = jute_.template read<Data>("digest");
      if (!hex) return undecodable("the digest");
      const std::string text = hex->value_or("");
      std::from_chars(text.data(), text.data() + text.size(), digest.digest, 16);
    } else {
      const auto number = jute_.template read<std::int64_t>("digest");
      if (!number) return undecodable("the digest");
      digest.digest = static_cast<std::uint64_t>(*number);
    }
    sink_.digest(digest);
    return {};
  }

  Expected<void> damaged_end() {
    if (in_.damage()) return std::unexpected(*in_.damage());
    return {};
  }
  Expected<void> undecodable(std::string_view part) {
    if (in_.damage()) return malformed(in_.damage()->what, in_.position());
    return malformed(fmt::format("{} cannot be read: {}", part, jute_.why()), jute_.where());
  }
  Expected<void> malformed(std::string_view what, std::uint64_t offset) {
    std::string text(what);
    if (nodes_read_ > 0) {
      text += fmt::format("; {} znodes were read before, the last of them {}", nodes_read_,
                          last_path_.empty() ? "/" : last_path_);
    }
    return std::unexpected(Problem{
        .place = {.source = name_, .offset = offset},
        .what = std::move(text),
        .remedy = "Copy the file again while the server is stopped, or use an older snapshot "
                  "with the transaction logs that follow it."});
  }

  Input& in_;
  JuteDecoder<Input> jute_;
  const std::string& name_;
  Sink& sink_;
  std::uint64_t nodes_read_ = 0;
  std::string last_path_;
};

struct KeepAll {
  Snapshot& to;
  void header(const SnapshotHeader& header) { to.header = header; }
  void session(const SnapshotSession& session) { to.sessions.push_back(session); }
  void acl(SnapshotAcl acl) { to.acls.push_back(std::move(acl)); }
  std::string node(SnapshotNode node) {
    to.nodes.push_back(std::move(node));
    return {};
  }
  void digest(const ZxidDigest& digest) { to.digest = digest; }
  void last_processed_zxid(Zxid zxid) { to.last_processed_zxid = zxid; }
};

struct LoadInto {
  LoadedSnapshot& to;
  TreeBuilder tree;
  void header(const SnapshotHeader&) {}
  void session(const SnapshotSession& session) {
    to.database.session_timeouts_ms[session.id] = session.timeout_ms;
  }
  void acl(SnapshotAcl acl) { tree.acls().add_unused(acl.id, std::move(acl.list)); }
  std::string node(SnapshotNode node) {
    const PersistedStat& stat = node.stat;
    to.newest_zxid = std::max({to.newest_zxid, stat.czxid, stat.mzxid, stat.pzxid});
    if (tree.acls().find(node.acl) == nullptr) {
      node.acl = kLostAclId;
      ++to.lost_acls;
    }
    switch (tree.place(std::move(node.path),
                       {.data = std::move(node.data), .acl = node.acl, .stat = stat})) {
      case TreeBuilder::Placed::Placed:
        return {};
      case TreeBuilder::Placed::NoParent:
        return fmt::format("znode '{}' comes before its parent", node.path);
      case TreeBuilder::Placed::Duplicate:
        return fmt::format("znode '{}' comes twice", node.path);
    }
    return {};
  }
  void digest(const ZxidDigest& digest) { to.digest = digest; }
  void last_processed_zxid(Zxid zxid) { to.last_processed_zxid = zxid; }
};

void encode_seal(ByteWriter& out, std::uint32_t& adler, std::size_t& summed) {
  adler = adler32(adler, out.view().subspan(summed));
  summed = out.size();
  jute_encode(out, std::int64_t{adler});
  jute_encode(out, std::string("/"));
}

}  // namespace

Expected<Snapshot> read_snapshot(Input input, const std::string& name) {
  Snapshot snapshot;
  KeepAll sink{snapshot};
  if (auto ok = Reader(input, name, sink).read(); !ok) return std::unexpected(ok.error());
  return snapshot;
}

Expected<LoadedSnapshot> load_snapshot(Input input, const std::string& name) {
  LoadedSnapshot loaded;
  LoadInto sink{.to = loaded, .tree = {}};
  if (auto ok = Reader(input, name, sink).read(); !ok) return std::unexpected(ok.error());
  if (sink.tree.size() == 0) {
    return std::unexpected(Problem{.place = {.source = name},
                                   .what = "the snapshot has no znode, not even the root",
                                   .remedy = "Use another snapshot."});
  }
  loaded.database.tree = std::move(sink.tree).finish();
  loaded.bytes = input.position();
  return loaded;
}

sim::Bytes encode_snapshot(const Snapshot& snapshot) {
  ByteWriter out;
  std::uint32_t adler = 1;
  std::size_t summed = 0;
  jute_encode(out, snapshot.header);
  jute_encode(out, snapshot.sessions);
  jute_encode(out, snapshot.acls);
  for (const SnapshotNode& node : snapshot.nodes) jute_encode(out, node);
  jute_encode(out, std::string("/"));
  encode_seal(out, adler, summed);
  if (snapshot.digest) {
    jute_encode(out, snapshot.digest->zxid);
    jute_encode(out, snapshot.digest->version);
    if (snapshot.digest->version < 2) {
      jute_encode(out, fmt::format("{:x}", snapshot.digest->digest));
    } else {
      jute_encode(out, static_cast<std::int64_t>(snapshot.digest->digest));
    }
    encode_seal(out, adler, summed);
  }
  if (snapshot.last_processed_zxid) {
    jute_encode(out, *snapshot.last_processed_zxid);
    encode_seal(out, adler, summed);
  }
  return out.take();
}

Snapshot snapshot_of(const Database& database, const SnapshotFormat& format) {
  const Tree& tree = database.tree;
  Snapshot snapshot;
  for (const auto& [id, timeout_ms] : database.session_timeouts_ms) {
    snapshot.sessions.push_back({id, timeout_ms});
  }
  for (const auto& [id, entry] : tree.acls().entries()) snapshot.acls.push_back({id, entry.list});
  snapshot.nodes.reserve(tree.size());
  tree.for_each([&](std::string_view path, const Znode& znode) {
    snapshot.nodes.push_back(
        {std::string(path == "/" ? "" : path), znode.data, znode.acl, znode.stat});
  });
  if (format.with_digest) {
    // A server that never saw a transaction writes an empty record.
    const Zxid last = tree.last_processed_zxid();
    snapshot.digest = ZxidDigest{last, 2, last == Zxid(0) ? 0 : tree.digest()};
  }
  if (format.with_last_processed_zxid) snapshot.last_processed_zxid = tree.last_processed_zxid();
  return snapshot;
}

Expected<std::filesystem::path> write_snapshot(const Database& database,
                                               const std::filesystem::path& folder,
                                               const SnapshotFormat& format) {
  const std::filesystem::path file =
      folder / snapshot_name(database.tree.last_processed_zxid(), format.compression);
  const sim::Bytes bytes = encode_snapshot(snapshot_of(database, format));
  auto written = write_file(file, pack(bytes, format.compression));
  if (!written) return std::unexpected(written.error());
  return file;
}

std::optional<SnapshotName> parse_snapshot_name(const std::string& name) {
  std::string_view rest = name;
  if (!rest.starts_with(kSnapshotPrefix)) return std::nullopt;
  rest.remove_prefix(kSnapshotPrefix.size());
  SnapshotName parsed;
  for (const Compression compression : {Compression::Gzip, Compression::Snappy}) {
    const std::string_view suffix = kSuffixes[static_cast<std::size_t>(compression)];
    if (rest.ends_with(suffix)) {
      rest.remove_suffix(suffix.size());
      parsed.compression = compression;
    }
  }
  std::uint64_t zxid = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), zxid, 16);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  parsed.zxid = Zxid(static_cast<std::int64_t>(zxid));
  return parsed;
}

std::string snapshot_name(Zxid zxid, Compression compression) {
  return fmt::format("{}{:x}{}", kSnapshotPrefix, static_cast<std::uint64_t>(zxid.value()),
                     kSuffixes[static_cast<std::size_t>(compression)]);
}

}  // namespace zk::disk
