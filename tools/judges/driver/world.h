#pragma once

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "migrate/driver.h"
#include "sim/base/choices.h"
#include "sim/kafka/delta.h"
#include "tools/judges/driver/dice.h"
#include "tools/judges/driver/step.h"
#include "tools/judges/driver/zoo.h"

namespace judge {

using Json = nlohmann::ordered_json;

// What is seen after a step, in the words of both judges.
struct Seen {
  std::vector<std::string> trace;  // what the drivers did, in order
  std::vector<std::string> nodes;  // state and leadership state of each
  std::map<std::string, std::optional<std::string>>
      znodes;  // that differ from before: "VERSION=DATA"; none: gone
};

// Our side of a sequence: two drivers over one simulated ZooKeeper and one metadata log. A value,
// so that a step can be tried.
class World {
 public:
  static constexpr int kNodes = 2;
  explicit World(std::uint64_t seed);

  // The beginning as the other judge needs it; `steps` is for what `perform` returns.
  Json beginning(const std::string& name) const;
  // Does it, and says so in full; null if it makes no sense now.
  Json perform(const Step& step);
  Seen take_seen();

  struct Counts {
    int requests = 0;
    int commits = 0;
    std::optional<int> claim;  // the first request of the last claim
  };
  // How often the last step of this node could have been interrupted.
  Counts counts(int node) const { return nodes_[static_cast<std::size_t>(node)].counts; }

  // For those who choose the next step.
  bool alive(int node) const { return nodes_[static_cast<std::size_t>(node)].driver.has_value(); }
  bool installed(int node) const { return nodes_[static_cast<std::size_t>(node)].installed; }
  bool behind(int node) const {
    return nodes_[static_cast<std::size_t>(node)].published < log_.size();
  }
  bool published(int node) const { return nodes_[static_cast<std::size_t>(node)].published > 0; }
  bool leads(int node) const;
  migrate::MigrationDriverState state(int node) const;

 private:
  struct Batch {
    std::vector<sim::VersionedRecord> records;
    sim::OffsetAndEpoch end;
  };
  struct Node {
    explicit Node(std::uint64_t seed) : choices(seed) {}
    std::optional<migrate::Driver> driver;
    sim::Choices choices;
    sim::MetadataImage image;
    std::size_t published = 0;  // batches of the log
    bool installed = false;
    migrate::LeaderAndEpoch leader;  // as it was told last
    // The step that runs.
    const Step* step = nullptr;
    Counts counts;
    Json during = Json::array();
    std::vector<sim::Record> copied;
    std::optional<sim::OffsetAndEpoch> copy_end;
  };

  Node& at(int node) { return nodes_[static_cast<std::size_t>(node)]; }
  const Node& at(int node) const { return nodes_[static_cast<std::size_t>(node)]; }
  void note(int node, const std::string& what);
  migrate::Driver::Context context(int node, migrate::DriverActions& actions);
  template <class Call>
  void drive(int node, Call&& call);
  void act(int node, migrate::DriverActions actions);
  void ask(int node, const migrate::ZkBatch& batch);
  void commit(int node, migrate::TicketId ticket, bool is_completion);
  const Interruption* interrupt(int node, Interruption::At at, int nth);
  bool halted(int node) const { return !at(node).driver; }
  void append(std::vector<sim::VersionedRecord> records);
  void take_over_copy(int node);

  Json boot(int node);
  Json leader(int node, Dice& dice);
  std::size_t batches_together(const Node& loader, std::size_t most) const;
  Json publish(int node, Dice& dice, bool all);
  Json snapshot(int node);
  Json outside(Dice& dice);

  Dice setting_;
  std::vector<std::pair<std::string, std::optional<std::string>>> planted_;
  std::vector<int> rewrites_;
  std::size_t min_batch_size_ = 1;
  std::vector<sim::BrokerId> voters_;
  Zoo zoo_;
  std::array<Node, kNodes> nodes_;
  std::vector<Batch> log_;
  sim::MetadataImage tip_;                          // of the log
  std::int64_t wall_clock_ms_ = 1'700'000'000'000;  // no two claims at one time
  std::int32_t epoch_ = 1;                          // the highest that the quorum had
  std::vector<std::string> trace_;
  std::map<std::string, std::string> before_;
};

}  // namespace judge
