#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sim/kafka/disk/batch_bytes.h"

// What `kafka-dump-log` knows of any batch and record, as JSON under the names that tool prints
// (kraft.md §6.11). Whoever knows what the records say goes on from there.
namespace sim {

template <class... Args>
void put(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

// The text as a JSON string, with its quotes.
std::string json_text(std::string_view text);

// {"kind":"batch","baseOffset":…,…,"isvalid":true}
std::string batch_line(const BatchHeader& header, std::uint64_t position, bool crc_valid);

struct RecordFrame {
  Offset offset;
  std::int64_t timestamp = 0;
  std::int32_t key_size = -1;
  std::int32_t value_size = -1;
  std::span<const std::string> header_keys = {};
};
// {"kind":"record","offset":…,…,"headerKeys":[] without the closing brace.
std::string record_line_start(const BatchHeader& header, const RecordFrame& record);

}  // namespace sim
