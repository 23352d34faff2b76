#pragma once

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "sim/base/match.h"
#include "zk/tree.h"

namespace zk {

// A server's history from its first transaction on, with zxids 1, 2, …: sessions, creations of
// every mode, changes, deletions, multis that succeed and fail, errors. Paths are few, so that
// operations meet; only what a leader would accept is an operation, the rest became errors.
inline rc::Gen<std::vector<LoggedTxn>> gen_txns() {
  return rc::gen::exec([] {
    const std::string paths[] = {"/a",     "/b",   "/a/x", "/a/y",
                                 "/a/x/z", "/b-c", "/b.d", "/b/\xc3\xa4"};
    Database database;
    std::vector<LoggedTxn> txns;
    // What a leader would make of a random wish, given what it has accepted so far.
    const auto wish = [&](const Tree& tree, SessionId session) -> SubTxn {
      const std::string path =
          *rc::gen::elementOf(std::vector<std::string>(std::begin(paths), std::end(paths)));
      const Data data = *rc::gen::element<Data>(std::nullopt, "", "text", std::string("\0\xff", 2));
      const AclList acl = *rc::gen::element(open_acl_unsafe(), read_acl_unsafe(),
                                            creator_all("digest", "user:hash"));
      const Znode* znode = tree.find(path);
      if (znode == nullptr) {
        const Znode* parent = tree.find(parent_of(path));
        if (parent == nullptr) return ErrorTxn{ErrorCode::NoNode};
        if (owner_kind(parent->stat.ephemeral_owner) == OwnerKind::Ephemeral) {
          return ErrorTxn{ErrorCode::NoChildrenForEphemerals};
        }
        const ChildVersion cversion = parent->stat.cversion.next();
        switch (*rc::gen::inRange(0, 5)) {
          case 0:
            return Create2Txn{path, data, acl, false, cversion};
          case 1:
            return CreateContainerTxn{path, data, acl, cversion};
          case 2:
            return CreateTtlTxn{path, data, acl, cversion, 5000};
          case 3:
            return CreateTxn{path, data, acl, session != kNoSession, cversion};
          default:
            return CreateTxn{path, data, acl, false, cversion};
        }
      }
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          if (znode->num_children > 0) return ErrorTxn{ErrorCode::NotEmpty};
          return DeleteTxn{path};
        case 1:
          return CheckTxn{path, znode->stat.version.next()};
        case 2:
          return ErrorTxn{ErrorCode::BadVersion};
        default:
          return SetDataTxn{path, data, znode->stat.version.next()};
      }
    };
    const auto count = *rc::gen::inRange<std::int64_t>(0, 40);
    for (std::int64_t zxid = 1; zxid <= count; ++zxid) {
      const SessionId session(*rc::gen::inRange<std::int64_t>(1, 4));
      const bool open = database.session_timeouts_ms.contains(session);
      TxnHeader header{.client_id = session,
                       .cxid = static_cast<std::int32_t>(zxid),
                       .zxid = Zxid(zxid),
                       .time = WallTime(1'700'000'000'000 + zxid)};
      Txn txn = CreateSessionTxn{6000};
      const int kind = *rc::gen::inRange(0, 10);
      if (open && kind == 0) {
        CloseSessionTxn close;
        if (*rc::gen::arbitrary<bool>()) {
          const auto paths_of = database.tree.ephemerals_of(session);
          close.paths_to_delete.emplace(paths_of.begin(), paths_of.end());
        }
        txn = std::move(close);
      } else if (open && kind <= 2) {
        const std::string path = *rc::gen::element<std::string>("/a", "/b");
        const Znode* znode = database.tree.find(path);
        if (znode == nullptr) {
          txn = ErrorTxn{ErrorCode::NoNode};
        } else {
          txn = SetAclTxn{path, read_acl_unsafe(), znode->stat.aversion.next()};
        }
      } else if (open && kind <= 5) {
        Tree ahead = database.tree;
        MultiTxn multi;
        for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
          SubTxn sub = multi.failed() ? SubTxn(ErrorTxn{ErrorCode::RuntimeInconsistency})
                                      : wish(ahead, session);
          sim::match(
              sub, [](const UndoneTxn&) {}, [&](const auto& one) { ahead.apply(header, one); });
          multi.txns.push_back(std::move(sub));
        }
        // Some servers log what came before a failing operation as undone.
        if (multi.failed() && *rc::gen::arbitrary<bool>())
          multi.txns.front() = UndoneTxn{"not four bytes"};
        if (!multi.failed() || multi.txns.size() > 1) {
          txn = std::move(multi);
        } else {
          txn = ErrorTxn{ErrorCode::BadVersion};
        }
      } else if (open) {
        sim::match(
            wish(database.tree, session), [](const UndoneTxn&) {},
            [&](const CheckTxn&) { txn = ErrorTxn{ErrorCode::BadVersion}; },
            [&](const auto& one) { txn = one; });
      }
      database.apply(header, txn);
      txns.push_back({header, std::move(txn), std::nullopt});
    }
    return txns;
  });
}

}  // namespace zk
