#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sim/kafka/compare.h"

// The kinds of metadata as a person names and counts them, and as ZooKeeper files them.
namespace migrate {

// Every kind, in the order in which all that is printed names them.
std::span<const sim::Family> all_kinds();
// "topic-configs": the kind as a word of the command line.
std::string_view word_of(sim::Family kind);
std::optional<sim::Family> kind_of_word(std::string_view word);

// These kinds alone.
sim::Families only(std::span<const sim::Family> kinds);
bool overlap(sim::Families a, sim::Families b);

// What a znode of the cluster says something about; every kind for a path that none is known to
// own, as it may be any. The path is the cluster's own, without its chroot.
sim::Families kinds_of_znode(std::string_view path);

// How many things of a kind each side has: topics, partitions, configs, quotas, entries.
struct KindCount {
  sim::Family kind = sim::Family::Topics;
  std::uint64_t left = 0;
  std::uint64_t right = 0;
};
std::vector<KindCount> count_kinds(const sim::MetadataImage& left, const sim::MetadataImage& right,
                                   sim::Families kinds);

}  // namespace migrate
