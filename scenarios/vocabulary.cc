#include "scenarios/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>

#include "kraft/notice.h"
#include "migrate/notice.h"
#include "scenarios/admin.h"
#include "scenarios/cluster.h"
#include "scenarios/defects.h"
#include "scenarios/operator.h"
#include "sim/kafka/broker_notice.h"
#include "zk/controller_notice.h"
#include "zk/notice.h"

namespace scenarios {
namespace {

using Words = std::vector<std::pair<std::string, std::string>>;

template <class... Notices>
Words words_of() {
  return {{std::string(Notices::kName), std::string(Notices::kRule)}...};
}

Words notices() {
  Words words = words_of<
      zk::Looking, zk::LeaderElected, zk::Established, zk::FollowerReady, zk::SessionExpired, zk::SessionOpened,
      kraft::RoleChanged, kraft::BecameLeader, kraft::ControllerActivated, kraft::ControllerRenounced,
      kraft::MigrationStateChanged, kraft::TransactionAborted, kraft::BrokerRegistered, kraft::BrokerFenced,
      kraft::BrokerUnfenced, kraft::ElectedPartitionLeader, migrate::StateChanged, migrate::Claimed,
      migrate::CopyBegan, migrate::CopyBatch, migrate::CopyCompleted, migrate::CopyAborted, migrate::Reconciled,
      migrate::Mirrored, migrate::EventFailed, sim::BrokerBecameLeader, sim::BrokerBecameFollower, sim::RequestProcessingEnabled, sim::IsrShrunk,
      sim::IsrExpanded, sim::CachedControllerChanged, zk::ZkControllerElected, zk::ZkControllerReady,
      zk::ZkControllerResigned, AdminDone>();
  std::ranges::sort(words);
  return words;
}

}  // namespace

std::vector<VocabularyList> vocabulary() {
  std::vector<VocabularyList> lists;
  lists.push_back({"notices", "what faults and changes can wait for ('on NOTICE [of NODE] [NTH]'), and the rule it follows", notices()});
  VocabularyList roles{"roles", "whom a fault can hit, beside nodes by name (zk-1, broker-2, controller-3000)", {}};
  for (const std::string_view role : Cluster::roles()) roles.words.emplace_back(role, "");
  lists.push_back(std::move(roles));
  VocabularyList faults{"faults", "kinds of faults; scenarios/README.md has their grammar", {}};
  for (const char* kind : {"crash", "crash_machine", "lose_disk", "restart", "pause", "isolate", "stall_disk", "fill_disk",
                           "tear_tail", "skew", "drift", "cut", "heal", "reset", "stall", "slow", "lose", "duplicate",
                           "reorder"}) {
    faults.words.emplace_back(kind, "");
  }
  lists.push_back(std::move(faults));
  VocabularyList defects{"defects", "switches of the simulated versions (cluster { defects: … fixed: … })", {}};
  const Defects standard;
  for (const std::string& name : defect_names()) defects.words.emplace_back(name, standard.is_on(name) ? "on in Kafka 3.9.1" : "");
  lists.push_back(std::move(defects));
  VocabularyList phases{"phases", "how far a migration has come", {}};
  for (int i = 0; i <= 8; ++i) {
    const Phase phase = static_cast<Phase>(i);
    phases.words.emplace_back(name_of(phase), meaning_of(phase));
  }
  lists.push_back(std::move(phases));
  return lists;
}

}  // namespace scenarios
