#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/fault.h"
#include "sim/kernel/occurrence.h"

namespace sim {

// What became of one planned fault.
enum class FaultFate : std::uint8_t {
  Waiting,  // its time or notice has not come: a run that ends so has an unknown verdict
  Due,      // its time is set
  Applied,
  Misfired,  // its time came, but its target was nobody
};
struct FaultReport {
  std::string name;
  std::string described;  // describe(PlannedFault)
  FaultFate fate = FaultFate::Waiting;
  std::string why;  // of a misfire, and of what a waiting fault waits for
};

// Knows a plan and how far it has come; decides when, never does. A value inside the world.
class Injector {
 public:
  // A fault whose time became known.
  struct Due {
    std::uint32_t index = 0;
    Instant at;
    bool at_once = false;  // right after the present step
  };

  // Adds faults. Requires names that differ from each other and from those added before, and every After
  // to name a fault of the plan. Returns those whose time is known.
  std::vector<Due> add(const FaultPlan& plan, Instant now);

  // True when some fault still waits for a notice of this name: then the rest is worth asking.
  bool listens_to(const PayloadType& type) const;
  // A notice was emitted. `is_node` says whether a target names the node that emitted it.
  std::vector<Due> noticed(const Payload& notice, Instant now,
                           const std::function<bool(const Target&)>& is_node);
  // The fault was applied at last, or could not be; returns those that were waiting for it.
  std::vector<Due> applied(std::uint32_t index, Instant now);
  void misfired(std::uint32_t index, std::string why);

  const PlannedFault& planned(std::uint32_t index) const { return entries_[index].planned; }
  std::vector<FaultReport> reports() const;
  void digest_into(Digest& digest) const;

 private:
  struct Entry {
    PlannedFault planned;
    FaultFate fate = FaultFate::Waiting;
    std::uint32_t seen = 0;  // notices that matched so far
    std::string why;
  };
  std::vector<Entry> entries_;
  std::vector<std::uint64_t>
      listening_;  // name hashes of the notices waited for; few, so a plain list
  void listen_again();
};

}  // namespace sim
