#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kraft {

// What java.util.Properties reads from this text: comments by # and !, keys ended by =, : or a blank,
// escapes, lines continued by a backslash; a later key replaces an earlier one. Any text is readable.
std::map<std::string, std::string> parse_java_properties(std::string_view text);

// A key or a value as Properties.store escapes it.
std::string escape_java_property(std::string_view text, bool is_key);

}  // namespace kraft
