#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/described.h"
#include "sim/base/problem.h"
#include "sim/kernel/fault.h"
#include "zk/stat.h"
#include "zk/txn.h"

// What a person does to znodes by hand, with zookeeper-shell.sh: nothing fences it. In words:
//
//   set /controller_epoch to 9 at 12s
//   create /migration with {"version":0,…} on kraft.ControllerActivated
//   delete /brokers/topics/orders/partitions/0/state on migrate.Claimed
//   delete_all /brokers/topics/orders at 1m
//   ^ kind ^ path            ^ data       ^ when, as of faults (fault_text.h)
//
// Paths are those of Kafka's own tree: a chroot is put before them.
namespace scenarios {

enum class ZnodeEditKind : std::uint8_t {
  Set,        // whatever its version
  Create,     // persistent, for everybody
  Delete,     // whatever its version; one with children is refused
  DeleteAll,  // the znode with all that is below it
};
std::string_view name_of(ZnodeEditKind kind);

struct ZnodeEdit {
  static constexpr std::string_view kName = "operator.ZnodeEdit";
  ZnodeEditKind kind = ZnodeEditKind::Set;
  std::string path;
  zk::Data data;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("kind", &ZnodeEdit::kind), field("path", &ZnodeEdit::path),
                 field("data", &ZnodeEdit::data));
  }
  bool operator==(const ZnodeEdit&) const = default;
};
// "set /controller_epoch to 9".
std::string describe(const ZnodeEdit& edit);

struct EditDirective {
  ZnodeEdit edit;
  sim::When when;
  bool operator==(const EditDirective&) const = default;
};

std::vector<std::string_view> edit_words();

// What the words say, or a Usage problem at `place` that says which word is wrong and what may
// stand there.
sim::Expected<EditDirective> parse_edit(std::string_view words, const sim::Place& place);

}  // namespace scenarios
