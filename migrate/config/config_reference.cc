#include "migrate/config/config_reference.h"

#include <utility>

namespace migrate {

// The pattern is \$\{([^}]*?):(([^}]*?):)?([^}]*?)\}: a provider up to the first colon, a path up
// to the second if there is one, the rest is the key.
std::vector<ConfigReference> references_in(std::string_view value) {
  std::vector<ConfigReference> references;
  for (std::size_t at = value.find("${"); at != std::string_view::npos;) {
    const std::size_t close_at = value.find('}', at);
    if (close_at == std::string_view::npos) break;
    const std::string_view inside = value.substr(at + 2, close_at - at - 2);
    const std::size_t colon = inside.find(':');
    if (colon == std::string_view::npos) {
      at = value.find("${", at + 2);
      continue;
    }
    ConfigReference reference{.provider = std::string(inside.substr(0, colon)),
                              .path = std::nullopt,
                              .key = std::string(inside.substr(colon + 1)),
                              .begin = at,
                              .end = close_at + 1};
    if (const std::size_t second = reference.key.find(':'); second != std::string::npos) {
      reference.path = reference.key.substr(0, second);
      reference.key.erase(0, second + 1);
    }
    references.push_back(std::move(reference));
    at = value.find("${", close_at + 1);
  }
  return references;
}

}  // namespace migrate
