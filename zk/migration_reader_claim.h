#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/problem.h"
#include "zk/tree.h"
#include "zk/txn.h"

// Finds the tree that real Kafka copied: `--at claim`. The copy reads ZooKeeper after a KRaft
// controller has claimed /controller; several may have claimed before one got to the end of its
// copy.
//
//   claim A … (killed) … claim B … copy … /migration's offset exceeds 0
//                        ▲ the last zxid before this one
namespace zk {

class ClaimFinder {
 public:
  // `root` is the chroot of the cluster. `before` is the tree before the first transaction that
  // will be shown.
  ClaimFinder(std::string root, const Tree& before);

  // Shows the next transaction, in the order of zxids. False: the answer is known, no more is
  // needed.
  bool take(const TxnHeader& header, const Txn& txn);

  // The last zxid before the last claim before /migration's offset first exceeded 0. A Problem of
  // severity Unknown when there is none: no claim, no copy after it, or a copy that was over before
  // the logs begin.
  sim::Expected<Zxid> found(const sim::Place& place) const;

 private:
  bool claims(const MultiTxn& multi) const;
  bool completes(std::string_view path, const Data& data) const;
  bool completes(const Txn& txn) const;

  std::string controller_path_;
  std::string migration_path_;
  bool complete_before_ = false;
  bool complete_ = false;
  Zxid previous_;
  std::optional<Zxid> before_claim_;
};

}  // namespace zk
