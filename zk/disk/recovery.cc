#include "zk/disk/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "zk/disk/log_series.h"
#include "zk/disk/snapshot_choice.h"
#include "zk/tree_digest.h"

namespace zk::disk {
namespace {

using sim::Expected;
using sim::Problem;
using sim::Severity;
using Kind = Warning::Kind;

// Compares the tree with the digests that the leader left, from where the tree must be exact.
class DigestChecker {
 public:
  explicit DigestChecker(const ChosenSnapshot& chosen) : exact_from_(chosen.fuzzy_until) {
    const auto& digest = chosen.loaded.digest;
    if (digest && digest->version == kDigestVersion) snapshot_digest_ = digest;
  }

  // At the start and after each transaction; `logged` is the digest beside that transaction. True
  // when the tree was compared and agreed.
  bool agrees(const Tree& tree, Zxid zxid, const std::optional<TxnDigest>& logged) {
    std::optional<std::uint64_t> expected;
    if (logged && logged->version == kDigestVersion) {
      expected = static_cast<std::uint64_t>(logged->tree_digest);
    } else if (snapshot_digest_ && snapshot_digest_->zxid == zxid) {
      expected = snapshot_digest_->digest;
    }
    if (!expected || zxid < exact_from_) return false;
    if (*expected == tree.digest()) {
      proven_ = true;
      doubt_.reset();
      return true;
    }
    // The snapshot may be ahead of its own record by the transaction in flight: the next digest
    // decides (zookeeper.md §3.3).
    ++mismatches_;
    if (!doubt_) doubt_ = zxid;
    return false;
  }

  // The first transaction whose digest did not agree, unless later ones did before anything was
  // proven.
  std::optional<Zxid> first_mismatch() const { return doubt_; }
  bool only_the_last_one() const { return !proven_ && mismatches_ == 1; }
  bool exact(Zxid zxid) const { return zxid >= exact_from_; }

 private:
  Zxid exact_from_;
  std::optional<ZxidDigest> snapshot_digest_;
  bool proven_ = false;
  std::uint64_t mismatches_ = 0;
  std::optional<Zxid> doubt_;
};

bool is_surprise(const OpResult& result) {
  return result.type != TxnType::Error && result.error != ErrorCode::Ok;
}

// The first operation that did not fit the tree though the leader had accepted it; null when all
// did.
const OpResult* surprise(const Applied& applied) {
  if (applied.result.type != TxnType::Multi) {
    return is_surprise(applied.result) ? &applied.result : nullptr;
  }
  const auto found = std::ranges::find_if(applied.multi, is_surprise);
  return found == applied.multi.end() ? nullptr : &*found;
}

class Replay {
 public:
  Replay(ChosenSnapshot chosen, std::vector<Warning> warnings, const RecoverOptions& options,
         const std::function<Visit(const Replayed&)>& visit)
      : options_(options), visit_(visit), checker_(chosen), chosen_(std::move(chosen)) {
    recovery_.database = std::move(chosen_.loaded.database);
    recovery_.warnings = std::move(warnings);
    if (chosen_.file) {
      recovery_.snapshot_zxid = chosen_.file->zxid;
      recovery_.files.push_back({chosen_.file->path, 0});
    }
    recovery_.last_zxid = recovery_.snapshot_zxid;
  }

  Expected<Recovery> run(const DataDirectory& directory) {
    count(checker_.agrees(recovery_.database.tree, recovery_.last_zxid, std::nullopt));
    const bool at_the_snapshot = options_.at && *options_.at <= recovery_.snapshot_zxid;
    if (!at_the_snapshot) {
      auto files =
          read_series(directory.logs_after(recovery_.snapshot_zxid), recovery_.snapshot_zxid,
                      recovery_.warnings, [&](const SeriesEntry& e) { return apply(e); });
      if (!files) return std::unexpected(files.error());
      recovery_.files.insert(recovery_.files.end(), files->begin(), files->end());
    }
    if (auto ok = check_covered(directory); !ok) return std::unexpected(ok.error());
    judge_digests();
    look_for_lost_acls();
    return std::move(recovery_);
  }

 private:
  Visit apply(const SeriesEntry& e) {
    const LoggedTxn& txn = e.entry.txn;
    const Zxid zxid = txn.header.zxid;
    if (options_.at && zxid > *options_.at) {
      reached_ = true;
      // The gap, if any, is behind what was asked for.
      if (e.after_gap) recovery_.warnings.pop_back();
      return Visit::Stop;
    }
    if (e.after_gap && !gap_) gap_ = recovery_.warnings.back();
    Database& database = recovery_.database;
    const Applied applied = database.apply(txn.header, txn.txn);
    ++recovery_.transactions;
    recovery_.last_zxid = std::max(recovery_.last_zxid, zxid);
    count(checker_.agrees(database.tree, zxid, txn.digest));
    const OpResult* odd = surprise(applied);
    if (odd != nullptr && chosen_.fuzziness_known && zxid > Zxid(chosen_.fuzzy_until.next())) {
      report_surprise(e, *odd);
    }
    const Visit wish = visit_({.txn = txn,
                               .applied = applied,
                               .after = database,
                               .exact = checker_.exact(zxid),
                               .file = e.file.path,
                               .offset = e.entry.offset});
    // Not one entry further: what comes behind may be damaged.
    reached_ = reached_ || (options_.at && zxid >= *options_.at);
    return reached_ ? Visit::Stop : wish;
  }

  void count(bool agreed) {
    if (agreed) ++recovery_.digests_verified;
  }

  void report_surprise(const SeriesEntry& e, const OpResult& odd) {
    // One is telling, thousands are not: a damaged start makes everything after it surprising.
    constexpr std::uint64_t kReported = 10;
    if (++surprises_ > kReported) return;
    recovery_.warnings.push_back(
        {Kind::UnexpectedError,
         {.source = e.file.path.string(), .offset = e.entry.offset},
         fmt::format("transaction {}: {} of {} does not fit the tree ({}){}",
                     zk::describe(e.entry.txn.header.zxid), name_of(odd.type), odd.path,
                     name_of(odd.error),
                     surprises_ == kReported ? "; further ones are not reported" : "")});
  }

  Expected<void> check_covered(const DataDirectory& directory) {
    if (!options_.at || reached_) return check_gap();
    if (*options_.at > recovery_.last_zxid) {
      return std::unexpected(Problem{
          .severity = Severity::Unknown,
          .place = {.source = directory.folder.string()},
          .what =
              fmt::format("the state as of {} is not in these files: their last transaction is {}",
                          zk::describe(*options_.at), zk::describe(recovery_.last_zxid)),
          .remedy = "Copy the newer transaction logs, or ask for an earlier zxid."});
    }
    return check_gap();
  }

  // A server starts over a gap and says nothing; who asks for one certain state deserves better.
  Expected<void> check_gap() {
    if (!options_.at || !gap_) return {};
    return std::unexpected(Problem{
        .severity = Severity::Unknown,
        .place = gap_->place,
        .what = fmt::format("the state as of {} cannot be rebuilt: {}", zk::describe(*options_.at),
                            gap_->what),
        .remedy = "Add the missing transaction logs, or take the files of another member."});
  }

  void judge_digests() {
    const std::string source = chosen_.file ? chosen_.file->path.string() : std::string();
    if (const auto zxid = checker_.first_mismatch(); zxid && !checker_.only_the_last_one()) {
      recovery_.warnings.push_back(
          {Kind::DigestMismatch,
           {.source = source},
           fmt::format(
               "from transaction {} on the tree is not what the leader had: its digest differs",
               zk::describe(*zxid))});
    } else if (zxid || recovery_.last_zxid < chosen_.fuzzy_until) {
      recovery_.warnings.push_back(
          {Kind::MaybeFuzzy,
           {.source = source},
           fmt::format("this snapshot was written while the server worked, up to {}; the logs end "
                       "at {} and "
                       "cannot make it exact",
                       zk::describe(chosen_.fuzzy_until), zk::describe(recovery_.last_zxid))});
    }
  }

  // A list that came up while the snapshot was written is in no snapshot, but in the log.
  void look_for_lost_acls() {
    if (chosen_.loaded.lost_acls == 0) return;
    recovery_.database.tree.for_each([&](std::string_view path, const Znode& znode) {
      if (znode.acl != kLostAclId) return;
      recovery_.warnings.push_back(
          {Kind::LostAcl,
           {.source = chosen_.file->path.string()},
           fmt::format("the ACL of znode {} is in neither the snapshot nor the logs", path)});
    });
  }

  const RecoverOptions& options_;
  const std::function<Visit(const Replayed&)>& visit_;
  DigestChecker checker_;
  ChosenSnapshot chosen_;
  Recovery recovery_;
  std::optional<Warning> gap_;
  std::uint64_t surprises_ = 0;
  bool reached_ = false;
};

Expected<Recovery> run(const std::filesystem::path& path, const SnapshotWish& wish,
                       const RecoverOptions& options,
                       const std::function<Visit(const Replayed&)>& visit) {
  const auto directory = DataDirectory::find(path, options.log_path);
  if (!directory) return std::unexpected(directory.error());
  std::vector<Warning> warnings;
  auto chosen = choose_snapshot(*directory, wish, warnings);
  if (!chosen) return std::unexpected(chosen.error());
  return Replay(*std::move(chosen), std::move(warnings), options, visit).run(*directory);
}

}  // namespace

bool Warning::casts_doubt() const {
  switch (kind) {
    case Kind::SkippedSnapshot:
    case Kind::TornTail:
    case Kind::EmptyLog:
      return false;
    case Kind::Gap:
    case Kind::OutOfOrder:
    case Kind::DigestMismatch:
    case Kind::UnexpectedError:
    case Kind::MaybeFuzzy:
    case Kind::LostAcl:
      return true;
  }
  return true;
}

std::string_view name_of(Warning::Kind kind) {
  switch (kind) {
    case Kind::SkippedSnapshot:
      return "skipped snapshot";
    case Kind::TornTail:
      return "torn tail";
    case Kind::EmptyLog:
      return "empty log";
    case Kind::Gap:
      return "gap";
    case Kind::OutOfOrder:
      return "out of order";
    case Kind::DigestMismatch:
      return "digest mismatch";
    case Kind::UnexpectedError:
      return "unexpected error";
    case Kind::MaybeFuzzy:
      return "maybe fuzzy";
    case Kind::LostAcl:
      return "lost ACL";
  }
  return "warning";
}

std::string describe(const Warning& warning) {
  return fmt::format("{}: {}: {}", sim::describe(warning.place), name_of(warning.kind),
                     warning.what);
}

bool Recovery::casts_doubt() const {
  return std::ranges::any_of(warnings,
                             [](const Warning& warning) { return warning.casts_doubt(); });
}

Expected<Recovery> recover(const std::filesystem::path& path, const RecoverOptions& options) {
  const SnapshotWish wish{.exact_by = options.at, .trust_empty = options.trust_empty_snapshot};
  return run(path, wish, options, [](const Replayed&) { return Visit::Continue; });
}

Expected<Recovery> replay(const std::filesystem::path& path, std::optional<Zxid> from,
                          const std::function<Visit(const Replayed&)>& visit,
                          const RecoverOptions& options) {
  SnapshotWish wish{.oldest = !from, .trust_empty = options.trust_empty_snapshot};
  if (from) wish.exact_by = Zxid(std::max<std::int64_t>(from->value() - 1, 0));
  return run(path, wish, options, visit);
}

Expected<Transactions> read_transactions(const std::filesystem::path& path, Zxid from,
                                         const std::function<Visit(const LogEntry&)>& visit,
                                         const RecoverOptions& options) {
  const auto directory = DataDirectory::find(path, options.log_path);
  if (!directory) return std::unexpected(directory.error());
  Transactions transactions;
  const Zxid after(std::max<std::int64_t>(from.value() - 1, 0));
  auto files = read_series(directory->logs_after(after), after, transactions.warnings,
                           [&](const SeriesEntry& e) {
                             const Zxid zxid = e.entry.txn.header.zxid;
                             if (options.at && zxid > *options.at) return Visit::Stop;
                             transactions.last = zxid;
                             const Visit wish = visit(e.entry);
                             return options.at == zxid ? Visit::Stop : wish;
                           });
  if (!files) return std::unexpected(files.error());
  transactions.files = *std::move(files);
  return transactions;
}

}  // namespace zk::disk
