#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/problem.h"
#include "zk/disk/data_directory.h"
#include "zk/tree.h"

// What a server has in memory once it has started from these files: the newest valid snapshot, and
// the logs replayed over it. zookeeper.md §3.8 (FileTxnSnapLog.restore). Nothing here writes or
// deletes a file.
//
//   snapshot S (fuzzy) ─► txn S+1 ─► … ─► the digest in the snapshot agrees: exact from here ─► last
//
// The result is what this one server *logged*: its last transactions may not be committed by the
// ensemble (zookeeper.md §3.4).
namespace zk::disk {

// What a server would start with all the same, but a person should know.
struct Warning {
  enum class Kind : std::uint8_t {
    SkippedSnapshot,  // damaged or torn: an older one was used
    TornTail,         // a log ends inside an entry, as a crash leaves it
    EmptyLog,         // a log without a byte
    Gap,              // transactions are missing between two that are there
    OutOfOrder,       // a transaction stands after a later one
    DigestMismatch,   // the tree is not what the leader had after this transaction
    UnexpectedError,  // a transaction did not fit the tree, and no fuzzy snapshot explains it
    MaybeFuzzy,       // the logs do not reach far enough to make the snapshot exact
    LostAcl,          // a znode's ACL is in neither the snapshot nor the logs
  };
  Kind kind = Kind::TornTail;
  sim::Place place;
  std::string what;
  bool operator==(const Warning&) const = default;
  // Whether the tree may differ from what the server had; else only what was read is worth knowing.
  bool casts_doubt() const;
};
std::string_view name_of(Warning::Kind kind);
std::string describe(const Warning& warning);

// A file that took part.
struct FileRead {
  std::filesystem::path path;
  std::uint64_t transactions = 0;  // applied or visited; 0 for a snapshot
  bool operator==(const FileRead&) const = default;
};

struct RecoverOptions {
  // The state right after this transaction (or after the last one before it, if there is no such
  // one).
  std::optional<Zxid> at;
  // For a server with a dataLogDir: where its logs are.
  std::optional<std::filesystem::path> log_path;
  // Start from an empty tree when there are logs but no snapshot (zookeeper.snapshot.trust.empty).
  bool trust_empty_snapshot = false;
};

struct Recovery {
  Database database;
  Zxid snapshot_zxid;              // 0 and no snapshot file: started from an empty tree
  Zxid last_zxid;                  // the last transaction in the database
  std::uint64_t transactions = 0;  // replayed over the snapshot
  std::uint64_t digests_verified = 0;
  std::vector<FileRead> files;  // in the order in which they were read
  std::vector<Warning> warnings;

  bool casts_doubt() const;
};

// The state of a server that starts from these files. A Problem where a server refuses to start, or
// when `at` is not covered: before the oldest usable snapshot, or after the last transaction, or
// behind a gap.
sim::Expected<Recovery> recover(const std::filesystem::path& path,
                                const RecoverOptions& options = {});

// One transaction as it was replayed.
struct Replayed {
  const LoggedTxn& txn;
  const Applied& applied;
  const Database& after;
  bool exact;  // past the fuzzy range of the snapshot: `after` is a state that was
  const std::filesystem::path& file;
  std::uint64_t offset;
};
enum class Visit : std::uint8_t {
  Continue,
  Stop
};
// As `recover`, and shows every transaction with the database after it. `from`: begin with the
// newest snapshot that is exact before this transaction, so that it and all later ones are shown;
// without it: begin as early as the files allow. After `Stop` the result is the state right there.
sim::Expected<Recovery> replay(const std::filesystem::path& path, std::optional<Zxid> from,
                               const std::function<Visit(const Replayed&)>& visit,
                               const RecoverOptions& options = {});

// The transactions alone, from `from` on, without a tree. Gaps and torn tails are in the warnings.
struct Transactions {
  std::vector<FileRead> files;
  std::vector<Warning> warnings;
  std::optional<Zxid> last;
};
sim::Expected<Transactions> read_transactions(const std::filesystem::path& path, Zxid from,
                                              const std::function<Visit(const LogEntry&)>& visit,
                                              const RecoverOptions& options = {});

}  // namespace zk::disk
