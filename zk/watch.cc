#include "zk/watch.h"

#include <iterator>
#include <utility>

namespace zk {

void WatchManager::add(WatchKind kind, std::string_view path, sim::ConnectionId watcher) {
  Table& table = kind == WatchKind::OfData ? data_ : child_;
  auto found = table.find(path);
  if (found == table.end()) found = table.emplace(std::string(path), Watchers()).first;
  found->second.insert(watcher);
}

WatchManager::Watchers WatchManager::take(Table& table, std::string_view path) {
  const auto found = table.find(path);
  if (found == table.end()) return {};
  Watchers taken = std::move(found->second);
  table.erase(found);
  return taken;
}

std::vector<WatchManager::Fired> WatchManager::fire(const Change& change) {
  std::vector<Fired> fired;
  if (empty()) return fired;
  const auto tell = [&](const Watchers& watchers, WatchedEventType type, std::string_view path) {
    for (const sim::ConnectionId watcher : watchers) {
      fired.push_back({watcher, {type, KeeperState::SyncConnected, std::string(path)}});
    }
  };
  switch (change.kind) {
    case Change::Kind::Created:
      tell(take(data_, change.path), WatchedEventType::NodeCreated, change.path);
      break;
    case Change::Kind::Deleted: {
      Watchers all = take(data_, change.path);
      all.merge(take(child_, change.path));  // told once, whatever they watched
      tell(all, WatchedEventType::NodeDeleted, change.path);
      break;
    }
    case Change::Kind::DataChanged:
      tell(take(data_, change.path), WatchedEventType::NodeDataChanged, change.path);
      return fired;
    case Change::Kind::AclChanged:
      return fired;  // setACL triggers nothing
  }
  const std::string_view parent = parent_of(change.path);
  tell(take(child_, parent), WatchedEventType::NodeChildrenChanged, parent);
  return fired;
}

void WatchManager::remove(sim::ConnectionId watcher) {
  for (Table* const table : {&data_, &child_}) {
    for (auto at = table->begin(); at != table->end();) {
      at->second.erase(watcher);
      at = at->second.empty() ? table->erase(at) : std::next(at);
    }
  }
}

bool WatchManager::has(WatchKind kind, std::string_view path, sim::ConnectionId watcher) const {
  const Table& table = kind == WatchKind::OfData ? data_ : child_;
  const auto found = table.find(path);
  return found != table.end() && found->second.contains(watcher);
}

std::size_t WatchManager::size() const {
  std::size_t count = 0;
  for (const Table* const table : {&data_, &child_}) {
    for (const auto& [path, watchers] : *table) count += watchers.size();
  }
  return count;
}

void WatchManager::digest_into(sim::Digest& digest) const {
  sim::digest_into(digest, data_);
  sim::digest_into(digest, child_);
}

}  // namespace zk
