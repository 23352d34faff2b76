#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kafka/ids.h"
#include "zk/znodes.h"

// Both ways between JSON text and values, with the manners of Kafka's own helpers (kafka.utils.Json
// over Jackson). For the sources of zk/znodes.h alone.
namespace zk {

// The document, or nothing where Jackson throws JsonProcessingException. Text without any token is
// a document that is no object; text after an object, an array or a string is ignored; the last of
// equal keys counts. Half of a surrogate pair reads as "?": that is what Java writes for it.
std::optional<nlohmann::json> parse_json(std::string_view text);

// Reads members of an object as JsonValue.to[T] does: strictly by type, no conversions. The first
// failure is remembered, later reads give neutral values; ask `complaint` at the end.
class JsonFields {
 public:
  explicit JsonFields(const nlohmann::json& object, std::string where = {});

  // Null if absent; never complains.
  const nlohmann::json* find(std::string_view key) const;

  std::int32_t i32(std::string_view key);
  std::int64_t i64(std::string_view key);
  std::string text(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::vector<sim::BrokerId> brokers(std::string_view key);
  // The array, or an empty one after complaining.
  const nlohmann::json& array(std::string_view key);

  // Values as such, with `key` for the complaint.
  std::int32_t as_i32(const nlohmann::json& value, std::string_view key);
  std::vector<sim::BrokerId> as_brokers(const nlohmann::json& value, std::string_view key);
  std::string as_text(const nlohmann::json& value, std::string_view key);

  void complain(std::string what);
  const std::optional<std::string>& complaint() const { return complaint_; }

 private:
  const nlohmann::json* require(std::string_view key);
  const nlohmann::json& object_;
  std::string where_;
  std::optional<std::string> complaint_;
};

inline std::unexpected<Unreadable> not_json() {
  return std::unexpected(Unreadable{"it is no JSON", true});
}
inline std::unexpected<Unreadable> unreadable(std::string why) {
  return std::unexpected(Unreadable{std::move(why), true});
}

// Decimal digits with an optional sign, the whole text, in range: Integer.parseInt and
// Long.parseLong.
std::optional<std::int32_t> parse_i32(std::string_view text);
std::optional<std::int64_t> parse_i64(std::string_view text);

// Writes JSON as Jackson does: no blanks, non-ASCII as it is, control characters as \uXXXX in
// capitals. Keys come out in the order of the calls.
class JsonWriter {
 public:
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& null();
  JsonWriter& brokers(const std::vector<sim::BrokerId>& ids);
  JsonWriter& texts(const std::vector<std::string>& values);
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  std::string take() { return std::move(out_); }

 private:
  void separate();
  std::string out_;
};

}  // namespace zk
