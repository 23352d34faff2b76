#include "migrate/pseudonym/znodes.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "migrate/pseudonym/settings.h"
#include "sim/base/match.h"
#include "zk/sanitizer.h"

namespace migrate {
namespace {

using nlohmann::ordered_json;
using Parts = std::vector<std::string_view>;

// What Kafka has at the top of its tree.
constexpr std::array<std::string_view, 19> kOfKafka{"admin",
                                                    "brokers",
                                                    "cluster",
                                                    "cluster_links",
                                                    "config",
                                                    "consumers",
                                                    "controller",
                                                    "controller_epoch",
                                                    "delegation_token",
                                                    "feature",
                                                    "isr_change_notification",
                                                    "kafka-acl",
                                                    "kafka-acl-changes",
                                                    "kafka-acl-extended",
                                                    "kafka-acl-extended-changes",
                                                    "latest_producer_id_block",
                                                    "leadership_priority",
                                                    "log_dir_event_notification",
                                                    "migration"};

// "/a/b" is a, b.
Parts parts_of(std::string_view path) {
  Parts parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

// What stands at this place of a path: Kafka's own word or number, a name, a name that is encoded.
enum class Place {
  Own,
  Name,
  Sanitized,
  NameOrNumber,
};

Place place_of(const Parts& parts, std::size_t i) {
  const std::string_view first = parts[0];
  if (i == 0)
    return std::ranges::find(kOfKafka, first) == kOfKafka.end() ? Place::Name : Place::Own;
  const std::string_view second = parts[1];
  if (first == "brokers") return second == "topics" && i == 2 ? Place::Name : Place::Own;
  if (first == "admin") return second == "delete_topics" && i == 2 ? Place::Name : Place::Own;
  if (first == "config") {
    if (i == 1 || second == "brokers" || second == "changes") return Place::Own;
    if (second == "users" || second == "clients") return i % 2 == 0 ? Place::Sanitized : Place::Own;
    return i == 2 ? Place::Name : Place::Own;
  }
  if (first == "kafka-acl") return i == 2 ? Place::Name : Place::Own;
  if (first == "kafka-acl-extended") return i == 3 ? Place::Name : Place::Own;
  if (first == "delegation_token") return second == "tokens" && i == 2 ? Place::Name : Place::Own;
  if (first == "consumers") return i == 2 ? Place::Own : Place::NameOrNumber;
  if (std::ranges::find(kOfKafka, first) == kOfKafka.end()) return Place::NameOrNumber;
  return first == "cluster_links" ? Place::NameOrNumber : Place::Own;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// ── What Kafka writes ───────────────────────────────────────────────────────────────────────────

class Json {
 public:
  explicit Json(Pseudonyms& names) : names_(names) {}

  void rename(ordered_json& value) {
    if (value.is_array()) {
      for (ordered_json& element : value) rename(element);
    } else if (value.is_object()) {
      for (auto& [key, member] : value.items()) rename_member(key, member);
    }
  }

 private:
  void rename_member(const std::string& key, ordered_json& member) {
    if (key == "config" && member.is_object()) {
      for (auto& [name, value] : member.items()) {
        if (value.is_string()) value = pseudonymous_value(names_, name, value.get<std::string>());
      }
    } else if (member.is_string()) {
      member = renamed(key, member.get<std::string>());
    } else if ((key == "endpoints" || key == "renewers" || key == "topics") && member.is_array()) {
      for (ordered_json& each : member) {
        if (each.is_string()) {
          each = renamed(key, each.get<std::string>());
        } else {
          rename(each);
        }
      }
    } else {
      rename(member);
    }
  }

  std::string renamed(std::string_view key, const std::string& value) {
    if (key == "topic" || key == "topics" || key == "host" || key == "rack" || key == "name" ||
        key == "tokenId")
      return names_.name(value);
    if (key == "principal") return names_.principal(value);
    if (key == "owner" || key == "tokenRequester" || key == "renewers")
      return names_.sanitized_principal(value);
    if (key == "entity_name") return names_.sanitized(value);
    if (key == "entity_path") return names_.entity_path(value);
    if (key == "endpoints") return names_.endpoints(value);
    if (key == "hmac") return names_.base64_secret(value);
    return value;
  }

  Pseudonyms& names_;
};

}  // namespace

PseudonymousZnodes::PseudonymousZnodes(Pseudonyms& names, std::vector<std::string> roots)
    : names_(names), roots_(std::move(roots)) {
  std::ranges::stable_sort(roots_, {}, [](const std::string& root) { return ~root.size(); });
}

std::pair<std::string_view, std::string_view> PseudonymousZnodes::split(
    std::string_view path) const {
  for (const std::string& root : roots_) {
    if (path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/'))
      return {path.substr(0, root.size()), path.substr(root.size())};
  }
  return {"", path};
}

std::string PseudonymousZnodes::below_root(std::string_view path) {
  const Parts parts = parts_of(path);
  std::string result;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    result += '/';
    switch (place_of(parts, i)) {
      case Place::Own:
        result += parts[i];
        break;
      case Place::Name:
        result += names_.name(parts[i]);
        break;
      case Place::Sanitized:
        result += names_.sanitized(parts[i]);
        break;
      case Place::NameOrNumber:
        result += is_digits(parts[i]) ? std::string(parts[i]) : names_.name(parts[i]);
        break;
    }
  }
  return result;
}

std::string PseudonymousZnodes::path(std::string_view original) {
  if (original.empty() || original == "/") return std::string(original);
  constexpr std::string_view kOwn = "/zookeeper";
  constexpr std::string_view kQuota = "/zookeeper/quota";
  if (original.starts_with(kQuota) && original.size() > kQuota.size() + 1) {
    // A quota's path is that of the znode that it limits, and one of two words behind it.
    std::string_view limited = original.substr(kQuota.size());
    const std::size_t last = limited.rfind('/');
    const std::string_view word = limited.substr(last);
    if (word != "/zookeeper_limits" && word != "/zookeeper_stats")
      return std::string(kQuota) + path(limited);
    limited.remove_suffix(word.size());
    return std::string(kQuota) + path(limited) + std::string(word);
  }
  if (original == kOwn || original.starts_with("/zookeeper/")) return std::string(original);
  const auto [root, rest] = split(original);
  std::string result;
  for (const std::string_view part : parts_of(root)) result += "/" + names_.name(part);
  return result + below_root(rest);
}

std::string PseudonymousZnodes::text(const Parts& parts, const std::string& original) {
  const std::string_view first = parts.empty() ? "" : parts[0];
  if (first == "kafka-acl-changes") {
    // "TOPIC:orders", before there were other patterns than literal ones.
    const std::size_t colon = original.find(':');
    if (colon == std::string::npos) return names_.words(original);
    return original.substr(0, colon + 1) + names_.name(original.substr(colon + 1));
  }
  if (first == "delegation_token" && parts.size() == 3 && parts[1] == "token_changes")
    return names_.name(original);
  if (first == "controller_epoch" || is_digits(original)) return original;
  ordered_json json = ordered_json::parse(original, nullptr, false);
  const bool kafkas = std::ranges::find(kOfKafka, first) != kOfKafka.end();
  if (!kafkas || first == "consumers" || first == "cluster_links" || !json.is_structured())
    return names_.words(original);
  const std::string before = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  Json(names_).rename(json);
  std::string after = json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  // What holds no name stays as it was written.
  return before == after ? original : after;
}

zk::Data PseudonymousZnodes::data(std::string_view path, const zk::Data& original) {
  if (!original || original->empty()) return original;
  if (path == "/zookeeper/config") {
    // "server.1=host:2888:3888:participant;0.0.0.0:2181", a line each.
    std::string result;
    std::string_view rest = *original;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      const std::size_t equals = line.find('=');
      if (!line.starts_with("server.") || equals == std::string_view::npos) {
        result += line;
      } else {
        const std::size_t semicolon = std::min(line.find(';'), line.size());
        result += line.substr(0, equals + 1);
        result += names_.endpoints(line.substr(equals + 1, semicolon - equals - 1));
        result += line.substr(semicolon);
      }
      if (end < rest.size()) result += '\n';
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return result;
  }
  if (path.starts_with("/zookeeper")) return original;
  return text(parts_of(split(path).second), *original);
}

zk::AclList PseudonymousZnodes::acl(const zk::AclList& original) {
  zk::AclList list = original;
  for (zk::Acl& acl : list) {
    if (acl.scheme == "world" || acl.scheme == "auth") continue;
    const std::size_t colon = acl.id.find(':');
    if (acl.scheme == "digest" && colon != std::string::npos) {
      acl.id = names_.name(acl.id.substr(0, colon)) + ":" +
               names_.base64_secret(acl.id.substr(colon + 1));
    } else {
      acl.id = names_.endpoints(acl.id);
    }
  }
  return list;
}

// Whatever names a znode has a path; some have data, and some an ACL.
template <class Txn>
Txn PseudonymousZnodes::renamed(Txn txn) {
  if constexpr (requires { txn.data; }) txn.data = data(txn.path, txn.data);
  if constexpr (requires { txn.acl; }) txn.acl = acl(txn.acl);
  if constexpr (requires { txn.path; }) txn.path = path(txn.path);
  if constexpr (requires { txn.paths_to_delete; }) {
    if (txn.paths_to_delete) {
      for (std::string& each : *txn.paths_to_delete) each = path(each);
    }
  }
  // An operation that nobody will do: its bytes hold names, and nobody reads them.
  if constexpr (requires { txn.body; }) txn.body.assign(txn.body.size(), '\0');
  return txn;
}

zk::LoggedTxn PseudonymousZnodes::txn(const zk::LoggedTxn& original) {
  zk::LoggedTxn result = original;
  std::visit(
      [&]<class Body>(Body& body) {
        if constexpr (std::is_same_v<Body, zk::MultiTxn>) {
          for (zk::SubTxn& sub : body.txns)
            std::visit([&](auto& each) { each = renamed(each); }, sub);
        } else {
          body = renamed(body);
        }
      },
      result.txn);
  return result;
}

}  // namespace migrate
