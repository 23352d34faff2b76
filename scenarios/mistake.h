#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"

// What an operator does wrong: each is a step of hers left out, done too early, or done to one
// server otherwise than to the rest. In words, a kind and for some the server:
//
//   forget_flag broker-2
//   keep_migration
//
// What happens to a cluster without her doing is a fault (fault_text.h), what she writes to
// ZooKeeper a znode edit (znode_edit.h).
namespace scenarios {

enum class MistakeKind : std::uint8_t {
  ForgetFlag,      // of a server: it is started without zookeeper.metadata.migration.enable
  FinaliseEarly,   // in S4, as if it were S6: controllers lose the flag while brokers live by
                   // ZooKeeper
  BrokersFirst,    // on the way back: brokers lose the flag before the controllers stop
  DeleteFirst,     // on the way back: znodes are deleted before the controllers stop
  LeaveRunning,    // of a controller: on the way back it is not stopped
  KeepController,  // on the way back /controller is not deleted
  KeepMigration,   // on the way back /migration is not deleted
  KeepDisks,       // on the way back controllers are not formatted anew
  SkipEpochCheck,  // on the way back /controller_epoch is not raised (KAFKA-20488)
  SkipBrokerRoll,  // on the way back brokers are not restarted without the flag
};

struct MistakeWord {
  std::string_view word;
  MistakeKind kind;
  bool names_a_server;
  std::string_view meaning;
};
// All there are, in the order of the way.
const std::vector<MistakeWord>& mistake_words();

struct Mistake {
  MistakeKind kind = MistakeKind::ForgetFlag;
  std::string server;  // "broker-2", where the kind names one
  auto operator<=>(const Mistake&) const = default;
};

// What the words say, or a Usage problem at `place` that says which word is wrong and what may
// stand there. Whether there is such a server the cluster knows.
sim::Expected<Mistake> parse_mistake(std::string_view words, const sim::Place& place);
std::string print_mistake(const Mistake& mistake);

class Mistakes {
 public:
  void add(Mistake mistake) { made_.insert(std::move(mistake)); }
  bool has(MistakeKind kind, std::string_view server = {}) const {
    return made_.contains(Mistake{kind, std::string(server)});
  }
  const std::set<Mistake>& all() const { return made_; }

 private:
  std::set<Mistake> made_;
};

}  // namespace scenarios
