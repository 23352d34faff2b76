#include "scenarios/notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kraft/notice.h"
#include "migrate/notice.h"
#include "scenarios/admin.h"
#include "sim/base/suggest.h"
#include "sim/kafka/broker_notice.h"
#include "zk/controller_notice.h"
#include "zk/notice.h"

namespace scenarios {
namespace {

template <class... Notices>
constexpr auto sorted() {
  std::array types{NoticeType{Notices::kName, Notices::kRule}...};
  std::ranges::sort(types, {}, &NoticeType::name);
  return types;
}

constexpr auto kTypes = sorted<
    // The ensemble.
    zk::Recovered, zk::Looking, zk::LeaderElected, zk::Established, zk::Synchronizing, zk::FollowerReady, zk::Committed,
    zk::SessionExpired, zk::SessionOpened, zk::SessionResumed, zk::WatchTriggered, zk::SnapshotTaken,
    // The controller of ZooKeeper mode.
    zk::ZkControllerElected, zk::ZkControllerReady, zk::ZkControllerResigned, zk::ZkPartitionChanged, zk::ZkTopicDeleted,
    // The quorum and its controller, and a broker's link to them.
    kraft::RoleChanged, kraft::VoteGranted, kraft::BecameLeader, kraft::LeaderResigned, kraft::HighWatermark,
    kraft::LogTruncated, kraft::SnapshotInstalled, kraft::ControllerActivated, kraft::ControllerRenounced,
    kraft::Committed, kraft::MetadataPublished, kraft::MigrationStateChanged, kraft::TransactionAborted,
    kraft::BrokerRegistered, kraft::BrokerFenced, kraft::BrokerUnfenced, kraft::ElectedPartitionLeader,
    kraft::ChangeAcknowledged, kraft::BrokerStateChanged,
    // The migration.
    migrate::StateChanged, migrate::Claimed, migrate::CopyBegan, migrate::CopyBatch, migrate::CopyCompleted,
    migrate::CopyAborted, migrate::Reconciled, migrate::Mirrored, migrate::EventFailed,
    // Brokers and clients.
    sim::BrokerBecameLeader, sim::BrokerBecameFollower, sim::IsrShrunk, sim::IsrExpanded, sim::ReplicaTruncated,
    sim::ReplicaStopped, sim::ControlRequestRefused, sim::CachedControllerChanged, sim::ClientAcknowledged,
    sim::ClientConsumed, sim::ClientCommitted, sim::ClientFetchedOffset, sim::ClientWaits, AdminDone>();

}  // namespace

std::span<const NoticeType> notice_types() { return kTypes; }

sim::Expected<void> check_notice(std::string_view name, const sim::Place& place) {
  if (std::ranges::find(kTypes, name, &NoticeType::name) != kTypes.end()) return {};
  std::array<std::string_view, kTypes.size()> names;
  std::ranges::transform(kTypes, names.begin(), &NoticeType::name);
  return std::unexpected(sim::Problem{sim::Severity::Usage, place,
                                      fmt::format("there is no notice '{}'.{}", name, sim::did_you_mean(name, names)),
                                      "'zk2kraft run --list notices' names all."});
}

}  // namespace scenarios
