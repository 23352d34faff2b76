#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zk/behaviour.h"
#include "zk/message.h"
#include "zk/request.h"
#include "zk/tree.h"

// The leader's first stage: requests become transactions, validated one after another against the
// tree *and* what is proposed but not yet applied, so that conditional writes are linearizable and
// pipelined writes see each other (PrepRequestProcessor; zookeeper.md §1.5, §1.6). A refused
// request becomes an error transaction.
namespace zk {

class Prep {
 public:
  // Decides a write. `zxid` is the number that the transaction will get. Requires
  // is_write(request).
  Txn prepare(const Tree& tree, const Request& request, SessionId session,
              std::span<const Identity> identities, Zxid zxid, const ServerBehaviour& behaviour);
  // The end of a session: all its ephemerals, those still being created included.
  Txn close_session(const Tree& tree, SessionId session, Zxid zxid);
  // The tree has it now: changes up to this zxid need no remembering.
  void applied(Zxid zxid);

  std::size_t outstanding() const { return changes_.size(); }

 private:
  // A znode as it will be once everything outstanding is applied (ChangeRecord).
  struct Node {
    bool exists = false;
    DataVersion version;
    ChildVersion cversion;
    AclVersion aversion;
    SessionId owner;
    std::int32_t num_children = 0;
    std::optional<AclList> acl;  // absent: the tree's own, unchanged
  };
  struct Change {
    Zxid zxid;
    Node node;
  };
  using Undo = std::vector<std::pair<std::string, std::optional<Change>>>;
  struct Stage {  // one request on its way
    const Tree& tree;
    SessionId session;
    std::span<const Identity> identities;
    Zxid zxid;
    const ServerBehaviour& behaviour;
    Undo undo;
  };
  using Decided = std::variant<ErrorCode, SubTxn>;

  Node node(const Tree& tree, std::string_view path) const;
  void change(Stage& stage, std::string path, Node node);
  void roll_back(Stage& stage);
  bool allowed(const Stage& stage, std::string_view path, const Node& node, Perm perm) const;

  Decided decide(Stage& stage, const Create& create);
  Decided decide(Stage& stage, const Delete& remove);
  Decided decide(Stage& stage, const SetData& set);
  Decided decide(Stage& stage, const Check& check);
  Txn decide_acl(Stage& stage, const SetAcl& set);
  Txn decide_multi(Stage& stage, const Multi& multi);
  void remove_child(Stage& stage, std::string_view path);

  std::map<std::string, Change, std::less<>> changes_;
  std::deque<std::pair<Zxid, std::string>> order_;  // of changes, to forget them by
};

// Whether a path may name a znode (PathUtils.validatePath).
bool is_valid_path(std::string_view path);
// The list as it will be stored: "auth" entries become the requester's identities. Absent when the
// list is empty or an entry makes no sense: InvalidAcl.
std::optional<AclList> fixed_acl(const AclList& acl, std::span<const Identity> identities);
// Whether one of these identities, or anyone, has the permission (ZooKeeperServer.checkACL).
bool permits(const AclList& acl, Perm perm, std::span<const Identity> identities);

}  // namespace zk
