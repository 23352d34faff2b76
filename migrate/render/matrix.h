#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/plan/stage.h"
#include "migrate/render/target.h"

// The property matrix: what becomes of each config when a node becomes what it is to be (product
// list b.6, from Kafka's migration guide and KafkaConfig.validateValues). A config in no row stays
// as it is.
namespace migrate {

enum class Treatment : std::uint8_t {
  Keep,
  Remove,
  Set,       // to what the row's function says
  Restore,   // of a broker that comes back from KRaft mode: as it was before
  Inherit,   // as the brokers have it, where the file has nothing
  Template,  // the same, but only of a controller made anew
  Mirror,    // what is in force is what is in force on the brokers
};

// What a row's function says of one node.
struct Wanted {
  enum class Kind : std::uint8_t {
    Leave,
    Remove,
    Value
  };
  Kind kind = Kind::Leave;
  std::string value;

  static Wanted leave() { return {}; }
  static Wanted remove() { return {Kind::Remove, ""}; }
  static Wanted of(std::string value) { return {Kind::Value, std::move(value)}; }
};

// What such a function looks at.
struct Rendering {
  const NodeConfig& now;  // the file before any edit
  const NodeFacts* node;  // null: made anew
  TargetShape shape;
  const RenderTarget& target;
  bool added;  // the config stands among those that an earlier rendering put at the end
  std::vector<Remark>& remarks;

  void remark(RemarkKind kind, std::string_view key, std::string what, std::string remedy) const;
};

struct PropertyRow {
  std::string_view key;  // "zookeeper.": all that begin so and have no row of their own
  std::array<Treatment, kTargetShapes.size()> treatments;  // in the order of TargetShape
  std::string_view why;
  std::string_view reference;
  Wanted (*wanted)(const Rendering& rendering) = nullptr;  // where one of them is Set

  Treatment treatment(TargetShape shape) const {
    return treatments.at(static_cast<std::size_t>(shape));
  }
  bool is_prefix() const { return key.ends_with('.'); }
};

// In the order in which they are applied.
std::span<const PropertyRow> property_matrix();
// The row with the longest key that fits; null for configs that stay.
const PropertyRow* row_of_property(std::string_view key);

// The broker's id by its file or else, where ZooKeeper gave it one, by its log directories (B04).
std::optional<std::int64_t> id_of_node(const NodeConfig& config, const NodeFacts* node);

}  // namespace migrate
