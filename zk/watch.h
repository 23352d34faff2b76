#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/digest.h"
#include "sim/core/core.h"
#include "zk/request.h"
#include "zk/tree.h"

// The one-shot watches of one server: who, by which connection, waits for which znode
// (WatchManager, DataTree.setWatches; zookeeper.md §1.9). In memory only: a lost connection takes
// its watches along. Simplified: no persistent and recursive watches; Kafka sets none.
namespace zk {

enum class WatchKind : std::uint8_t {
  OfData,
  OfChildren
};

class WatchManager {
 public:
  struct Fired {
    sim::ConnectionId watcher;
    WatchedEvent event;
  };

  // At most one per path, kind and connection: a second one changes nothing.
  void add(WatchKind kind, std::string_view path, sim::ConnectionId watcher);
  // The watches that a change fires, each of them gone now, in the order in which they are to be
  // sent.
  std::vector<Fired> fire(const Change& change);
  // The connection is gone.
  void remove(sim::ConnectionId watcher);

  bool has(WatchKind kind, std::string_view path, sim::ConnectionId watcher) const;
  bool empty() const { return data_.empty() && child_.empty(); }
  std::size_t size() const;
  void digest_into(sim::Digest& digest) const;

 private:
  using Watchers = std::set<sim::ConnectionId>;
  using Table = std::map<std::string, Watchers, std::less<>>;
  static Watchers take(Table& table, std::string_view path);
  Table data_;
  Table child_;
};

}  // namespace zk
