#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

// A place in a value that Kafka replaces before it reads the value, if a provider of this name is
// configured (org.apache.kafka.common.config.ConfigTransformer): ${env:NAME}, ${file:/path:key}.
struct ConfigReference {
  std::string provider;             // "env", "file", "dir", "vault"
  std::optional<std::string> path;  // absent in ${provider:key}
  std::string key;
  std::size_t begin = 0;  // of the reference in the value
  std::size_t end = 0;
  bool operator==(const ConfigReference&) const = default;
};
// All references in a value, from left to right, as ConfigTransformer finds them.
std::vector<ConfigReference> references_in(std::string_view value);

}  // namespace migrate
