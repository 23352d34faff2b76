#include "tools/source/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "kraft/disk/record_batch.h"
#include "kraft/disk/segment_reader.h"
#include "migrate/pseudonym/records.h"
#include "migrate/pseudonym/znodes.h"
#include "sim/base/match.h"
#include "tools/source/collection.h"
#include "zk/disk/data_directory.h"
#include "zk/tree_digest.h"

namespace tools {
namespace {

namespace fs = std::filesystem;
using migrate::PseudonymousZnodes;
using zk::Zxid;

constexpr std::string_view kIds = "/brokers/ids";
constexpr std::size_t kLogHeaderBytes = 16;

// ── ZooKeeper ───────────────────────────────────────────────────────────────────────────────────

struct ReadSnapshot {
  zk::disk::SnapshotFile file;
  zk::disk::Snapshot snapshot;
};

// The digests of the original tree and of the renamed one at the same moment.
struct TreeDigests {
  std::uint64_t original = 0;
  std::uint64_t renamed = 0;

  // As wrong as the recorded one.
  std::uint64_t instead_of(std::uint64_t recorded) const { return renamed + (recorded - original); }
};

class ZooKeeperRewriter {
 public:
  ZooKeeperRewriter(fs::path to, migrate::Pseudonyms& names) : to_(std::move(to)), names_(names) {}

  sim::Expected<void> run(const zk::disk::DataDirectory& directory,
                          std::vector<sim::Problem>& left_out) {
    for (const zk::disk::SnapshotFile& file : directory.snapshots) {
      auto input = zk::disk::Input::open(file.path, file.compression);
      auto read = input ? zk::disk::read_snapshot(*std::move(input), file.path.string())
                        : std::unexpected(std::move(input).error());
      if (read) {
        snapshots_.push_back({file, *std::move(read)});
      } else {
        left_out.push_back(std::move(read).error());
      }
    }
    if (auto found = find_roots(directory); !found) return found;
    PseudonymousZnodes znodes(names_, {roots_.begin(), roots_.end()});
    for (ReadSnapshot& each : snapshots_) rename(each.snapshot, znodes);
    if (auto begun = begin_at_oldest(); !begun) return begun;
    for (const zk::disk::LogFile& log : directory.logs) {
      if (auto done = rewrite_log(log, znodes); !done) return done;
    }
    for (ReadSnapshot& each : snapshots_) {
      if (auto done = write(each); !done) return done;
    }
    return {};
  }

 private:
  // Where clusters are: every znode that has brokers/ids below it, or had.
  sim::Expected<void> find_roots(const zk::disk::DataDirectory& directory) {
    const auto look_at = [&](std::string_view path) {
      if (path.ends_with(kIds)) roots_.emplace(path.substr(0, path.size() - kIds.size()));
    };
    for (const ReadSnapshot& each : snapshots_) {
      for (const zk::disk::SnapshotNode& node : each.snapshot.nodes) look_at(node.path);
    }
    for (const zk::disk::LogFile& log : directory.logs) {
      auto reader = zk::disk::LogReader::open(log.path);
      if (!reader) return std::unexpected(std::move(reader).error());
      while (true) {
        auto entry = reader->next();
        if (!entry) return std::unexpected(std::move(entry).error());
        if (!*entry) break;
        std::visit(
            [&](const auto& body) {
              if constexpr (requires { body.path; }) look_at(body.path);
            },
            (*entry)->txn.txn);
      }
    }
    return {};
  }

  static void rename(zk::disk::Snapshot& snapshot, PseudonymousZnodes& znodes) {
    for (zk::disk::SnapshotAcl& acl : snapshot.acls) acl.list = znodes.acl(acl.list);
    for (zk::disk::SnapshotNode& node : snapshot.nodes) {
      node.data = znodes.data(node.path, node.data);
      node.path = znodes.path(node.path);
    }
  }

  // Both trees begin as the oldest snapshot; without one, empty.
  sim::Expected<void> begin_at_oldest() {
    if (snapshots_.empty()) return {};
    const ReadSnapshot& oldest = snapshots_.back();
    auto input = zk::disk::Input::open(oldest.file.path, oldest.file.compression);
    if (!input) return std::unexpected(std::move(input).error());
    auto original = zk::disk::load_snapshot(*std::move(input), oldest.file.path.string());
    if (!original) return std::unexpected(std::move(original).error());
    const sim::Bytes bytes = zk::disk::encode_snapshot(oldest.snapshot);
    auto renamed = zk::disk::load_snapshot(zk::disk::Input::of(bytes), oldest.file.path.string());
    if (!renamed) return std::unexpected(std::move(renamed).error());
    original_ = std::move(original->database);
    renamed_ = std::move(renamed->database);
    last_ = oldest.file.zxid;
    note_digests();
    return {};
  }

  void note_digests() {
    for (const ReadSnapshot& each : snapshots_) {
      if (each.snapshot.digest && each.snapshot.digest->zxid == last_)
        digests_[last_] = {original_.tree.digest(), renamed_.tree.digest()};
    }
  }

  zk::LoggedTxn renamed(const zk::LoggedTxn& original, PseudonymousZnodes& znodes) {
    zk::LoggedTxn txn = znodes.txn(original);
    if (original.header.zxid <= last_) return txn;  // in the snapshot already
    last_ = original.header.zxid;
    original_.apply(original.header, original.txn);
    renamed_.apply(txn.header, txn.txn);
    note_digests();
    if (txn.digest && txn.digest->version == zk::kDigestVersion) {
      const TreeDigests now{original_.tree.digest(), renamed_.tree.digest()};
      txn.digest->tree_digest = static_cast<std::int64_t>(
          now.instead_of(static_cast<std::uint64_t>(txn.digest->tree_digest)));
    }
    return txn;
  }

  sim::Expected<void> rewrite_log(const zk::disk::LogFile& log, PseudonymousZnodes& znodes) {
    auto reader = zk::disk::LogReader::open(log.path);
    if (!reader) return std::unexpected(std::move(reader).error());
    auto all = read_file(log.path);
    if (!all) return std::unexpected(std::move(all).error());
    const sim::ByteView original = sim::as_bytes(*all);
    const sim::ByteView header = original.first(std::min(kLogHeaderBytes, original.size()));
    sim::Bytes out(header.begin(), header.end());
    while (true) {
      auto entry = reader->next();
      if (!entry) return std::unexpected(std::move(entry).error());
      if (!*entry) break;
      const sim::Bytes bytes = zk::disk::encode_entry(renamed((*entry)->txn, znodes));
      out.insert(out.end(), bytes.begin(), bytes.end());
    }
    if (reader->end() == zk::disk::LogEnd::TornTail) {
      // An entry that promises more than there is.
      constexpr std::array<std::uint8_t, 13> kTorn{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0};
      out.insert(out.end(), kTorn.begin(), kTorn.end());
    } else if (out.size() < original.size()) {
      out.resize(original.size());  // zeros, as the server preallocates
    }
    return zk::disk::write_file(to_ / log.path.filename(), out);
  }

  sim::Expected<void> write(ReadSnapshot& each) {
    auto& digest = each.snapshot.digest;
    if (digest && digest->version == zk::kDigestVersion && digests_.contains(digest->zxid))
      digest->digest = digests_.at(digest->zxid).instead_of(digest->digest);
    const sim::Bytes bytes = zk::disk::encode_snapshot(each.snapshot);
    return zk::disk::write_file(to_ / each.file.path.filename(),
                                zk::disk::pack(bytes, each.file.compression));
  }

  fs::path to_;
  migrate::Pseudonyms& names_;
  std::vector<ReadSnapshot> snapshots_;  // the newest first
  std::set<std::string> roots_;
  zk::Database original_;
  zk::Database renamed_;
  Zxid last_;
  std::map<Zxid, TreeDigests> digests_;
};

// ── The metadata log ────────────────────────────────────────────────────────────────────────────

kraft::ControlRecord pseudonymous_control(migrate::Pseudonyms& names, kraft::ControlRecord record) {
  if (auto* const voters = std::get_if<kraft::VotersRecord>(&record)) {
    for (kraft::DynamicVoter& voter : voters->voters) {
      for (kraft::VoterEndpoint& endpoint : voter.endpoints)
        endpoint.host = names.name(endpoint.host);
    }
  }
  return record;
}

sim::Problem unreadable(const fs::path& file, const kraft::LogRecord& record, std::string why) {
  return {
      .severity = sim::Severity::Malformed,
      .place = {.source = file.string()},
      .what = fmt::format("the record at offset {} cannot be renamed, for it cannot be read: {}",
                          record.offset.value(), why),
      .remedy = "Leave this file out, or use a zk2kraft that knows this Kafka's records."};
}

sim::Expected<void> rename(kraft::LogRecord& record, migrate::Pseudonyms& names,
                           const fs::path& file) {
  return sim::match(
      record.content,
      [&](sim::VersionedRecord& content) -> sim::Expected<void> {
        content = migrate::pseudonymous_record(names, std::move(content));
        return {};
      },
      [&](kraft::ControlRecord& content) -> sim::Expected<void> {
        content = pseudonymous_control(names, std::move(content));
        return {};
      },
      [&](const sim::Problem& problem) -> sim::Expected<void> {
        return std::unexpected(unreadable(file, record, problem.what));
      },
      [&](const kraft::UnreadControl& control) -> sim::Expected<void> {
        return std::unexpected(unreadable(file, record, control.problem.what));
      });
}

}  // namespace

sim::Expected<void> rewrite_zookeeper(const fs::path& from, const fs::path& to,
                                      migrate::Pseudonyms& names,
                                      std::vector<sim::Problem>& left_out) {
  const auto directory = zk::disk::DataDirectory::find(from);
  if (!directory) return std::unexpected(directory.error());
  return ZooKeeperRewriter(to, names).run(*directory, left_out);
}

sim::Expected<void> rewrite_metadata_file(const fs::path& from, const fs::path& to,
                                          migrate::Pseudonyms& names) {
  auto reader = kraft::SegmentReader::open(from);
  if (!reader) return std::unexpected(std::move(reader).error());
  sim::ByteWriter out;
  kraft::RecordBatch batch;
  while (reader->next(batch)) {
    for (kraft::LogRecord& record : batch.records) {
      if (auto done = rename(record, names, from); !done) return done;
    }
    kraft::write_batch(out, batch);
  }
  std::size_t zeros = 0;
  if (reader->stop()) {
    if (reader->stop()->kind == kraft::Stop::Kind::Damage)
      return std::unexpected(reader->stop()->problem);
    zeros = reader->stop()->unread;
  }
  sim::Bytes bytes = out.take();
  bytes.resize(bytes.size() + zeros);
  return zk::disk::write_file(to, bytes);
}

}  // namespace tools
