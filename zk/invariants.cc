#include "zk/invariants.h"

#include <fmt/format.h>

#include "zk/notice.h"

namespace zk {
namespace {

// Old agreements are forgotten in halves: nobody delivers them any more.
constexpr std::size_t kRemembered = 200'000;

void forget_old(EnsembleMemory& memory) {
  if (memory.committed.size() < kRemembered) return;
  auto middle = memory.committed.begin();
  std::advance(middle, kRemembered / 2);
  memory.committed.erase(memory.committed.begin(), middle);
}

void agree(EnsembleMemory& memory, ServerId server, Zxid zxid, EnsembleMemory::State state,
           Violations& violations) {
  const auto [at, first] = memory.committed.try_emplace(zxid, state);
  if (first) {
    forget_old(memory);
    return;
  }
  const bool same_txn = state.txn == 0 || at->second.txn == 0 || state.txn == at->second.txn;
  if (same_txn && state.tree == at->second.tree) {
    if (at->second.txn == 0) at->second.txn = state.txn;
    return;
  }
  violations.push_back(
      {"zk.CommittedPrefixAgrees",
       fmt::format("Server {} has another {} at zxid {} than the server that delivered it first.",
                   server.value(), same_txn ? "tree" : "transaction", describe(zxid))});
}

void on_established(EnsembleMemory& memory, const Established& notice, Violations& violations) {
  const auto [at, first] = memory.leaders.try_emplace(notice.epoch, notice.leader);
  if (!first && at->second != notice.leader) {
    violations.push_back(
        {"zk.OneLeaderPerEpoch",
         fmt::format("Epoch {} was led by server {} and is now led by server {}.",
                     notice.epoch.value(), at->second.value(), notice.leader.value())});
  }
  // A leader of an older epoch may come late, by an acknowledgement that was long on its way: it
  // need not have what a newer epoch delivered, for it can commit nothing any more.
  auto earlier =
      memory.committed.lower_bound(Zxid::of(static_cast<std::uint32_t>(notice.epoch.value()), 0));
  while (earlier != memory.committed.begin()) {
    const Zxid delivered = (--earlier)->first;
    // <epoch,0> names a state, not a transaction: a snapshot of a leader that has not written yet.
    if (delivered.counter() == 0) continue;
    if (notice.history < delivered) {
      violations.push_back(
          {"zk.CommittedIsKept",
           fmt::format(
               "Server {} leads epoch {} with a history up to {}, but {} was delivered before.",
               notice.leader.value(), notice.epoch.value(), describe(notice.history),
               describe(delivered))});
    }
    break;
  }
  agree(memory, notice.leader, notice.history, {0, notice.tree}, violations);
}

void on_committed(EnsembleMemory& memory, const Committed& notice, Violations& violations) {
  Zxid& delivered = memory.delivered[notice.server];
  if (notice.zxid <= delivered) {
    violations.push_back(
        {"zk.ZxidMonotone", fmt::format("Server {} delivers {} after {}.", notice.server.value(),
                                        describe(notice.zxid), describe(delivered))});
  }
  // What this server delivered last is the state before this one only if nothing lies in between: a server that was
  // brought up to date by a snapshot has not delivered what that holds.
  const auto before = memory.committed.find(delivered);
  const auto* const multi = std::get_if<MultiTxn>(&notice.txn.as<LoggedTxn>().txn);
  if (multi != nullptr && multi->failed() && notice.zxid == delivered.next() &&
      before != memory.committed.end() && before->second.tree != notice.tree) {
    violations.push_back(
        {"zk.MultiIsAtomic", fmt::format("Server {} changes its tree by the failed multi {}.",
                                         notice.server.value(), describe(notice.zxid))});
  }
  delivered = notice.zxid;
  sim::Digest txn;
  notice.txn.digest_into(txn);
  agree(memory, notice.server, notice.zxid, {txn.value(), notice.tree}, violations);
}

}  // namespace

Violations check_notice(const sim::Payload& notice, EnsembleMemory& memory) {
  Violations violations;
  if (const auto* const committed = notice.get_if<Committed>()) {
    on_committed(memory, *committed, violations);
  } else if (const auto* const established = notice.get_if<Established>()) {
    on_established(memory, *established, violations);
  } else if (const auto* const ready = notice.get_if<FollowerReady>()) {
    agree(memory, ready->server, ready->zxid, {0, ready->tree}, violations);
  } else if (const auto* const recovered = notice.get_if<Recovered>()) {
    memory.delivered.erase(recovered->server);
  } else if (const auto* const resumed = notice.get_if<SessionResumed>()) {
    if (resumed->seen > resumed->zxid) {
      violations.push_back(
          {"zk.SessionSeesNoPast",
           fmt::format("Session 0x{:x} has seen {} and resumes at server {}, which is at {}.",
                       static_cast<std::uint64_t>(resumed->session.value()),
                       describe(resumed->seen), resumed->server.value(), describe(resumed->zxid))});
    }
  }
  return violations;
}

Violations check_servers(std::span<const Server* const> servers) {
  Violations violations;
  for (const Server* const server : servers) {
    if (server == nullptr) continue;
    const History& history = server->history();
    const ZabEpoch logged(history.last_logged().epoch());
    // A learner logs what it is synchronised with before it enters the epoch, and may lose its
    // leader in between.
    const bool ahead = server->serves() && history.current_epoch() < logged;
    if (history.accepted_epoch() < history.current_epoch() || history.accepted_epoch() < logged ||
        ahead) {
      violations.push_back(
          {"zk.EpochsInOrder",
           fmt::format("Server {} accepted epoch {}, is in epoch {} and has logged {}.",
                       server->id().value(), history.accepted_epoch().value(),
                       history.current_epoch().value(), describe(history.last_logged()))});
    }
    const Database& database = server->database();
    for (const SessionId owner : database.tree.ephemeral_owners()) {
      if (database.session_timeouts_ms.contains(owner)) continue;
      violations.push_back(
          {"zk.EphemeralHasSession",
           fmt::format("Server {} keeps {} ephemerals of session 0x{:x}, which is over, at {}.",
                       server->id().value(), database.tree.ephemerals_of(owner).size(),
                       static_cast<std::uint64_t>(owner.value()),
                       describe(history.last_processed()))});
    }
  }
  return violations;
}

Violations check_watches(const Client& client, const Server& server) {
  Violations violations;
  if (client.state() != SessionState::Connected) return violations;
  const WatchManager& armed = server.clients().watches();
  const auto check_paths = [&](const Client::Paths& paths, WatchKind kind) {
    for (const std::string& path : paths) {
      if (armed.has(kind, path, client.connection())) continue;
      violations.push_back(
          {"zk.WatchesAreArmed",
           fmt::format("A client of server {} waits for a change of {} that nobody will tell.",
                       server.id().value(), path)});
    }
  };
  check_paths(client.data_watches(), WatchKind::OfData);
  check_paths(client.exist_watches(), WatchKind::OfData);
  check_paths(client.child_watches(), WatchKind::OfChildren);
  return violations;
}

}  // namespace zk
