#include "tools/judges/driver/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "migrate/driver_state.h"
#include "sim/kafka/record_codec.h"
#include "zk/base64.h"

namespace judge {
namespace {

// The roads of MigrationEvent.handleException that an event may take (migration.md §2.5); whatever
// else is met is counted as well.
constexpr const char* kRoutes[] = {
    "RecoverMigrationStateFromZKEvent fault MigrationClientAuthException",
    "RecoverMigrationStateFromZKEvent retried MigrationClientException",
    "KRaftLeaderEvent fault MigrationClientAuthException",
    "KRaftLeaderEvent retried MigrationClientException",
    "KRaftLeaderEvent fault IllegalStateException",
    "WaitForZkBrokersEvent fault MigrationClientAuthException",
    "WaitForZkBrokersEvent retried MigrationClientException",
    "BecomeZkControllerEvent fault MigrationClientAuthException",
    "BecomeZkControllerEvent retried MigrationClientException",
    "BecomeZkControllerEvent fault ControllerMovedException",
    "BecomeZkControllerEvent fault IllegalStateException",
    "MigrateMetadataEvent fault RuntimeException",
    "MigrateMetadataEvent fault TimeoutException",
    "SyncKRaftMetadataEvent fault MigrationClientAuthException",
    "SyncKRaftMetadataEvent retried MigrationClientException",
    "SyncKRaftMetadataEvent fault ControllerMovedException",
    "SyncKRaftMetadataEvent fault RuntimeException",
    "MetadataChangeEvent fault MigrationClientAuthException",
    "MetadataChangeEvent retried MigrationClientException",
    "MetadataChangeEvent fault ControllerMovedException",
    "MetadataChangeEvent fault RuntimeException",
    "any event, RejectedExecutionException: its queue is closing",
};

std::vector<std::string> fields_of(const std::string& entry) {
  std::vector<std::string> fields;
  std::size_t from = 0;
  for (std::size_t at = entry.find('|'); at != std::string::npos; at = entry.find('|', from)) {
    fields.push_back(entry.substr(from, at - from));
    from = at + 1;
  }
  fields.push_back(entry.substr(from));
  return fields;
}

// A record as text, and which set it is an element of, if to Kafka it is one of a set.
struct Readable {
  std::string set;
  std::string text;
};

Readable readable(const std::string& encoded) {
  const auto bytes = zk::base64_decode(encoded);
  auto decoded = sim::decode_record(bytes.value_or(sim::Bytes{}));
  if (!decoded) return {.set = {}, .text = encoded};
  std::string set;
  if (auto* const acl = std::get_if<sim::AccessControlEntryRecord>(&decoded->record)) {
    acl->id = {};  // drawn at random
    set = fmt::format("entries of {} {} {}", static_cast<int>(acl->resource_type),
                      acl->resource_name, static_cast<int>(acl->pattern_type));
  } else if (const auto* const quota = std::get_if<sim::ClientQuotaRecord>(&decoded->record)) {
    set = "quotas of";
    for (const auto& part : quota->entity) set += " " + sim::describe_value(part);
  }
  return {.set = std::move(set),
          .text = fmt::format("{}:{} {}", sim::name_of(decoded->record), decoded->version,
                              std::visit([](const auto& each) { return sim::describe_value(each); },
                                         decoded->record))};
}

// Those of one set that stand side by side, in the order of their texts.
void sort_sets(std::vector<Readable>& records) {
  for (auto begin = records.begin(); begin != records.end();) {
    const auto end = std::find_if(begin, records.end(),
                                  [&](const Readable& each) { return each.set != begin->set; });
    if (!begin->set.empty()) std::ranges::sort(begin, end, {}, &Readable::text);
    begin = end;
  }
}

// What may differ, and nothing else does: notes, which only Kafka's log has; the classes of an
// exception; ids of ACLs; the order of a resource's entries and of an entity's quotas.
std::optional<std::string> comparable(const std::string& entry) {
  const std::vector<std::string> fields = fields_of(entry);
  if (fields.size() < 2) return entry;
  if (fields[1] == "note") return std::nullopt;
  if (fields[1] == "failed" && fields.size() >= 4)
    return fmt::format("{}|failed|{}|{}", fields[0], fields[2], fields[3]);
  if (fields[1] != "records") return entry;
  std::vector<Readable> records;
  for (std::size_t i = 2; i < fields.size(); ++i) records.push_back(readable(fields[i]));
  sort_sets(records);
  std::string text = fields[0] + "|records";
  for (const Readable& record : records) text += "\n      " + record.text;
  return text;
}

// What may differ: the time in /controller, the order of an object's keys and of an ACL's entries,
// which are sets to Kafka.
std::string comparable_znode(const std::string& path, const std::string& value) {
  const std::size_t begin = value.find('=');
  if (begin == std::string::npos || value.compare(begin + 1, 1, "{") != 0) return value;
  auto json = nlohmann::json::parse(value.substr(begin + 1), nullptr, false);
  if (json.is_discarded()) return value;
  if (path == "/controller") json.erase("timestamp");
  if (json.contains("acls")) std::sort(json["acls"].begin(), json["acls"].end());
  return value.substr(0, begin + 1) + json.dump();
}

std::string joined(const std::vector<std::string>& entries, std::size_t from, std::size_t count) {
  std::string text;
  for (std::size_t i = from; i < std::min(entries.size(), from + count); ++i)
    text += "\n    " + entries[i];
  return entries.size() <= from ? "\n    nothing more" : text;
}

std::optional<std::string> different_traces(const Seen& ours, const nlohmann::json& theirs) {
  std::vector<std::string> here;
  std::vector<std::string> there;
  for (const std::string& entry : ours.trace) {
    if (auto text = comparable(entry)) here.push_back(*std::move(text));
  }
  for (const auto& entry : theirs["trace"]) {
    if (auto text = comparable(entry.get<std::string>())) there.push_back(*std::move(text));
  }
  if (here == there) return std::nullopt;
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(here, there).in1 - here.begin());
  return fmt::format("after {} entries alike\n  ours:{}\n  Kafka:{}", at, joined(here, at, 4),
                     joined(there, at, 4));
}

std::optional<std::string> different_znodes(const Seen& ours, const nlohmann::json& theirs) {
  const auto text = [](const std::optional<std::string>& value, const std::string& path) {
    return value ? comparable_znode(path, *value) : std::string("gone");
  };
  for (const auto& [path, value] : ours.znodes) {
    if (!theirs["znodes"].contains(path))
      return fmt::format("{}: ours {}, Kafka: no change", path, text(value, path));
  }
  for (const auto& [path, value] : theirs["znodes"].items()) {
    const std::string there =
        value.is_null() ? "gone" : comparable_znode(path, value.get<std::string>());
    const auto found = ours.znodes.find(path);
    const std::string here = found == ours.znodes.end() ? "no change" : text(found->second, path);
    if (here != there) return fmt::format("{}\n  ours:  {}\n  Kafka: {}", path, here, there);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> disagreement(const Performed& ours, const nlohmann::json& observed) {
  const auto& steps = observed["steps"];
  for (std::size_t i = 0; i < ours.seen.size(); ++i) {
    Json step = ours.sequence["steps"][i];
    const auto where = [&] {
      for (const char* const verbose : {"records"}) step.erase(verbose);
      return fmt::format("step {} of {}: {}", i, ours.seen.size(), step.dump());
    };
    if (i >= steps.size()) return where() + "\n  Kafka did not come so far";
    const Seen& seen = ours.seen[i];
    if (auto different = different_traces(seen, steps[i]))
      return fmt::format("{}\n  {}", where(), *different);
    for (std::size_t node = 0; node < seen.nodes.size(); ++node) {
      const auto theirs = steps[i]["nodes"][node].get<std::string>();
      if (seen.nodes[node] != theirs) {
        return fmt::format("{}\n  controller {}\n  ours:  {}\n  Kafka: {}", where(), node,
                           seen.nodes[node], theirs);
      }
    }
    if (auto different = different_znodes(seen, steps[i]))
      return fmt::format("{}\n  {}", where(), *different);
  }
  return std::nullopt;
}

void count(const nlohmann::json& observed, Tally& tally) {
  for (const auto& step : observed["steps"]) {
    ++tally["steps"];
    for (const auto& entry : step["trace"]) {
      const std::vector<std::string> fields = fields_of(entry.get<std::string>());
      if (fields.size() < 2) continue;
      if (fields[1] == "state") {
        ++tally[fmt::format("edge {} -> {}", fields[2], fields[3])];
      } else if (fields[1] == "note") {
        ++tally["stay " + fields[2]];
      } else if (fields[1] == "failed") {
        const std::string thrown =
            fields.size() > 4 ? fields[4].substr(0, fields[4].find(" < ")) : "";
        ++tally[fmt::format("failed {} {} {}", fields[2], fields[3], thrown)];
      } else if (fields[1] == "records" || fields[1] == "abort" || fields[1] == "requests" ||
                 fields[1] == "complete") {
        ++tally["call " + fields[1]];
        if (fields[1] == "records")
          tally["copied records"] += static_cast<std::int64_t>(fields.size()) - 2;
      } else {
        ++tally["request " + fields[1].substr(0, fields[1].find(' '))];
      }
    }
  }
}

std::string table(const Tally& tally) {
  std::string text = "edges of migration.md 2.3\n";
  const auto found = [&](const std::string& key) {
    const auto at = tally.find(key);
    return at == tally.end() ? std::int64_t{0} : at->second;
  };
  const auto row = [&](const std::string& name, std::int64_t times) {
    text += fmt::format("  {:>9}  {}{}\n", times, name, times == 0 ? "   never reached" : "");
  };
  for (const auto& [from, to] : migrate::legal_transitions()) {
    const std::string edge =
        fmt::format("edge {} -> {}", migrate::name_of(from), migrate::name_of(to));
    row(edge.substr(5), found(edge));
  }
  for (const char* const state :
       {"BECOME_CONTROLLER", "SYNC_KRAFT_TO_ZK", "KRAFT_CONTROLLER_TO_BROKER_COMM"}) {
    row(fmt::format("{} stays", state), found(fmt::format("stay {}", state)));
  }
  text += "how events end early, migration.md 2.5\n";
  Tally routes;
  for (const char* const route : kRoutes) routes[route] = 0;
  for (const auto& [key, times] : tally) {
    if (key.starts_with("failed ")) routes[key.substr(7)] = times;
  }
  for (const auto& [route, times] : routes) row(route, times);
  row("event dropped: another state, or another leader", found("stay event dropped"));
  row("copy aborted, which ends the process", found("call abort"));
  text += "besides\n";
  for (const auto& [key, times] : tally) {
    if (key.starts_with("request ") || key.starts_with("call ") || key == "copied records")
      row(key, times);
  }
  return text;
}

}  // namespace judge
