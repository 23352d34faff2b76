#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "zk/znodes.h"
#include "zk/znodes_json.h"

// Controllers, brokers, features and the marks they leave: what is not a topic, a config or a
// secret.
namespace zk {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return result;
}

std::optional<sim::SecurityProtocol> security_protocol(std::string_view name) {
  using enum sim::SecurityProtocol;
  for (const auto protocol : {Plaintext, Ssl, SaslPlaintext, SaslSsl}) {
    if (sim::name_of(protocol) == name) return protocol;
  }
  return std::nullopt;
}

// "NAME://host:port" with "[::1]" for IPv6. The security protocol is filled in by the caller.
std::optional<BrokerZnode::Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t scheme = text.find("://");
  const std::size_t colon = text.rfind(':');
  if (scheme == std::string_view::npos || colon < scheme + 3) return std::nullopt;
  std::string_view host = text.substr(scheme + 3, colon - scheme - 3);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = parse_i32(text.substr(colon + 1));
  if (!port) return std::nullopt;
  return BrokerZnode::Endpoint{
      .listener = upper(text.substr(0, scheme)), .host = std::string(host), .port = *port};
}

// The listeners of version 2 and later. Without a map of protocols a listener is named after its
// own.
void read_endpoints(JsonFields& read, BrokerZnode& broker) {
  const nlohmann::json* const protocols = read.find("listener_security_protocol_map");
  for (const std::string& text : read.texts("endpoints")) {
    auto endpoint = parse_endpoint(text);
    if (!endpoint) {
      read.complain(fmt::format("the endpoint '{}' is not of the form NAME://host:port", text));
      continue;
    }
    std::string protocol = endpoint->listener;
    if (protocols != nullptr && protocols->is_object()) {
      const auto found = protocols->find(endpoint->listener);
      if (found == protocols->end() || !found->is_string()) {
        read.complain(
            fmt::format("the listener '{}' has no security protocol", endpoint->listener));
        continue;
      }
      protocol = upper(found->get<std::string>());
    }
    const auto known = security_protocol(protocol);
    if (!known) read.complain(fmt::format("'{}' is no security protocol", protocol));
    endpoint->security_protocol = known.value_or(sim::SecurityProtocol::Plaintext);
    broker.endpoints.push_back(*std::move(endpoint));
  }
}

void read_supported_features(JsonFields& read, BrokerZnode& broker) {
  const nlohmann::json* const features = read.find("features");
  if (features == nullptr || features->is_null()) return;
  if (!features->is_object()) {
    read.complain("the field 'features' is no object");
    return;
  }
  for (const auto& [name, versions] : features->items()) {
    JsonFields range(versions, fmt::format("feature '{}'", name));
    const auto min = static_cast<std::int16_t>(range.i32("min_version"));
    const auto max = static_cast<std::int16_t>(range.i32("max_version"));
    if (range.complaint()) read.complain(*range.complaint());
    broker.features.emplace(name, BrokerZnode::SupportedVersions{min, max});
  }
}

std::string connection_string(const BrokerZnode::Endpoint& endpoint) {
  const bool ipv6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", endpoint.listener, ipv6 ? "[" : "", endpoint.host,
                     ipv6 ? "]" : "", endpoint.port);
}

// Kafka's own clock text: absent or unreadable is 0, for nobody decides anything by it.
std::int64_t timestamp_of(const JsonFields& read) {
  const nlohmann::json* const value = read.find("timestamp");
  if (value == nullptr || !value->is_string()) return 0;
  return parse_i64(value->get<std::string>()).value_or(0);
}

}  // namespace

Parsed<ControllerZnode> parse_controller(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  ControllerZnode controller{.broker = sim::BrokerId(read.i32("brokerid")),
                             .timestamp_ms = timestamp_of(read)};
  if (const auto* epoch = read.find("kraftControllerEpoch")) {
    controller.kraft_controller_epoch = sim::RaftEpoch(read.as_i32(*epoch, "kraftControllerEpoch"));
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return controller;
}

std::string encode(const ControllerZnode& znode) {
  return JsonWriter()
      .begin('{')
      .key("version")
      .number(2)
      .key("brokerid")
      .number(znode.broker.value())
      .key("timestamp")
      .text(std::to_string(znode.timestamp_ms))
      .key("kraftControllerEpoch")
      .number(znode.kraft_controller_epoch.value_or(sim::RaftEpoch(-1)).value())
      .end('}')
      .take();
}

Parsed<sim::ControllerEpoch> parse_controller_epoch(std::string_view data) {
  const auto epoch = parse_i32(data);
  if (!epoch) return unreadable("it is no decimal number");
  return sim::ControllerEpoch(*epoch);
}

std::string encode_controller_epoch(sim::ControllerEpoch epoch) {
  return std::to_string(epoch.value());
}

Parsed<MigrationZnode> parse_migration(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  if (const std::int32_t version = read.i32("version"); !read.complaint() && version != 0) {
    return unreadable(fmt::format("its version is {}, Kafka 3.9 knows 0", version));
  }
  const MigrationZnode migration{
      .kraft_controller_id = sim::BrokerId(read.i32("kraft_controller_id")),
      .kraft_controller_epoch = sim::RaftEpoch(read.i32("kraft_controller_epoch")),
      .kraft_metadata = {.epoch = sim::RaftEpoch(read.i32("kraft_metadata_epoch")),
                         .offset = sim::Offset(read.i64("kraft_metadata_offset"))}};
  if (read.complaint()) return unreadable(*read.complaint());
  return migration;
}

std::string encode(const MigrationZnode& znode) {
  return JsonWriter()
      .begin('{')
      .key("version")
      .number(0)
      .key("kraft_metadata_offset")
      .number(znode.kraft_metadata.offset.value())
      .key("kraft_controller_id")
      .number(znode.kraft_controller_id.value())
      .key("kraft_metadata_epoch")
      .number(znode.kraft_metadata.epoch.value())
      .key("kraft_controller_epoch")
      .number(znode.kraft_controller_epoch.value())
      .end('}')
      .take();
}

Parsed<std::string> parse_cluster_id(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  std::string id = read.text("id");
  if (read.complaint()) return unreadable(*read.complaint());
  return id;
}

std::string encode_cluster_id(std::string_view id) {
  return JsonWriter().begin('{').key("version").text("1").key("id").text(id).end('}').take();
}

Parsed<BrokerZnode> parse_broker(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  BrokerZnode broker{.version = read.i32("version"), .jmx_port = read.i32("jmx_port")};
  if (!read.complaint() && broker.version < 1) {
    return unreadable(
        fmt::format("version {} of a broker registration is not supported", broker.version));
  }
  if (broker.version == 1) {
    broker.endpoints.push_back({.listener = "PLAINTEXT",
                                .security_protocol = sim::SecurityProtocol::Plaintext,
                                .host = read.text("host"),
                                .port = read.i32("port")});
  } else {
    read_endpoints(read, broker);
  }
  if (const auto* rack = read.find("rack"); rack != nullptr && !rack->is_null()) {
    broker.rack = read.as_text(*rack, "rack");
  }
  broker.timestamp_ms = timestamp_of(read);
  read_supported_features(read, broker);
  if (read.complaint()) return unreadable(*read.complaint());
  return broker;
}

std::string encode(const BrokerZnode& znode) {
  JsonWriter json;
  json.begin('{');
  if (znode.version >= 5) {
    json.key("features").begin('{');
    for (const auto& [name, range] : znode.features) {
      json.key(name).begin('{').key("min_version").number(range.min);
      json.key("max_version").number(range.max).end('}');
    }
    json.end('}');
  }
  if (znode.version >= 4) {
    json.key("listener_security_protocol_map").begin('{');
    for (const auto& endpoint : znode.endpoints) {
      json.key(endpoint.listener).text(sim::name_of(endpoint.security_protocol));
    }
    json.end('}');
  }
  const auto plaintext = std::ranges::find(znode.endpoints, sim::SecurityProtocol::Plaintext,
                                           &BrokerZnode::Endpoint::security_protocol);
  const bool has_plaintext = plaintext != znode.endpoints.end();
  if (znode.version >= 2) {
    std::vector<std::string> endpoints;
    for (const auto& endpoint : znode.endpoints) endpoints.push_back(connection_string(endpoint));
    json.key("endpoints").texts(endpoints);
  }
  if (znode.version >= 3 && znode.rack) json.key("rack").text(*znode.rack);
  json.key("jmx_port").number(znode.jmx_port);
  json.key("port").number(has_plaintext ? plaintext->port : -1);
  json.key("host");
  if (has_plaintext && !plaintext->host.empty()) {
    json.text(plaintext->host);
  } else {
    json.null();
  }
  json.key("version").number(znode.version);
  json.key("timestamp").text(std::to_string(znode.timestamp_ms));
  return json.end('}').take();
}

Parsed<ProducerIdBlockZnode> parse_producer_id_block(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  const sim::BrokerId broker(read.i32("broker"));
  const auto start = parse_i64(read.text("block_start"));
  const auto end = parse_i64(read.text("block_end"));
  if (read.complaint()) return unreadable(*read.complaint());
  if (!start || !end) return unreadable("its block is no pair of 64-bit numbers");
  // Kafka's arithmetic wraps around, and Math.toIntExact guards the size alone.
  const auto size = static_cast<std::int64_t>(static_cast<std::uint64_t>(*end) -
                                              static_cast<std::uint64_t>(*start) + 1);
  if (size != static_cast<std::int32_t>(size)) {
    return unreadable("its block has an impossible size");
  }
  return ProducerIdBlockZnode{.broker = broker, .block_start = *start, .block_end = *end};
}

std::string encode(const ProducerIdBlockZnode& znode) {
  return JsonWriter()
      .begin('{')
      .key("version")
      .number(1)
      .key("broker")
      .number(znode.broker.value())
      .key("block_start")
      .text(std::to_string(znode.block_start))
      .key("block_end")
      .text(std::to_string(znode.block_end))
      .end('}')
      .take();
}

Parsed<FeatureZnode> parse_feature(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  FeatureZnode feature{.version = read.i32("version"), .status = read.i32("status")};
  if (!read.complaint() && (feature.version < 1 || feature.version > 2)) {
    return unreadable(fmt::format("version {} of /feature is not supported", feature.version));
  }
  if (!read.complaint() && feature.status != 0 && feature.status != 1) {
    return unreadable(fmt::format("the status {} is neither 0 nor 1", feature.status));
  }
  const auto* const features = read.find("features");
  if (features == nullptr || !features->is_object()) {
    read.complain("the field 'features' is missing");
    return unreadable(*read.complaint());
  }
  for (const auto& [name, versions] : features->items()) {
    JsonFields level(versions, fmt::format("feature '{}'", name));
    const std::int32_t max = level.i32("max_version_level");
    const std::int32_t min = feature.version == 1 ? level.i32("min_version_level") : 1;
    if (!level.complaint() && (max < 1 || min < 1 || max < min)) {
      level.complain("the levels are out of range");
    }
    if (level.complaint()) read.complain(*level.complaint());
    feature.features.emplace(name, static_cast<std::int16_t>(max));
  }
  if (read.complaint()) return unreadable(*read.complaint());
  return feature;
}

std::string encode(const FeatureZnode& znode) {
  JsonWriter json;
  json.begin('{').key("features").begin('{');
  for (const auto& [name, level] : znode.features) {
    json.key(name).begin('{').key("max_version_level").number(level);
    if (znode.version == 1) json.key("min_version_level").number(level);
    json.end('}');
  }
  return json.end('}')
      .key("version")
      .number(znode.version)
      .key("status")
      .number(znode.status)
      .end('}')
      .take();
}

Parsed<sim::BrokerId> parse_log_dir_event(std::string_view data) {
  const auto json = parse_json(data);
  if (!json) return not_json();
  JsonFields read(*json);
  const sim::BrokerId broker(read.i32("broker"));
  if (read.complaint()) return unreadable(*read.complaint());
  return broker;
}

std::string encode_log_dir_event(sim::BrokerId broker) {
  return JsonWriter()
      .begin('{')
      .key("version")
      .number(1)
      .key("broker")
      .number(broker.value())
      .key("event")
      .number(1)
      .end('}')
      .take();
}

}  // namespace zk
