#include "zk/watch.h"

#include <gtest/gtest.h>

namespace zk {
namespace {

constexpr sim::ConnectionId kOne{sim::NodeId(1), 1};
constexpr sim::ConnectionId kTwo{sim::NodeId(2), 1};

std::vector<std::pair<sim::ConnectionId, WatchedEventType>> fired(WatchManager& watches,
                                                                  Change change) {
  std::vector<std::pair<sim::ConnectionId, WatchedEventType>> told;
  for (const auto& one : watches.fire(change)) told.emplace_back(one.watcher, one.event.type);
  return told;
}
using Told = std::vector<std::pair<sim::ConnectionId, WatchedEventType>>;

TEST(WatchManager, ACreationTellsWhoWaitsForItAndThenTheParentsWatchers) {
  WatchManager watches;
  watches.add(WatchKind::OfData, "/p/c", kOne);
  watches.add(WatchKind::OfChildren, "/p", kTwo);
  EXPECT_EQ(
      fired(watches, {Change::Kind::Created, "/p/c"}),
      (Told{{kOne, WatchedEventType::NodeCreated}, {kTwo, WatchedEventType::NodeChildrenChanged}}));
  EXPECT_TRUE(watches.empty());  // one shot
}

TEST(WatchManager, ADeletionTellsAWatcherOfDataAndChildrenOnce) {
  WatchManager watches;
  watches.add(WatchKind::OfData, "/p", kOne);
  watches.add(WatchKind::OfChildren, "/p", kOne);
  EXPECT_EQ(fired(watches, {Change::Kind::Deleted, "/p"}),
            (Told{{kOne, WatchedEventType::NodeDeleted}}));
}

TEST(WatchManager, NewDataTellsNoWatcherOfChildren) {
  WatchManager watches;
  watches.add(WatchKind::OfChildren, "/p", kOne);
  EXPECT_TRUE(fired(watches, {Change::Kind::DataChanged, "/p"}).empty());
  EXPECT_TRUE(fired(watches, {Change::Kind::DataChanged, "/p/c"}).empty());
  EXPECT_EQ(watches.size(), 1u);
}

TEST(WatchManager, ANewAclTellsNobody) {
  WatchManager watches;
  watches.add(WatchKind::OfData, "/p", kOne);
  EXPECT_TRUE(fired(watches, {Change::Kind::AclChanged, "/p"}).empty());
}

TEST(WatchManager, ALostConnectionTakesItsWatchesAlong) {
  WatchManager watches;
  watches.add(WatchKind::OfData, "/p", kOne);
  watches.add(WatchKind::OfData, "/p", kTwo);
  watches.remove(kOne);
  EXPECT_EQ(fired(watches, {Change::Kind::DataChanged, "/p"}),
            (Told{{kTwo, WatchedEventType::NodeDataChanged}}));
}

}  // namespace
}  // namespace zk
