#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kafka/image.h"

// The one comparison of images: what differs, where, and what each side says. Used by `diff`, by gates and
// checkers (migration.md §4.4, §7.4), and by tests; which differences are tolerated is their business.
namespace sim {

// What a difference is about. Whole families are chosen or left out by it.
enum class Family : std::uint8_t {
  Features,     // metadata.version, other features, migration state
  Brokers,      // registrations
  Controllers,  // registrations
  Topics,       // that a topic exists, and its id
  Partitions,
  TopicConfigs,
  BrokerConfigs,  // of one broker or of all
  OtherConfigs,   // of client metrics and broker loggers
  ClientQuotas,
  Scram,
  ProducerIds,
  Acls,
  DelegationTokens,
};
constexpr std::size_t kFamilies = 13;
std::string_view name_of(Family family);  // "topic configs"

// A set of families.
class Families {
 public:
  static constexpr Families all() { return Families((1u << kFamilies) - 1); }
  // The nine that ZooKeeper holds too and that a migration copies and mirrors (migration.md §3.4, §4.2).
  static constexpr Families mirrored() {
    using enum Family;
    return {Topics, Partitions,  TopicConfigs, BrokerConfigs,   ClientQuotas,
            Scram,  ProducerIds, Acls,         DelegationTokens};
  }
  constexpr Families(std::initializer_list<Family> families) {
    for (const Family family : families) bits_ |= bit(family);
  }
  constexpr bool contains(Family family) const { return (bits_ & bit(family)) != 0; }
  constexpr Families without(Family family) const { return Families(bits_ & ~bit(family)); }

 private:
  explicit constexpr Families(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Family family) { return 1u << static_cast<unsigned>(family); }
  std::uint32_t bits_ = 0;
};

struct CompareOptions {
  Families families = Families::all();
  // ACLs are compared as sets of (resource, entry): their ids are random, and ZooKeeper has none.
  bool ignore_acl_ids = false;
  // ISR, removing, adding and eligible replicas are compared as sets: their order has no meaning.
  bool ignore_isr_order = false;
};

// One difference. The side that lacks the thing altogether is nothing.
//   "topics/orders/partitions/3/isr": "[1,2]" | "[1]"
//   "configs/TOPIC/orders/retention.ms": "60000" | nothing
// Slashes, percent signs and control characters within a part of the path are written as %2F.
struct Difference {
  std::string path;
  Family kind = Family::Features;
  std::optional<std::string> left;
  std::optional<std::string> right;
  auto operator<=>(const Difference&) const = default;
};
// "topics/orders/partitions/3/isr: [1,2] vs [1]"; the side without it says "absent".
std::string describe(const Difference& difference);

// Every difference between the images, by family in the order of `Family` and then by path; none if they
// are equal. A field that differs is one difference; a thing that one side lacks is one, too, whatever it
// contains (but the partitions of a topic that one side lacks are named if topics are not compared). Two
// topics of one name but different ids differ in their id, and in their partitions as far as those differ.
// What the images share is skipped.
std::vector<Difference> compare(const MetadataImage& left, const MetadataImage& right,
                                const CompareOptions& options = {});

}  // namespace sim
