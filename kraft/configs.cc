// Dynamic configs (ConfigurationControlManager): incremental changes become one ConfigRecord a key.

#include <algorithm>

#include "kraft/area.h"

namespace kraft {

namespace {

// The values of a list config; Kafka separates by commas and does not trim.
std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    out.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return out;
}

std::string join(const std::vector<std::string>& list) {
  return fmt::format("{}", fmt::join(list, ","));
}

// What the key shall hold; nothing deletes it.
std::optional<std::string> next_value(const std::optional<std::string_view>& current,
                                      const sim::AlterableConfig& change) {
  std::vector<std::string> list = split(current.value_or(""));
  const std::vector<std::string> named = split(change.value.value_or(""));
  switch (change.config_operation) {
    case sim::ConfigOperation::Set:
      return change.value;
    case sim::ConfigOperation::Delete:
      return std::nullopt;
    case sim::ConfigOperation::Append:
      for (const std::string& value : named) {
        if (std::ranges::find(list, value) == list.end()) list.push_back(value);
      }
      return join(list);
    case sim::ConfigOperation::Subtract:
      std::erase_if(list, [&](const std::string& value) {
        return std::ranges::find(named, value) != named.end();
      });
      return join(list);
  }
  return change.value;
}

ErrorCode check_resource(const Desk& desk, const sim::ConfigResource& resource) {
  switch (resource.type) {
    case sim::ConfigResourceType::Topic:
      return desk.image().topics().find(resource.name) == nullptr
                 ? ErrorCode::UnknownTopicOrPartition
                 : ErrorCode::None;
    case sim::ConfigResourceType::Broker:
    case sim::ConfigResourceType::ClientMetrics:
      return ErrorCode::None;
    case sim::ConfigResourceType::BrokerLogger:
    case sim::ConfigResourceType::Unknown:
      break;
  }
  return ErrorCode::InvalidRequest;
}

}  // namespace

// Simplified: keys and values are not validated against Kafka's definitions, and there is no alter-config
// policy.
Decision<sim::IncrementalAlterConfigsResponse> decide(
    Desk& desk, const sim::IncrementalAlterConfigsRequest& request) {
  Decision<sim::IncrementalAlterConfigsResponse> out{.response = {}};
  for (const sim::AlterConfigsResource& asked : request.resources) {
    const sim::ConfigResource resource{asked.resource_type, asked.resource_name};
    const ErrorCode error = check_resource(desk, resource);
    out.response.responses.push_back({asked.resource_name, error, ""});
    if (error != ErrorCode::None) continue;
    for (const sim::AlterableConfig& change : asked.configs) {
      const auto current = desk.image().configs().value(resource, change.name);
      const auto next = next_value(current, change);
      const bool same = next.has_value() == current.has_value() && (!next || *next == *current);
      // A broker's key is written even unchanged: that makes brokers read their key stores anew (KAFKA-14136).
      if (same && resource.type != sim::ConfigResourceType::Broker) continue;
      sim::ConfigRecord record;
      record.resource_type = resource.type;
      record.resource_name = resource.name;
      record.name = change.name;
      record.value = next;
      out.records.push_back(desk.versioned(std::move(record)));
    }
  }
  if (request.validate_only) out.records.clear();
  return out;
}

}  // namespace kraft
