#include "migrate/status/log_patterns.h"

#include <algorithm>
#include <array>

#include "sim/base/check.h"

namespace migrate {
namespace {

constexpr std::string_view kDriver = "KRaftMigrationDriver";
constexpr std::string_view kFaults = "LoggingFaultHandler";

// Stand in the table behind the patterns that their lines have too: what they mean besides is the
// teller's to say, by the release of the node.
constexpr std::string_view kNoMorePolls =
    "the poll that failed was the last one: before 3.7.1 and 3.8.0 it is not armed again, and the "
    "driver stands still for good. Controllers that start together do this to each other, by "
    "creating /migration at the same time";

constexpr std::string_view kRestartActive =
    "Restart the active controller: another one claims the cluster and writes all of the image.";
constexpr std::string_view kCompare =
    "zk2kraft diff --from ZK --to KRAFT names what ZooKeeper lacks; restart the active controller "
    "to reconcile, before any way back.";

constexpr std::string_view kBeginAgain =
    "Go back, and begin again: stop all controllers, delete their metadata log directories, then\n"
    "  zookeeper-shell $ZK delete /controller\n"
    "  zookeeper-shell $ZK delete /migration";

using enum LogMeaning;

// What stands in a stack trace comes before what stands in its first line.
constexpr std::array kPatterns{
    // ── The mirror ──
    LogPattern{"L01", "", "Check op on KRaft Migration ZNode failed", Stuck, "MB-04",
               "the driver's idea of /migration's version is stale: every mirrored write fails, "
               "and requests to brokers in ZooKeeper mode stop (KAFKA-16171 and KAFKA-16667 in "
               "earlier releases)",
               kRestartActive},
    LogPattern{"L02", "", "Conditional update on KRaft Migration ZNode failed", Stuck, "MB-04",
               "the driver's idea of /migration's version is stale: every mirrored write fails",
               kRestartActive},
    LogPattern{"L96", "", "Found duplicate TopicRecord for", Stuck, "MB-24",
               "a part of an earlier copy stands in the metadata log outside of its transaction: "
               "each controller that copies is terminated, and restarts do not help",
               kBeginAgain, LogCure::Nothing},
    LogPattern{"L97", "", "Can't replay an EndTransactionRecord at * no open transaction", Stuck,
               "MB-24",
               "a copy outlived the claim that began it, and its rest was appended outside of its "
               "transaction",
               kBeginAgain, LogCure::Nothing},
    LogPattern{"L03", "", "Unknown config resource type", Stuck, "MB-11",
               "ZooKeeper has no place for a config of this type, and the reconcile throws on it "
               "at every poll",
               "Delete the client-metrics or group configs until the migration is finalised:\n"
               "  kafka-configs --bootstrap-server $BOOTSTRAP --entity-type client-metrics "
               "--entity-name NAME --alter --delete-config metrics,interval.ms,match"},
    LogPattern{"L04", "", "SyncKRaftMetadataEvent*Could not write ACLs for resource pattern", Stuck,
               "MB-21",
               "an ACL's resource name can be no znode name: the driver never leaves "
               "SYNC_KRAFT_TO_ZK",
               "Delete that ACL until the migration is finalised:\n  kafka-acls "
               "--bootstrap-server $BOOTSTRAP --remove …"},
    LogPattern{"L05", "", "Could not write ACLs for resource pattern", Lost, "MB-21",
               "an ACL's resource name can be no znode name; the rest of its publication is lost "
               "too, and the next failover will not get out of SYNC_KRAFT_TO_ZK",
               "Delete that ACL until the migration is finalised, then restart the active "
               "controller:\n  kafka-acls --bootstrap-server $BOOTSTRAP --remove …",
               LogCure::FullSync},
    LogPattern{"L06", "", "MetadataChangeEvent*NullPointerException*handleClientQuotasDelta", Lost,
               "MB-12",
               "the last quota of an entity was removed; the rest of that publication is not in "
               "ZooKeeper, and the quota comes back with a rollback",
               kCompare, LogCure::FullSync},
    LogPattern{"L07", "", "MetadataChangeEvent*handleClientQuotasDelta", Lost, "MB-12",
               "a change of quotas failed; the rest of that publication is not in ZooKeeper",
               kCompare, LogCure::FullSync},
    LogPattern{"L08", kFaults, "Unhandled error in MetadataChangeEvent", Lost, "MB-06",
               "a publication was not mirrored, and is not tried again: ZooKeeper and brokers in "
               "ZooKeeper mode lack it",
               kCompare, LogCure::FullSync},
    LogPattern{"L09", kDriver, "Encountered ZooKeeper error during event MetadataChangeEvent", Lost,
               "MB-06",
               "a publication was not mirrored, and despite 'Will retry' is not tried again; many "
               "in a row are the wedge MB-04",
               kCompare, LogCure::FullSync, 5},
    LogPattern{"L10", "", "Unhandled error in KRaftLeaderEvent", Stuck, "MB-05",
               "the news of its own election was lost: the controller leads the quorum, and its "
               "driver stays INACTIVE",
               kRestartActive},
    LogPattern{"L11", kDriver, "Encountered ZooKeeper error during event KRaftLeaderEvent", Stuck,
               "MB-05",
               "the news of its own election was lost: the controller leads the quorum, and its "
               "driver stays INACTIVE",
               kRestartActive},
    LogPattern{"L12", "", "Cannot register KRaft controller * same or newer epoch", Trouble,
               "MB-03",
               "/controller names a claim of this epoch or a later one; if it names this very "
               "controller, nobody acts on it",
               kRestartActive, LogCure::NextState, 5},
    LogPattern{"L13", "", "since there is no ZK controller epoch present", Stuck, "D04",
               "/controller_epoch is missing, and no KRaft controller creates it",
               "Start the brokers in ZooKeeper mode, so that one of them becomes the controller "
               "once."},
    LogPattern{"L14", "", "SyncKRaftMetadataEvent*Failed to", Trouble, "MB-10",
               "a write of the reconcile is refused; a topic that is in ZooKeeper only in part "
               "cannot be repaired by it",
               "Look at the znode that the line names: create the missing parents, or delete the "
               "partial topic, and let it try again.",
               LogCure::NextState, 5},
    LogPattern{"L15", kFaults, "Unhandled error in SyncKRaftMetadataEvent", Trouble, "MB-10",
               "the reconcile failed, and starts over at every poll",
               "The stack trace names the write that fails.", LogCure::NextState, 5},
    LogPattern{"L16", "", "Encountered ZooKeeper authentication in", Trouble, "C12",
               "ZooKeeper refuses the controllers: their identity has no right to the znode",
               "Give the controllers the brokers' ZooKeeper identity, or run "
               "zookeeper-security-migration --zookeeper.acl unsecure.",
               LogCure::NextState, 5},
    LogPattern{"L17", "", "Not updating ZK for ConfigResource", Lost, "MB-11",
               "a config of a type that ZooKeeper does not know was changed; the next reconcile "
               "will throw on it",
               "Delete the client-metrics or group configs until the migration is finalised.",
               LogCure::Nothing},
    LogPattern{"L18", "", "Could not find partition state in ZK for", Lost, "MB-18",
               "a partition had no state znode: all its replicas were declared in sync, an empty "
               "one among them",
               "Compare the replicas' ends before anything is elected:\n  kafka-replica-"
               "verification, or kafka-get-offsets against each broker.",
               LogCure::Nothing},
    LogPattern{"L19", kFaults, "Unhandled error in", Trouble, "",
               "an event of the driver failed; events that polls bring about are tried again",
               "The stack trace says why.", LogCure::NextState, 10},
    LogPattern{"L20", kDriver, "Encountered ZooKeeper error during event", Trouble, "",
               "ZooKeeper did not answer, or refused; it is tried again at the next poll",
               "If it goes on: is the ensemble reachable from the controllers?", LogCure::NextState,
               20},
    LogPattern{"L21", kFaults, "fault:", Trouble, "", "a fault was handled", "", LogCure::NextState,
               10},

    LogPattern{kPollsStopped, "", "rror during event PollEvent", Stuck, "KAFKA-16563", kNoMorePolls,
               "Restart that controller.", LogCure::Nothing},
    LogPattern{"L98", "AppInfoParser", "Kafka version:", Routine, "", "the release that it runs",
               "", LogCure::Nothing},

    // ── The driver's states ──
    LogPattern{"L30", kDriver, "ZkMigrationState is NONE which means this cluster should not be",
               Stuck, "migration.md §6.2",
               "the quorum was first started without the flag, and refuses it from then on",
               "Stop the controllers, wipe their storage, format it again, and start them with the "
               "flag."},
    LogPattern{"L31", kDriver, "indicates an active migration, but the ZK state does not", Stuck,
               "MB-07",
               "the copy is committed and not recorded in /migration: every leader refuses to go "
               "on",
               "Roll back, or write the copy's end into /migration with the controllers stopped "
               "(zk2kraft check, N09)."},
    LogPattern{"L32", kDriver, "indicates a completed migration, but the migration driver is",
               Final, "", "the migration is finalised, and this controller still has the flag",
               "Remove zookeeper.metadata.migration.enable from its file."},
    LogPattern{"L33", kDriver, "found in metadata to register with KRaft", Waiting, "MB-16",
               "a broker that has replicas has not registered; one that is gone for good blocks "
               "the migration for ever",
               "Start that broker with the flag, or move its replicas away:\n  "
               "kafka-reassign-partitions --bootstrap-server $BOOTSTRAP "
               "--reassignment-json-file …"},
    LogPattern{"L34", kDriver, "Still waiting for ZK brokers", Waiting, "",
               "brokers have yet to be restarted with the flag",
               "Restart the brokers that the line names with the migration flag."},
    LogPattern{"L35", kDriver, "No brokers are known to KRaft", Waiting, "",
               "no broker has registered with the controllers yet",
               "Restart the brokers with the migration flag. If they have been: can they reach "
               "controller.quorum.*?"},
    LogPattern{"L36", kDriver, "No brokers are registered in ZK", Waiting, "",
               "/brokers/ids is empty", "Do controllers and brokers use the same chroot?"},
    LogPattern{"L37", kDriver, "Still waiting for all controller nodes ready", Waiting, "",
               "a controller has not registered, or without the flag",
               "Start every controller with zookeeper.metadata.migration.enable=true."},
    LogPattern{"L38", kDriver, "Waiting for initial metadata publish", Waiting, "",
               "no image has been published yet", ""},
    LogPattern{"L39", kDriver, "Unable to claim leadership", Trouble, "MB-03",
               "the claim lost a race, or its answer was lost", kRestartActive, LogCure::NextState,
               10},
    LogPattern{"L40", kDriver, "which does not contain a superset of the metadata in ZK", Waiting,
               "", "it waits for a newer image", "", LogCure::NextState, 600},
    LogPattern{"L41", kDriver, "Not sending metadata RPCs with current metadata image", Waiting, "",
               "it waits for a newer image", "", LogCure::NextState, 600},
    LogPattern{"L42", kDriver, "transitioning from", Progress, "", "", ""},
    LogPattern{"L43", kDriver, "Made the following ZK writes", Progress, "",
               "changes were mirrored", ""},
    LogPattern{"L44", kDriver, "Did not make any ZK writes when reconciling", Progress, "",
               "both stores were the same", ""},
    LogPattern{"L45", kDriver, "Completed migration of metadata from ZooKeeper to KRaft", Progress,
               "", "the copy is committed", ""},
    LogPattern{"L46", kDriver, "Finished initial migration of ZK metadata", Progress, "",
               "the copy is recorded in /migration", ""},
    LogPattern{"L47", kDriver, "Claimed ZK controller leadership", Progress, "",
               "/controller is claimed", ""},
    LogPattern{"L48", kDriver, "Became active migration driver", Progress, "",
               "this controller was elected", ""},
    LogPattern{"L49", kDriver, "Became inactive migration driver", Progress, "",
               "another controller was elected, or none", ""},
    LogPattern{"L50", kDriver, "Performing a full metadata sync from KRaft to ZK", Routine, "",
               "all of the image is compared with ZooKeeper", ""},
    LogPattern{"L51", kDriver, "Sending RPCs to broker before moving to dual-write", Routine, "",
               "every broker in ZooKeeper mode gets all metadata", ""},
    LogPattern{"L52", kDriver, "Initial migration of ZK metadata is", Routine, "",
               "/migration was read", ""},
    LogPattern{"L53", kDriver, "Controller Quorum is ready for Zk to KRaft migration", Progress, "",
               "every controller has registered with the flag", ""},
    LogPattern{"L54", kDriver, "Zk brokers are registered and ready for migration", Progress, "",
               "every broker has registered", ""},
    LogPattern{"L55", kDriver, "Migration is in already progress, not waiting on ZK brokers",
               Routine, "", "a later leader takes over", ""},
    LogPattern{"L56", kDriver, "Starting ZK migration", Routine, "", "the copy begins", ""},
    LogPattern{"L57", kDriver, "Could not start the migration", Trouble, "",
               "the transaction of the copy could not be begun", "Does the quorum commit?"},
    LogPattern{"L58", kDriver, "Aborting the metadata migration from ZooKeeper to KRaft", Trouble,
               "migration.md §3.6",
               "the copy failed and is aborted; the controller stops, and the next leader copies "
               "again",
               "The stack trace names the znode; zk2kraft check names what Kafka cannot read."},
    LogPattern{"L59", kDriver, "Not running this event", Routine, "",
               "an event came late, and was dropped", ""},
    LogPattern{"L60", kDriver, "since the migration has not finished", Routine, "",
               "nothing is mirrored before the copy", ""},
    LogPattern{"L61", kDriver, "which contains metadata that has already been written to ZK",
               Routine, "", "it was mirrored already", ""},
    LogPattern{"L62", kDriver, "trying to transition from an unknown state", Stuck, "",
               "an error in Kafka", kRestartActive},
    LogPattern{"L63", kDriver, "Timed out while waiting for the metadata layer", Trouble, "",
               "the quorum did not commit within five minutes",
               "Is a majority of the controllers up, and their disks fast enough?"},
    LogPattern{"L64", kDriver, "Recovered migration state from ZK", Routine, "",
               "/migration was read", ""},
    LogPattern{"L65", kDriver, "aiting for the metadata layer to", Routine, "",
               "a batch of the copy is committed", ""},
    LogPattern{"L66", "KafkaEventQueue", "[KRaftMigrationDriver*closed event queue", Progress, "",
               "the driver was shut down", ""},

    // ── Controllers ──
    LogPattern{"L70", "QuorumController", "Completing the ZK migration since this controller was",
               Final, "migration.md §1.4",
               "the point of no return: a controller without the flag became active", "",
               LogCure::Nothing},
    LogPattern{"L71", "", "changing the migration state from MIGRATION to POST_MIGRATION", Final,
               "", "the migration is finalised", "", LogCure::Nothing},
    LogPattern{"L72", "", "changing the migration state from", Progress, "",
               "the quorum's record of the migration", ""},
    LogPattern{"L73", "QuorumController", "Staying in ZK migration mode since", Routine, "",
               "a controller with the flag became active in dual write", ""},
    LogPattern{"L74", "QuorumController", "Activating pre-migration controller without empty log",
               Routine, "", "a copy may have been cut short; it is done again", ""},
    LogPattern{"L75", "QuorumController", "Putting the controller into pre-migration mode", Routine,
               "", "the quorum was begun with the flag", ""},
    LogPattern{"L76", "", "created in KRaft mode", Stuck, "migration.md §6.2",
               "the quorum was born without the migration flag",
               "Stop the controllers, wipe their storage, format it again, and start them with the "
               "flag."},
    LogPattern{"L77", "QuorumController", "Aborting in-progress metadata transaction", Routine,
               "MB-22",
               "a controller died in the copy; a broker that was unfenced in it may stay fenced",
               "zk2kraft check (N05) says whether one did."},
    LogPattern{"L78", "QuorumController", "in pre-migration mode. Returning NOT_CONTROLLER",
               Routine, "KAFKA-14805",
               "no metadata is changed before the copy: the freeze is in force", ""},
    LogPattern{"L79", "", "Controller does not support registering ZK brokers", Stuck,
               "KAFKA-20960",
               "a broker in ZooKeeper mode asks to register after finalisation: it is orphaned "
               "(MB-15)",
               "Restart it in KRaft mode: process.roles=broker, node.id, no zookeeper.*.",
               LogCure::Nothing},
    LogPattern{"L80", "", "cannot register KRaft brokers until the metadata migration is complete",
               Waiting, "", "a broker was restarted in KRaft mode before the copy",
               "Wait for the copy; the broker asks again."},
    LogPattern{"L81", "", "Not sending request * since it is offline", Trouble, "MB-22",
               "requests to a broker are dropped because the controller takes it for fenced; after "
               "a failover in the copy it stays so",
               kRestartActive, LogCure::NextState, 20},
    LogPattern{"L82", "QuorumController", "Becoming the active controller at epoch", Routine, "",
               "it was elected", ""},
    LogPattern{"L83", "QuorumController", "Renouncing the leadership", Routine, "",
               "another one was elected", ""},
    LogPattern{"L84", "", "pending topic deletions. These will be not migrated", Routine,
               "KAFKA-15605", "topics whose deletion was under way are left out of the copy", ""},

    // ── Brokers ──
    LogPattern{"L90", "", "LeaderAndIsr path was already written by another controller", Stuck,
               "KAFKA-20488",
               "the controller epoch in a partition's state is above the new controller's: its "
               "partitions get no leader",
               "Raise the epoch above the highest in the partitions, and let a controller be "
               "elected:\n  zookeeper-shell $ZK set /controller_epoch EPOCH\n  zookeeper-shell $ZK "
               "delete /controller",
               LogCure::Nothing},
    LogPattern{"L91", "", "controller epoch * is old. Latest known controller epoch", Routine, "",
               "a request of the former controller came late, and was refused", ""},
    LogPattern{"L92", "BrokerLifecycleManager", "Successfully registered broker", Progress, "",
               "the broker has registered with the controllers", ""},
    LogPattern{"L93", "BrokerLifecycleManager", "The broker has been unfenced", Progress, "",
               "the broker serves clients", ""},
    LogPattern{"L94", "BrokerLifecycleManager", "because the controller returned error", Waiting,
               "", "the controllers refuse the broker's registration, and it asks again",
               "The active controller's log says why.", LogCure::NextState, 50},
    LogPattern{"L95", "BrokerLifecycleManager", "Unable to register the broker because the RPC got",
               Waiting, "", "the broker does not reach the active controller",
               "Compare controller.quorum.* and the controllers' listeners."},
};

}  // namespace

std::string_view name_of(LogMeaning meaning) {
  switch (meaning) {
    case Routine:
      return "routine";
    case Progress:
      return "progress";
    case Waiting:
      return "waiting";
    case Trouble:
      return "trouble";
    case Lost:
      return "lost";
    case Stuck:
      return "stuck";
    case Final:
      return "final";
  }
  sim::unreachable("a line means one of these");
}

std::span<const LogPattern> log_patterns() {
  return kPatterns;
}

const LogPattern& pattern_named(std::string_view id) {
  const auto* const found = std::ranges::find(kPatterns, id, &LogPattern::id);
  sim::check(found != kPatterns.end(), "a pattern is asked for that is in the table");
  return *found;
}

const LogPattern* find_pattern(const LogEvent& event) {
  const auto holds = [&](std::string_view pattern) {
    std::string_view rest = event.text;
    while (true) {
      const std::size_t star = std::min(pattern.find('*'), pattern.size());
      const std::size_t at = rest.find(pattern.substr(0, star));
      if (at == std::string_view::npos) return false;
      if (star == pattern.size()) return true;
      rest.remove_prefix(at + star);
      pattern.remove_prefix(star + 1);
    }
  };
  // A layout without the logger's name fits by the text alone.
  const auto fits = [&](const LogPattern& pattern) {
    const bool logs = event.logger.empty() || event.logger.ends_with(pattern.logger);
    return logs && holds(pattern.text);
  };
  const auto* const found = std::ranges::find_if(kPatterns, fits);
  return found == kPatterns.end() ? nullptr : found;
}

}  // namespace migrate
