#include "migrate/same_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "migrate/config_znode.h"

namespace migrate {
namespace {

using sim::Difference;
using sim::Family;

void conclude(DiffReport& report) {
  std::ranges::stable_sort(report.different, {}, &Difference::kind);
  report.verdict = !report.different.empty() ? Verdict::Different
                   : !report.unknown.empty() ? Verdict::Unknown
                                             : Verdict::Equal;
}

class Trees {
 public:
  Trees(const TreeState& from, const TreeState& to, sim::Families kinds)
      : from_(from), to_(to), kinds_(kinds) {}

  DiffReport compare() && {
    report_.counts = count_kinds(from_.image, to_.image, kinds_);
    unreadable(from_, "in the first tree");
    unreadable(to_, "in the second tree");
    values();
    empty_configs(from_.report, to_, /*is_left=*/true);
    empty_configs(to_.report, from_, /*is_left=*/false);
    partitions_without_state();
    conclude(report_);
    return std::move(report_);
  }

 private:
  void unreadable(const TreeState& tree, std::string_view where) {
    for (const zk::UnreadableZnode& znode : tree.report.unreadable) {
      const sim::Families kinds = kinds_of_znode(znode.path);
      if (overlap(kinds, kinds_))
        report_.unknown.push_back({znode.path, fmt::format("{}, {}", znode.why, where), kinds});
    }
  }

  // Each encoding of a password has its own salt: that two differ says nothing.
  std::set<std::string> still_encoded() const {
    std::set<std::string> paths;
    for (const TreeState* tree : {&from_, &to_}) {
      for (const zk::EncodedPassword& password : tree->report.encoded_passwords) {
        if (const auto resource = resource_of_znode(password.path))
          paths.insert(path_of_config(*resource, password.config));
      }
    }
    return paths;
  }

  void values() {
    const std::set<std::string> encoded = still_encoded();
    const sim::CompareOptions how{
        .families = kinds_, .ignore_acl_ids = true, .ignore_isr_order = true};
    for (Difference& each : sim::compare(from_.image, to_.image, how)) {
      if (each.left && each.right && encoded.contains(each.path)) {
        report_.unknown.push_back(
            {each.path, "the password is encoded in ZooKeeper, each time anew; give --secret",
             only(std::array{each.kind})});
      } else {
        report_.different.push_back(std::move(each));
      }
    }
  }

  // Where the other tree has configs in its znode, their values are what differs.
  void empty_configs(const zk::ReadReport& report, const TreeState& other, bool is_left) {
    for (const std::string& path : report.empty_configs) {
      const auto resource = resource_of_znode(path);
      const Family kind = resource ? kind_of_config(*resource) : Family::ClientQuotas;
      if (!kinds_.contains(kind) ||
          std::ranges::find(other.report.empty_configs, path) != other.report.empty_configs.end() ||
          (resource && other.image.configs().find(*resource) != nullptr))
        continue;
      const std::string empty = "an empty znode";
      const std::string not_so = "no such znode, or one with content";
      report_.different.push_back({.path = path,
                                   .kind = kind,
                                   .left = is_left ? empty : not_so,
                                   .right = is_left ? not_so : empty});
    }
  }

  // MB-18: the partition is read as if all of its replicas were in sync.
  void partitions_without_state() {
    if (!kinds_.contains(Family::Partitions)) return;
    const std::set<sim::TopicPartition> from(from_.report.partitions_without_state.begin(),
                                             from_.report.partitions_without_state.end());
    const std::set<sim::TopicPartition> to(to_.report.partitions_without_state.begin(),
                                           to_.report.partitions_without_state.end());
    const auto report = [&](const sim::TopicPartition& partition, bool on_left) {
      const auto* const topic = (on_left ? to_ : from_).image.topics().find(partition.topic);
      if (topic == nullptr) return;  // one difference for the topic is enough
      report_.different.push_back(
          {.path = fmt::format("/brokers/topics/{}/partitions/{}/state", partition.topic,
                               partition.partition.value()),
           .kind = Family::Partitions,
           .left = on_left ? std::nullopt : std::optional<std::string>("present"),
           .right = on_left ? std::optional<std::string>("present") : std::nullopt});
    };
    for (const sim::TopicPartition& each : from) {
      if (!to.contains(each)) report(each, true);
    }
    for (const sim::TopicPartition& each : to) {
      if (!from.contains(each)) report(each, false);
    }
  }

  const TreeState& from_;
  const TreeState& to_;
  sim::Families kinds_;
  DiffReport report_;
};

}  // namespace

DiffReport differences_of_trees(const TreeState& from, const TreeState& to, sim::Families kinds) {
  return Trees(from, to, kinds).compare();
}

DiffReport differences_of_logs(const sim::MetadataImage& from, const sim::MetadataImage& to,
                               sim::Families kinds) {
  DiffReport report;
  report.counts = count_kinds(from, to, kinds);
  report.different = sim::compare(from, to, {.families = kinds, .ignore_isr_order = true});
  conclude(report);
  return report;
}

}  // namespace migrate
