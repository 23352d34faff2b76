#pragma once

#include "kraft/notice.h"
#include "migrate/notice.h"
#include "scenarios/admin.h"
#include "scenarios/zookeeper_shell.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/broker_notice.h"
#include "sim/kafka/transaction_notice.h"
#include "zk/controller_notice.h"
#include "zk/notice.h"

// Every notice that a machine of ours may emit, as a list of types, for who must do something with
// each.
namespace scenarios {

template <class... Notices>
struct NoticeList {};

using AllNotices = NoticeList<
    // The ensemble.
    zk::Recovered, zk::Looking, zk::LeaderElected, zk::Established, zk::Synchronizing,
    zk::FollowerReady, zk::Committed, zk::SessionExpired, zk::SessionOpened, zk::SessionResumed,
    zk::WatchTriggered, zk::SnapshotTaken,
    // The controller of ZooKeeper mode.
    zk::ZkControllerElected, zk::ZkControllerReady, zk::ZkControllerResigned,
    zk::ZkPartitionChanged, zk::ZkElectionRefused, zk::ZkTopicDeleted,
    // The quorum and its controller, and a broker's link to them.
    kraft::RoleChanged, kraft::VoteGranted, kraft::BecameLeader, kraft::LeaderResigned,
    kraft::HighWatermark, kraft::LogTruncated, kraft::SnapshotInstalled, kraft::ControllerActivated,
    kraft::ControllerRenounced, kraft::Committed, kraft::MetadataPublished,
    kraft::MigrationStateChanged, kraft::TransactionAborted, kraft::CopyOutlivedItsClaim,
    kraft::BrokerRegistered, kraft::BrokerFenced, kraft::BrokerUnfenced,
    kraft::ElectedPartitionLeader, kraft::ChangeAcknowledged, kraft::BrokerStateChanged,
    // The migration.
    migrate::StateChanged, migrate::Claimed, migrate::CopyBegan, migrate::CopyBatch,
    migrate::CopyCompleted, migrate::CopyAborted, migrate::Reconciled, migrate::Mirrored,
    migrate::EventFailed,
    // Brokers and clients.
    sim::BrokerBecameLeader, sim::BrokerBecameFollower, sim::RequestProcessingEnabled,
    sim::GroupsLoaded, sim::OffsetCommitAccepted, sim::CommittedOffsetsRemoved,
    sim::GroupGenerationBegan, sim::IsrShrunk, sim::IsrExpanded, sim::ReplicaTruncated,
    sim::ReplicaStopped, sim::ControlRequestRefused, sim::CachedControllerChanged,
    sim::ClientAcknowledged, sim::ClientConsumed, sim::ClientCommitted, sim::ClientFetchedOffset,
    sim::ClientWaits, AdminDone,
    // Transactions.
    sim::TransactionStateChanged, sim::TransactionsLoaded, sim::TransactionOpened,
    sim::TransactionMarkerAppended, sim::ProducerInitialized, sim::TransactionalSend,
    sim::OffsetsSentToTransaction, sim::TransactionEnding, sim::TransactionEnded,
    sim::TransactionFailed,
    // Client programs.
    sim::ClientPositionSet, sim::ClientProcessed, sim::ClientRecordFailed, sim::ClientPayloadLogged,
    sim::ClientSkipped, sim::ClientDeadLettering, sim::ClientDeadLetterSent,
    sim::ClientDeadLettered, sim::ClientDeadLetterFailed, sim::ClientSpooled, sim::ClientCommitting,
    sim::ClientCommitFailed, sim::ClientOutputSent, sim::ClientPassedBadRecord, sim::ClientStopped,
    // The operator.
    ZnodeEdited>;

}  // namespace scenarios
