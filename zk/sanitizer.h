#pragma once

#include <optional>
#include <string>
#include <string_view>

// Names that may hold anything (users, clients, addresses, token principals) as znode names
// (org.apache.kafka.common.utils.Sanitizer, zookeeper.md §5.7).
namespace zk {

// The name of the entity that stands for "all that have no own": never encoded.
inline constexpr std::string_view kDefaultEntity = "<default>";

// Java's URLEncoder over UTF-8 with '*' as %2A and blank as %20: letters, digits, '.', '-' and '_'
// stay.
std::string sanitize(std::string_view name);

// The inverse, as lenient as Java's URLDecoder: '+' is a blank, %XX a byte, anything else itself.
// Nothing when a '%' is not followed by two hexadecimal digits (Java throws); bytes that are no
// UTF-8 become U+FFFD.
std::optional<std::string> desanitize(std::string_view sanitized);

}  // namespace zk
