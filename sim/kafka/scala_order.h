#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The order in which Kafka's coordinator meets what it keeps in hash tables. It shows: when a
// group's leader is gone, the first member of a `scala.collection.mutable.HashMap` leads; when two
// assignors have as many votes, the first of an `immutable.HashMap` wins. Both orders follow from
// the names alone (Scala 2.13), so they are no choice of ours.
namespace sim {

// java.lang.String.hashCode, over UTF-16 units.
std::int32_t java_hash(std::string_view text);

namespace scala_order {
// mutable.HashMap.improveHash.
std::int32_t improved(std::int32_t hash);
}  // namespace scala_order

// Entries by name in the order of a `mutable.HashMap`: by bucket, in a bucket by hash. The table
// doubles when it is three quarters full and never shrinks, so the order depends on how many
// entries there once were.
template <class Value>
class ScalaHashMap {
 public:
  using Entry = std::pair<std::string, Value>;

  // Requires that there is no entry of that name.
  Value& put(std::string name, Value value) {
    if (entries_.size() + 1 >= buckets_ / 4 * 3) {
      buckets_ *= 2;
      std::ranges::stable_sort(entries_, [&](const Entry& a, const Entry& b) {
        return place(a.first) < place(b.first);
      });
    }
    const Place at = place(name);
    const auto behind =
        std::ranges::find_if(entries_, [&](const Entry& entry) { return place(entry.first) > at; });
    return entries_.emplace(behind, std::move(name), std::move(value))->second;
  }
  std::optional<Value> remove(std::string_view name) {
    const auto found = std::ranges::find(entries_, name, &Entry::first);
    if (found == entries_.end()) return std::nullopt;
    std::optional<Value> removed(std::move(found->second));
    entries_.erase(found);
    return removed;
  }
  const Value* find(std::string_view name) const {
    const auto found = std::ranges::find(entries_, name, &Entry::first);
    return found == entries_.end() ? nullptr : &found->second;
  }
  Value* find(std::string_view name) {
    const auto found = std::ranges::find(entries_, name, &Entry::first);
    return found == entries_.end() ? nullptr : &found->second;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  using Place = std::pair<std::uint32_t, std::int32_t>;
  Place place(std::string_view name) const {
    const std::int32_t hash = scala_order::improved(java_hash(name));
    return {static_cast<std::uint32_t>(hash) & static_cast<std::uint32_t>(buckets_ - 1), hash};
  }

  std::size_t buckets_ = 16;
  std::vector<Entry> entries_;
};

// These names, each there once, in the order of an `immutable.HashMap`.
std::vector<std::string> immutable_hash_map_order(std::vector<std::string> names);

}  // namespace sim
