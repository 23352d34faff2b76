#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/base/properties.h"

// The front of a .properties file as one element: between the reader and the edits of
// PropertiesFile.
namespace sim {

// The first element of the text, which must not be empty: as in PropertiesFile, with line 1. A
// Problem has the number of line ends before the place as its line.
Expected<PropertiesFile::Element> first_element(std::string_view bytes);

// What may stand between key and value, beside blanks.
constexpr bool is_separator(char c) {
  return c == '=' || c == ':';
}

// "\r\n" is one end of a line; so are "\r" and "\n". Requires one of them at the position.
std::size_t line_end_length(std::string_view text, std::size_t at);
std::uint32_t count_lines(std::string_view text);
// The line end that closes the text, or nothing.
std::string_view line_end_of(std::string_view text);

}  // namespace sim
