#include "zk/migration_reader_claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/match.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace zk {
namespace {

// The path and data that a transaction gives to a znode; null for those that give none.
template <class T>
std::optional<std::pair<std::string_view, const Data*>> written(const T& txn) {
  if constexpr (requires {
                  txn.path;
                  txn.data;
                }) {
    return std::pair{std::string_view(txn.path), &txn.data};
  } else {
    return std::nullopt;
  }
}

}  // namespace

ClaimFinder::ClaimFinder(std::string root, const Tree& before)
    : controller_path_(fmt::format("{}{}", root == "/" ? "" : root, paths::kController)),
      migration_path_(fmt::format("{}{}", root == "/" ? "" : root, paths::kMigration)),
      previous_(before.last_processed_zxid()) {
  const Znode* const migration = before.find(migration_path_);
  complete_before_ = migration != nullptr && completes(migration_path_, migration->data);
}

// Creates /controller for good and with a KRaft epoch, in one transaction with /controller_epoch.
bool ClaimFinder::claims(const MultiTxn& multi) const {
  if (multi.failed()) return false;
  return std::ranges::any_of(multi.txns, [&](const SubTxn& sub) {
    return std::visit(
        [&](const auto& txn) {
          if constexpr (requires { txn.ephemeral; }) {
            if (txn.path != controller_path_ || txn.ephemeral || !txn.data) return false;
            const auto controller = parse_controller(*txn.data);
            return controller && controller->is_kraft();
          } else {
            return false;
          }
        },
        sub);
  });
}

bool ClaimFinder::completes(std::string_view path, const Data& data) const {
  if (path != migration_path_ || !data) return false;
  const auto migration = parse_migration(*data);
  return migration && migration->initial_migration_complete();
}

bool ClaimFinder::completes(const Txn& txn) const {
  const auto one = [&](const auto& each) {
    const auto write = written(each);
    return write && completes(write->first, *write->second);
  };
  const auto* const multi = std::get_if<MultiTxn>(&txn);
  if (multi == nullptr) return std::visit(one, txn);
  return !multi->failed() &&
         std::ranges::any_of(multi->txns, [&](const SubTxn& sub) { return std::visit(one, sub); });
}

bool ClaimFinder::take(const TxnHeader& header, const Txn& txn) {
  if (complete_ || complete_before_) return false;
  if (const auto* multi = std::get_if<MultiTxn>(&txn); multi != nullptr && claims(*multi)) {
    before_claim_ = previous_;
  }
  // Before a claim there is no copy that could have completed; an offset that somebody wrote by
  // hand then tells nothing.
  complete_ = before_claim_.has_value() && completes(txn);
  previous_ = header.zxid;
  return !complete_;
}

sim::Expected<Zxid> ClaimFinder::found(const sim::Place& place) const {
  const auto unknown = [&](std::string what, std::string remedy) {
    return std::unexpected(
        sim::Problem{sim::Severity::Unknown, place, std::move(what), std::move(remedy)});
  };
  if (complete_before_) {
    return unknown("the copy was over before these transaction logs begin",
                   "Give a data directory whose logs reach back to before the migration.");
  }
  if (!before_claim_) {
    return unknown(
        "no KRaft controller claimed /controller in these transaction logs",
        "The migration has not begun here, or its logs were purged; leave out --at claim.");
  }
  if (!complete_) {
    return unknown("a KRaft controller claimed /controller, but no copy came to its end",
                   "Read the tree as of a zxid with --at, or leave out --at.");
  }
  return *before_claim_;
}

}  // namespace zk
