#include "sim/kafka/application/dead_letter.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

// Names of the headers that tell the origin, by style.
struct OriginHeaders {
  HeaderStyle style;
  std::string_view topic;
  std::string_view partition;
  std::string_view offset;
};
constexpr OriginHeaders kOriginHeaders[] = {
    {HeaderStyle::Plain, "dlq.original.topic", "dlq.original.partition", "dlq.original.offset"},
    {HeaderStyle::Connect, "__connect.errors.topic", "__connect.errors.partition",
     "__connect.errors.offset"},
    {HeaderStyle::Spring, "kafka_dlt-original-topic", "kafka_dlt-original-partition",
     "kafka_dlt-original-offset"}};

// What a stack trace weighs, at least: it is the header that makes a letter too large.
constexpr std::size_t kStackTrace = 2'000;

}  // namespace

std::string describe_partition(const TopicPartition& id) {
  return fmt::format("{}-{}", id.topic, id.partition.value());
}

std::size_t DeadLetter::wire_bytes() const {
  std::size_t size = key.size() + value.size() + padding;
  for (const auto& [name, content] : headers) {
    size += name.size() + content.size();
    if (name.ends_with("stacktrace")) size += kStackTrace;
  }
  return size;
}

std::vector<std::pair<std::string, std::string>> headers_of(HeaderStyle style,
                                                            const RecordOrigin& origin,
                                                            const Failure& failure,
                                                            std::string_view group) {
  std::vector<std::pair<std::string, std::string>> headers;
  const auto known = std::ranges::find(kOriginHeaders, style, &OriginHeaders::style);
  if (known == std::end(kOriginHeaders)) return headers;
  headers.emplace_back(known->topic, origin.topic_partition.topic);
  headers.emplace_back(known->partition, fmt::to_string(origin.topic_partition.partition.value()));
  headers.emplace_back(known->offset, fmt::to_string(origin.offset.value()));
  switch (style) {
    case HeaderStyle::None:
      break;
    case HeaderStyle::Plain:
      headers.emplace_back("dlq.original.leader.epoch",
                           fmt::to_string(origin.leader_epoch.value()));
      headers.emplace_back("dlq.consumer.group", group);
      headers.emplace_back("dlq.error.stage", failure.stage);
      headers.emplace_back("dlq.error.exception", failure.exception);
      headers.emplace_back("dlq.error.message", failure.message);
      break;
    case HeaderStyle::Connect:
      headers.emplace_back("__connect.errors.connector.name", group);
      headers.emplace_back("__connect.errors.task.id", "0");
      headers.emplace_back("__connect.errors.stage", failure.stage);
      headers.emplace_back("__connect.errors.exception.class.name", failure.exception);
      headers.emplace_back("__connect.errors.exception.message", failure.message);
      headers.emplace_back("__connect.errors.exception.stacktrace", failure.exception);
      break;
    case HeaderStyle::Spring:
      headers.emplace_back("kafka_dlt-original-consumer-group", group);
      headers.emplace_back("kafka_dlt-exception-fqcn", failure.exception);
      headers.emplace_back("kafka_dlt-exception-message", failure.message);
      headers.emplace_back("kafka_dlt-exception-stacktrace", failure.exception);
      break;
  }
  return headers;
}

bool name_origin(const std::vector<std::pair<std::string, std::string>>& headers,
                 const RecordOrigin& origin) {
  const auto says = [&](std::string_view name, const std::string& content) {
    return std::ranges::any_of(headers, [&](const auto& header) {
      return header.first == name && header.second == content;
    });
  };
  return std::ranges::any_of(kOriginHeaders, [&](const OriginHeaders& names) {
    return says(names.topic, origin.topic_partition.topic) &&
           says(names.partition, fmt::to_string(origin.topic_partition.partition.value())) &&
           says(names.offset, fmt::to_string(origin.offset.value()));
  });
}

}  // namespace sim
