#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/bytes.h"
#include "sim/kafka/record_wire.h"
#include "sim/kafka/records.h"

// Records as Kafka's generated JSON converters show them, and so kafka-dump-log: names in camel
// case, ids in base64url, bytes in base64, all numbers as numbers, tagged fields left out when they
// hold their default, fields that the version lacks left out (kraft.md §6.11). Driven by the table
// of fields.
namespace sim {

// "TOPIC_RECORD", "ZK_MIGRATION_STATE_RECORD": Kafka's MetadataRecordType.
std::string metadata_record_type(std::string_view record_name);

// {"name":"foo","topicId":"ABEiM0RVZneImaq7zN3u_w"}
void append_json(std::string& out, const Record& record, std::int16_t version);
// {"type":"TOPIC_RECORD","version":0,"data":{…}}
std::string to_json(const VersionedRecord& versioned);

namespace json_detail {
void append_string(std::string& out, std::string_view text);
void append_base64(std::string& out, ByteView bytes);
void append_quota(std::string& out, QuotaValue value);

template <class T>
void append_value(std::string& out, const T& value, std::int16_t version);
}  // namespace json_detail

template <WireStruct T>
void append_json_struct(std::string& out, const T& value, std::int16_t version) {
  const T& defaults = wire_detail::defaults_of<T>();
  out += '{';
  bool first = true;
  const auto member = [&](const auto& f) {
    if (!in_version(f, version)) return;
    if (f.tag != kNoTag && value.*(f.member) == defaults.*(f.member)) return;
    if (!first) out += ',';
    first = false;
    json_detail::append_string(out, f.name);
    out += ':';
    json_detail::append_value(out, value.*(f.member), version);
  };
  T::fields([&](const auto&... f) { (member(f), ...); });
  out += '}';
}

template <class T>
void json_detail::append_value(std::string& out, const T& value, std::int16_t version) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (wire_detail::WireNumber<T>) {
    out += std::to_string(wire_detail::as_integer(value));
  } else if constexpr (std::same_as<T, std::string>) {
    append_string(out, value);
  } else if constexpr (std::same_as<T, Bytes>) {
    append_base64(out, value);
  } else if constexpr (std::same_as<T, Uuid>) {
    append_string(out, value.describe());
  } else if constexpr (std::same_as<T, QuotaValue>) {
    append_quota(out, value);
  } else if constexpr (IsOptional<T>::value) {
    if (value) {
      append_value(out, *value, version);
    } else {
      out += "null";
    }
  } else if constexpr (wire_detail::IsVector<T>::value) {
    out += '[';
    std::string_view separator;
    for (const auto& element : value) {
      out += separator;
      append_value(out, element, version);
      separator = ",";
    }
    out += ']';
  } else {
    append_json_struct(out, value, version);
  }
}

}  // namespace sim
