#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/pseudonym/names.h"
#include "zk/acl.h"
#include "zk/txn.h"

namespace migrate {

// A tree of ZooKeeper's with every name in it replaced: in paths, in what Kafka writes into its
// znodes, in ACLs. What is not Kafka's, and JSON that is none, is renamed word by word, so that it
// is as wrong as it was. Transactions are renamed one by one, and fit each other afterwards.
class PseudonymousZnodes {
 public:
  // `roots`: of the clusters in the tree, "" for the tree's own (zk/cluster_root.h).
  PseudonymousZnodes(Pseudonyms& names, std::vector<std::string> roots);

  std::string path(std::string_view original);
  // Of the znode with this path (as it is before it is renamed).
  zk::Data data(std::string_view path, const zk::Data& original);
  zk::AclList acl(const zk::AclList& original);
  zk::LoggedTxn txn(const zk::LoggedTxn& original);

 private:
  // The root that the path is below, and what is behind it: "" and "/brokers/ids".
  std::pair<std::string_view, std::string_view> split(std::string_view path) const;
  std::string below_root(std::string_view path);
  std::string text(const std::vector<std::string_view>& parts, const std::string& original);
  template <class Txn>
  Txn renamed(Txn txn);

  Pseudonyms& names_;
  std::vector<std::string> roots_;  // the longest first
};

}  // namespace migrate
