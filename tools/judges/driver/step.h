#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// What happens to two controllers and the ZooKeeper that they share, as it is planned: each step
// draws what it needs when it is performed, from its own seed, so that it keeps its sense when
// steps before it are left out.
namespace judge {

enum class Kind : std::uint8_t {
  Boot,      // a controller's process starts
  Kill,      // and ends
  Poll,      // a deferred poll falls due
  Leader,    // its loader hears of a leader
  Publish,   // its loader publishes what it has not published yet, or a part of it
  Snapshot,  // its loader loads everything anew
  Change,    // the log grows by a batch, and the loader publishes all it has
  Outside,   // someone else writes to ZooKeeper
};
constexpr int kKinds = 8;

struct Interruption;

struct Step {
  Kind kind = Kind::Poll;
  int node = 0;
  std::uint64_t seed = 0;
  std::vector<Interruption> during;
};

// Something that happens while the driver is at a step.
struct Interruption {
  enum class At : std::uint8_t {
    Request,  // before the nth request to ZooKeeper
    Commit    // before the nth answer of the controller to which records are offered
  };
  At at = At::Request;
  int nth = 0;
  // One of these.
  std::optional<int> fault;  // the request's answer is this error
  bool applied = false;      // the request itself was done
  std::string outcome;       // of a commit: "fail", "never"
  std::shared_ptr<const Step> step;
};

}  // namespace judge
