#include "migrate/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kraft/notice.h"
#include "migrate/differences.h"
#include "zk/migration_reader_tree.h"
#include "zk/paths.h"
#include "zk/txn.h"
#include "zk/znodes.h"

namespace migrate {
namespace {

void check_claim(const Claimed& claim, MigrationMemory& memory, Violations& found) {
  const auto [before, is_new] = memory.claims.emplace(claim.zk_controller_epoch, claim.node);
  if (!is_new) {
    found.push_back(
        {"migration.S1", fmt::format("controllers {} and {} both claimed with controller epoch {}",
                                     before->second.value(), claim.node.value(),
                                     claim.zk_controller_epoch.value())});
  }
  // A claimant that stood still learns of its claim when a later one may have been made already.
  if (!memory.last_claim || claim.zk_controller_epoch > memory.last_claim->zk_controller_epoch) {
    memory.last_claim = claim;
    memory.checkpoint.reset();
  }
  if (memory.post_migration) {
    found.push_back(
        {"migration.S16",
         fmt::format("controller {} claimed ZooKeeper after POST_MIGRATION", claim.node.value())});
  }
}

// The changes of a transaction that was applied, one by one; nothing of one that failed.
std::vector<const zk::SubTxn*> parts_of(const zk::MultiTxn& multi) {
  std::vector<const zk::SubTxn*> parts;
  if (multi.failed()) return parts;
  for (const zk::SubTxn& sub : multi.txns) parts.push_back(&sub);
  return parts;
}

// Looks at one transaction of ZooKeeper: who wrote it, and may they still.
class WriteCheck {
 public:
  WriteCheck(const zk::LoggedTxn& logged, const std::string& root, MigrationMemory& memory,
             Violations& found)
      : session_(logged.header.client_id),
        root_(root),
        all_(memory),
        memory_(memory.authority),
        found_(found) {
    const auto* const multi = std::get_if<zk::MultiTxn>(&logged.txn);
    if (multi == nullptr) {
      std::visit([&](const auto& one) { look(one); }, logged.txn);
      return;
    }
    in_multi_ = true;
    const auto parts = parts_of(*multi);
    for (const zk::SubTxn* part : parts) {
      if (const auto* const set = std::get_if<zk::SetDataTxn>(part)) claim(*set);
      if (const auto* const create = std::get_if<zk::CreateTxn>(part)) take_office(*create);
    }
    if (!parts.empty()) must_have_authority("a multi");
    for (const zk::SubTxn* part : parts) std::visit([&](const auto& one) { look(one); }, *part);
  }

 private:
  // Only a claim moves /controller_epoch.
  void claim(const zk::SetDataTxn& set) {
    if (set.path != root_ + std::string(zk::paths::kControllerEpoch)) return;
    const auto epoch = zk::parse_controller_epoch(set.data.value_or(""));
    if (!epoch) return;
    if (memory_.claimant != zk::kNoSession && *epoch != memory_.epoch.next()) {
      found_.push_back(
          {"migration.S2", fmt::format("session 0x{:x} claims with controller epoch {}, after {}",
                                       number(), epoch->value(), memory_.epoch.value())});
    }
    if (memory_.claimant != session_ && memory_.claimant != zk::kNoSession)
      memory_.former.insert(memory_.claimant);
    memory_.former.erase(session_);
    memory_.claimant = session_;
    memory_.epoch = *epoch;
  }

  // A claim of a KRaft controller says in /controller which Raft epoch made it.
  void take_office(const zk::CreateTxn& create) {
    if (create.path != root_ + std::string(zk::paths::kController)) return;
    const auto controller = zk::parse_controller(create.data.value_or(""));
    if (!controller) return;
    memory_.former_office = std::exchange(memory_.office, *controller);
    if (!controller->is_kraft()) return;
    memory_.claim_is_noted = false;
    const sim::RaftEpoch epoch = controller->kraft_controller_epoch.value();
    if (memory_.kraft_epoch && epoch <= *memory_.kraft_epoch) {
      found_.push_back(
          {"migration.S2",
           fmt::format("controller {} claims with KRaft epoch {}, after {}",
                       controller->broker.value(), epoch.value(), memory_.kraft_epoch->value())});
    }
    memory_.kraft_epoch = epoch;
  }

  void must_have_authority(std::string_view what) {
    if (!memory_.former.contains(session_)) return;
    found_.push_back(
        {"migration.S3",
         fmt::format("{} of session 0x{:x} is applied though session 0x{:x} has claimed "
                     "controller epoch {} since",
                     what, number(), static_cast<std::uint64_t>(memory_.claimant.value()),
                     memory_.epoch.value())});
  }

  template <class Txn>
  void look(const Txn& txn) {
    if constexpr (std::same_as<Txn, zk::SetDataTxn>) {
      if (!in_multi_) by_hand(txn);
      write(txn.path, txn.data);
    } else if constexpr (requires { txn.ephemeral; }) {
      write(txn.path, txn.data);
      topic_appears(txn.path, txn.data);
    } else if constexpr (std::same_as<Txn, zk::DeleteTxn>) {
      memory_.leader_epochs.erase(txn.path);
      topic_goes(txn.path);
      // Controllers give up /controller within a claim alone: this is the way back, and whoever comes may count anew.
      if (!in_multi_ && txn.path == root_ + std::string(zk::paths::kController))
        memory_.kraft_epoch.reset();
    }
  }

  // Claims are multis: whoever sets /controller_epoch alone is a person.
  void by_hand(const zk::SetDataTxn& set) {
    if (set.path != root_ + std::string(zk::paths::kControllerEpoch)) return;
    if (const auto epoch = zk::parse_controller_epoch(set.data.value_or("")))
      memory_.epoch = *epoch;
  }

  void write(const std::string& path, const zk::Data& data) {
    if (is_state(path)) state(path, data);
    if (path == root_ + std::string(zk::paths::kMigration)) checkpoint(data);
  }

  // S3 leaves out the write to /migration that nothing fences. Where it takes back what a newer claim has copied, it is
  // the defect of 3.9.1 that is called so.
  void checkpoint(const zk::Data& data) {
    const auto parsed = zk::parse_migration(data.value_or(""));
    if (!parsed) return;
    const sim::Offset offset = parsed->kraft_metadata.offset;
    if (offset < memory_.checkpoint && memory_.former.contains(session_)) {
      found_.push_back(
          {"MB-23",
           fmt::format("session 0x{:x} takes /migration back from {} to {} though session 0x{:x} "
                       "has claimed controller epoch {} since",
                       number(), memory_.checkpoint.value(), offset.value(),
                       static_cast<std::uint64_t>(memory_.claimant.value()),
                       memory_.epoch.value())});
    }
    memory_.checkpoint = offset;
    if (parsed->kraft_controller_epoch == memory_.kraft_epoch) memory_.claim_is_noted = true;
  }

  // "orders" of /brokers/topics/orders; nothing of any other path.
  std::string_view topic_of(std::string_view path) const {
    const std::string folder = root_ + std::string(zk::paths::kTopics) + "/";
    if (!path.starts_with(folder)) return {};
    path.remove_prefix(folder.size());
    return path.contains('/') ? std::string_view() : path;
  }

  void topic_appears(const std::string& path, const zk::Data& data) {
    const std::string_view name = topic_of(path);
    const auto topic = name.empty() ? zk::Parsed<zk::TopicZnode>(std::unexpected(zk::Unreadable{}))
                                    : zk::parse_topic(data.value_or(""));
    if (!topic || !topic->topic_id) return;
    memory_.topics[path] = *topic->topic_id;
    if (in_multi_ && memory_.office && memory_.office->is_kraft())
      memory_.mirrored_topics.emplace(name);
    if (!memory_.deleted.contains(*topic->topic_id)) return;
    found_.push_back(
        {by_name("migration.S14"), fmt::format("topic {} is back, which was deleted", name)});
  }

  // A person deletes znodes one by one, controllers do it under their fence.
  void topic_goes(const std::string& path) {
    const auto known = memory_.topics.find(path);
    if (known == memory_.topics.end()) return;
    if (in_multi_) {
      memory_.deleted.insert(known->second);
      const std::string name(topic_of(path));
      if (!all_.deletions_asked.contains(name)) {
        found_.push_back({by_name("migration.S14"),
                          fmt::format("topic {} is deleted, and nobody asked for it", name)});
      }
    }
    memory_.topics.erase(known);
  }

  std::string by_name(std::string_view invariant) const {
    return all_.astray.empty() ? std::string(invariant) : all_.astray;
  }

  void state(const std::string& path, const zk::Data& data) {
    must_have_authority(path);
    const auto parsed = zk::parse_partition_state(data.value_or(""));
    if (!parsed) return;
    sim::LeaderEpoch& known =
        memory_.leader_epochs.try_emplace(path, parsed->leader_epoch).first->second;
    if (parsed->leader_epoch < known) {
      found_.push_back(
          {by_name("migration.S10"), fmt::format("the leader epoch in {} falls from {} to {}", path,
                                                 known.value(), parsed->leader_epoch.value())});
    }
    known = parsed->leader_epoch;
  }

  bool is_state(const std::string& path) const {
    return path.ends_with("/state") &&
           path.starts_with(root_ + std::string(zk::paths::kTopics) + "/");
  }
  std::uint64_t number() const { return static_cast<std::uint64_t>(session_.value()); }

  zk::SessionId session_;
  bool in_multi_ = false;
  const std::string& root_;
  MigrationMemory& all_;
  AuthorityMemory& memory_;
  Violations& found_;
};

DiffReport compare_with(const sim::MetadataImage& image, const zk::TreeImage& read) {
  return differences({.zookeeper = read.image,
                      .report = read.report,
                      .migration = std::nullopt,
                      .kraft_at_checkpoint = image,
                      .kraft_at_end = image});
}

Violations violations_of(std::string_view invariant, const DiffReport& report) {
  Violations found;
  for (const sim::Difference& difference : report.different) {
    found.push_back(
        {std::string(invariant),
         fmt::format("{}: ZooKeeper {}, KRaft {}", difference.path,
                     difference.left.value_or("nothing"), difference.right.value_or("nothing"))});
  }
  return found;
}

// The paths of what PartitionChangeRecords of the log's last transaction may have changed in partitions.
std::set<std::string> changed_meanwhile(const kraft::Log& log, const sim::MetadataImage& image) {
  std::set<std::string> paths;
  for (const sim::Payload& payload : log.batches()) {
    for (const auto& entry : payload.as<kraft::Batch>().records()) {
      if (std::holds_alternative<sim::BeginTransactionRecord>(entry.record)) paths.clear();
      const auto* const change = std::get_if<sim::PartitionChangeRecord>(&entry.record);
      const sim::Topic* const topic =
          change == nullptr ? nullptr : image.topics().find(change->topic_id);
      if (topic == nullptr) continue;
      const std::string place =
          fmt::format("topics/{}/partitions/{}/", topic->name(), change->partition_id.value());
      if (change->isr) paths.insert(place + "isr");
      if (change->leader != sim::kLeaderUnchanged)
        paths.insert({place + "leader", place + "leaderEpoch"});
    }
  }
  return paths;
}

void remember(const StateChanged& changed, MigrationMemory& memory) {
  memory.troubles[changed.node].election = false;
  memory.troubles[changed.node].reconciling.clear();
}

void remember(const EventFailed& failed, MigrationMemory& memory) {
  MigrationMemory::Trouble& trouble = memory.troubles[failed.node];
  if (failed.event == "KRaftLeaderEvent") trouble.election = true;
  if (failed.event == "MetadataChangeEvent") ++trouble.skipped;
  if (failed.event == "SyncKRaftMetadataEvent") trouble.reconciling = failed.why;
}

// A full reconciliation that fails at every poll; `wedge`: what it is called if /migration is the reason.
std::string_view name_of_vain(std::string_view why, std::string_view wedge) {
  if (why.contains("Unknown config resource type")) return "MB-11";
  if (why.contains("/migration no longer has version")) return wedge;
  return why.contains("NoNode") || why.contains("NONODE") ? "MB-10" : "migration.L2";
}

// Topics that ZooKeeper lacks although it must have them, since another one of the name was deleted.
bool is_lost_with_its_namesake(const sim::Difference& difference,
                               const std::set<std::string>& deleted) {
  constexpr std::string_view kTopics = "topics/";
  if (difference.left || !difference.path.starts_with(kTopics)) return false;
  const std::string name = difference.path.substr(kTopics.size());
  return deleted.contains(name.substr(0, name.find('/')));
}

// MB-04: it knows another version of /migration than its own last write gave it.
bool is_wedged(const Driver& driver, const zk::ClusterView& view) {
  using enum MigrationDriverState;
  if (!view.migration || !driver.idle() ||
      (driver.state() != DualWrite && driver.state() != SyncKraftToZk))
    return false;
  const zk::MigrationZnode& migration = view.migration->znode;
  const bool is_own =
      migration.kraft_controller_id == driver.node_id() &&
      migration.kraft_controller_epoch == driver.leadership().kraft_controller_epoch;
  return is_own && view.migration->version != driver.leadership().migration_zk_version;
}

MigrationMemory::Trouble trouble_of(const Driver& driver, const MigrationMemory& memory) {
  const auto known = memory.troubles.find(driver.node_id());
  return known == memory.troubles.end() ? MigrationMemory::Trouble{} : known->second;
}

// By whose write a claim was overtaken that remembers an old version of /migration: an older claim's, or its own (MB-04).
// A claim that had noted itself there knows of no older one (MB-23).
std::string_view name_of_wedge(const AuthorityMemory& authority) {
  return authority.claim_is_noted ? "MB-04" : "KAFKA-16171";
}

// It mirrors all the same: what /migration says is another quorum's copy.
bool has_copied_nothing(const Driver& driver) {
  return driver.image().features().zk_migration_state == sim::ZkMigrationState::PreMigration;
}

// A claim that never wrote /migration knows another version of it than an older claim has given it since.
bool is_overtaken(const Driver& driver, const zk::ClusterView& view,
                  const AuthorityMemory& authority) {
  return view.migration && !authority.claim_is_noted &&
         driver.state() != MigrationDriverState::BecomeController &&
         view.migration->znode.kraft_controller_epoch <
             driver.leadership().kraft_controller_epoch &&
         view.migration->version != driver.leadership().migration_zk_version;
}

Violations what_stops(const Driver& driver, const zk::ClusterView& view,
                      const MigrationMemory& memory) {
  using enum MigrationDriverState;
  const MigrationMemory::Trouble trouble = trouble_of(driver, memory);
  const sim::BrokerId node = driver.node_id();
  Violations found;
  const auto claimed =
      view.controller ? view.controller->znode.kraft_controller_epoch : std::nullopt;
  const bool owns_controller = claimed && view.controller->znode.broker == node &&
                               *claimed == driver.leadership().kraft_controller_epoch;
  if (driver.state() == BecomeController && owns_controller) {
    found.push_back(
        {"MB-03", fmt::format("controller {} waits to claim /controller, which it has claimed",
                              node.value())});
  }
  const bool in_log =
      driver.image().features().zk_migration_state == sim::ZkMigrationState::Migration;
  if (driver.state() == SyncKraftToZk && !trouble.reconciling.empty()) {
    found.push_back(
        {std::string(name_of_vain(trouble.reconciling, name_of_wedge(memory.authority))),
         fmt::format("controller {} reconciles in vain: {}", node.value(), trouble.reconciling)});
  }
  if (driver.state() == Inactive && trouble.election) {
    found.push_back(
        {"MB-05",
         fmt::format("controller {} is active, and its driver never learned of it", node.value())});
  } else if (driver.state() == Inactive && in_log) {
    found.push_back(
        {"MB-07",
         fmt::format(
             "the log says MIGRATION, /migration {}, and the driver of the active controller "
             "{} is INACTIVE",
             view.migration && view.migration->znode.initial_migration_complete()
                 ? "learned of the copy's offset too late"
                 : "says that nothing was copied",
             node.value())});
  }
  if (!view.migration) return found;
  const zk::MigrationZnode& migration = view.migration->znode;
  if (is_wedged(driver, view)) {
    found.push_back(
        {"MB-04",
         fmt::format(
             "controller {} believes /migration to have version {}; its own last write gave it {}",
             node.value(), driver.leadership().migration_zk_version.value(),
             view.migration->version.value())});
  }
  if (claimed && migration.kraft_controller_epoch < *claimed &&
      driver.state() != BecomeController) {
    const bool overtaken = is_overtaken(driver, view, memory.authority);
    if (memory.authority.claim_is_noted || overtaken) {
      found.push_back({overtaken ? "KAFKA-16171" : "MB-23",
                       fmt::format("/migration was written under KRaft epoch {}, after /controller "
                                   "had been claimed with "
                                   "epoch {}",
                                   migration.kraft_controller_epoch.value(), claimed->value())});
    }
  }
  return found;
}

// Nothing was copied yet, or no migration is under way.
bool is_silent(const sim::MetadataImage& image) {
  if (image.features().zk_migration_state != sim::ZkMigrationState::PreMigration) return true;
  const sim::ImageParts& parts = image.parts();
  return parts.topics.size() == 0 && parts.configs.resources.size() == 0 &&
         parts.client_quotas.entities.size() == 0 && parts.scram.credentials.size() == 0 &&
         parts.acls.acls.size() == 0;
}

}  // namespace

void remember(const zk::Tree& tree, const std::string& root, MigrationMemory& memory) {
  const std::string folder = root + std::string(zk::paths::kTopics);
  for (const std::string& name : tree.children(folder)) {
    const zk::Znode* const znode = tree.find(folder + "/" + name);
    const auto topic = zk::parse_topic(znode->data.value_or(""));
    if (topic && topic->topic_id) memory.authority.topics[folder + "/" + name] = *topic->topic_id;
  }
  for (const std::string& name : tree.children(root + std::string(zk::paths::kDeleteTopics))) {
    memory.deletions_asked.insert(name);
  }
  const zk::ClusterView view = zk::cluster_view(tree, root);
  if (view.controller) memory.authority.office = view.controller->znode;
  if (view.migration) memory.authority.checkpoint = view.migration->znode.kraft_metadata.offset;
}

void remember_history(const zk::Tree& tree, zk::Zxid history, const std::string& root,
                      MigrationMemory& memory) {
  AuthorityMemory& known = memory.authority;
  if (history <= known.newest) return;
  known.newest = history;
  const zk::ClusterView view = zk::cluster_view(tree, root);
  if (!view.controller_epoch || *view.controller_epoch == known.epoch) return;
  known.epoch = *view.controller_epoch;
  if (known.claimant != zk::kNoSession) known.former.insert(known.claimant);
  known.claimant = zk::kNoSession;  // whose claim it was the tree does not say
  if (view.controller) known.former_office = std::exchange(known.office, view.controller->znode);
}

Violations check_notice(const sim::Payload& notice, MigrationMemory& memory) {
  Violations found;
  if (const auto* const claim = notice.get_if<Claimed>()) {
    check_claim(*claim, memory, found);
  } else if (const auto* const mirrored = notice.get_if<Mirrored>()) {
    if (memory.last_claim && mirrored->node == memory.last_claim->node) {
      if (memory.checkpoint && mirrored->up_to < *memory.checkpoint) {
        found.push_back(
            {"migration.S7",
             fmt::format("the checkpoint stepped back from {} to {} within one claim",
                         memory.checkpoint->offset.value(), mirrored->up_to.offset.value())});
      }
      memory.checkpoint = mirrored->up_to;
    }
  } else if (const auto* const outlived = notice.get_if<kraft::CopyOutlivedItsClaim>()) {
    memory.copy_outlived = true;
    found.push_back(
        {"MB-24",
         fmt::format("controller {} appends under epoch {} to a copy that it began under epoch {}, "
                     "whose transaction is over",
                     outlived->node.value(), outlived->epoch.value(), outlived->began.value())});
  } else if (const auto* const failed = notice.get_if<EventFailed>()) {
    remember(*failed, memory);
  } else if (const auto* const reconciled = notice.get_if<Reconciled>()) {
    memory.troubles[reconciled->node].skipped = 0;
  } else if (const auto* const changed = notice.get_if<StateChanged>()) {
    remember(*changed, memory);
    if (memory.post_migration && changed->to > MigrationDriverState::WaitForControllerQuorum) {
      found.push_back(
          {"migration.S16", fmt::format("controller {}'s driver went to {} after POST_MIGRATION",
                                        changed->node.value(), name_of(changed->to))});
    }
  }
  return found;
}

Violations check_write(const zk::Committed& notice, const std::string& root,
                       MigrationMemory& memory) {
  Violations found;
  if (notice.zxid <= memory.authority.newest) return found;
  memory.authority.newest = notice.zxid;
  WriteCheck(notice.txn.as<zk::LoggedTxn>(), root, memory, found);
  return found;
}

Violations check_beginning(const sim::MetadataImage& image) {
  if (supports(image.features().metadata_version, sim::MetadataGate::Transactions) ||
      is_silent(image))
    return {};
  return {{"KAFKA-17457",
           fmt::format("a copy begins where another one was broken off, which left an {}",
                       image.describe())}};
}

Violations check_silence(const sim::MetadataImage& image, const MigrationMemory& memory) {
  if (!supports(image.features().metadata_version, sim::MetadataGate::Transactions) ||
      is_silent(image))
    return {};
  return {{memory.copy_outlived ? "MB-24" : "migration.S15",
           fmt::format("in PRE_MIGRATION there is already an {}", image.describe())}};
}

Violations check_copy(const sim::MetadataImage& image, const kraft::Log& log, const zk::Tree& tree,
                      const std::string& root, const std::optional<std::string>& password_secret) {
  const zk::TreeImage read = zk::zk_to_image(tree, root, {.password_secret = password_secret});
  DiffReport report = compare_with(image, read);
  // What a mirror may write of the block in use, a copy may not: its ids would be given out again.
  for (const Tolerated& tolerated : report.tolerated) {
    if (tolerated.why == Tolerance::ProducerIdBlock)
      report.different.push_back(tolerated.difference);
  }
  if (report.different.empty()) return {};
  const std::set<std::string> meanwhile = changed_meanwhile(log, image);
  std::erase_if(report.different, [&](const sim::Difference& difference) {
    return meanwhile.contains(difference.path);
  });
  return violations_of("migration.S4", report);
}

Violations check_checkpoint(const sim::MetadataImage& image, const zk::Tree& tree,
                            const std::string& root,
                            const std::optional<std::string>& password_secret,
                            const std::set<std::string>& deleted) {
  const zk::TreeImage read = zk::zk_to_image(tree, root, {.password_secret = password_secret});
  const DiffReport report = compare_with(image, read);
  Violations found = violations_of("migration.S5", report);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (is_lost_with_its_namesake(report.different[i], deleted)) found[i].invariant = "MB-08";
  }
  for (const Tolerated& tolerated : report.tolerated) {
    if (tolerated.why != Tolerance::QuotaLeftBehind) continue;
    found.push_back(
        {"MB-12", fmt::format("ZooKeeper keeps {}, which was removed", tolerated.difference.path)});
  }
  return found;
}

std::string_view why_behind(const Driver& driver, const MigrationMemory& memory,
                            const zk::Tree& tree, const std::string& root) {
  const zk::ClusterView view = zk::cluster_view(tree, root);
  // An empty image is told to brokers that have everything.
  if (has_copied_nothing(driver)) return "MB-01";
  if (is_wedged(driver, view)) return "MB-04";
  if (is_overtaken(driver, view, memory.authority)) return "KAFKA-16171";
  return trouble_of(driver, memory).skipped > 0 ? "MB-06" : "";
}

Violations check_driver(const Driver& driver, const MigrationMemory& memory, const zk::Tree& tree,
                        const std::string& root,
                        const std::optional<std::string>& password_secret) {
  const zk::ClusterView view = zk::cluster_view(tree, root);
  Violations found = what_stops(driver, view, memory);
  if (driver.state() != MigrationDriverState::DualWrite || !driver.idle()) return found;
  Violations differences =
      check_checkpoint(driver.image(), tree, root, password_secret, memory.deletions_asked);
  const std::string why(why_behind(driver, memory, tree, root));
  for (Violation& difference : differences) {
    // Such a quorum leaves producer ids in ZooKeeper alone, which it does not know either.
    if (has_copied_nothing(driver)) difference.invariant = "MB-01";
    if (difference.invariant != "migration.S5") continue;
    if (!why.empty()) difference.invariant = why;
    if (!memory.astray.empty()) difference.invariant = memory.astray;
  }
  found.insert(found.end(), differences.begin(), differences.end());
  // A difference that a comparison tolerates, for no config says nothing either way; ZooKeeper's own controller looks there.
  for (const std::string& name : memory.authority.mirrored_topics) {
    if (tree.find(root + zk::paths::topic(name)) == nullptr) continue;
    if (tree.find(root + zk::paths::config(zk::paths::kTopicEntity, name)) != nullptr) continue;
    found.push_back({"KAFKA-16003", fmt::format("topic {} has no config znode", name)});
  }
  return found;
}

}  // namespace migrate
