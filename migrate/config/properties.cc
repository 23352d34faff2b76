#include "migrate/config/properties.h"

#include <algorithm>
#include <set>
#include <utility>

#include "migrate/config/properties_scan.h"
#include "zk/utf8.h"

namespace migrate {

sim::Expected<PropertiesFile> PropertiesFile::parse(std::string_view bytes, std::string source) {
  PropertiesFile file(std::move(source));
  std::uint32_t line = 1;
  while (!bytes.empty()) {
    auto element = first_element(bytes);
    if (!element) {
      sim::Problem problem = std::move(element).error();
      problem.place = {.source = file.source_, .line = line + problem.place.line.value_or(0)};
      return std::unexpected(std::move(problem));
    }
    bytes.remove_prefix(element->text.size());
    line += count_lines(element->text);
    file.elements_.push_back(*std::move(element));
  }
  file.number_lines();
  return file;
}

void PropertiesFile::number_lines() {
  std::uint32_t line = 1;
  for (Element& element : elements_) {
    const std::string_view text = element.text;
    element.line = line + count_lines(text.substr(0, element.begin));
    line += count_lines(text);
  }
}

std::string PropertiesFile::text() const {
  std::string text;
  for (const Element& element : elements_) text += element.text;
  return text;
}

const PropertiesFile::Element* PropertiesFile::find(std::string_view key) const {
  for (auto at = elements_.rbegin(); at != elements_.rend(); ++at) {
    if (at->kind == Kind::Entry && at->key == key) return &*at;
  }
  return nullptr;
}

std::optional<std::string> PropertiesFile::get(std::string_view key) const {
  const Element* entry = find(key);
  return entry == nullptr ? std::nullopt : std::optional(entry->value);
}

std::vector<std::string> PropertiesFile::keys() const {
  std::set<std::string> keys;
  for (const Element& element : elements_) {
    if (element.kind == Kind::Entry) keys.insert(element.key);
  }
  return {keys.begin(), keys.end()};
}

std::vector<const PropertiesFile::Element*> PropertiesFile::overridden() const {
  std::vector<const Element*> overridden;
  std::set<std::string_view> seen;
  for (auto at = elements_.rbegin(); at != elements_.rend(); ++at) {
    if (at->kind == Kind::Entry && !seen.insert(at->key).second) overridden.push_back(&*at);
  }
  std::ranges::reverse(overridden);
  return overridden;
}

std::vector<std::uint32_t> PropertiesFile::written_as_utf8() const {
  std::vector<std::uint32_t> lines;
  for (const Element& element : elements_) {
    if (element.kind != Kind::Entry) continue;
    bool beyond_ascii = false;
    bool well_formed = true;
    for (std::size_t i = 0; i < element.text.size() && well_formed;) {
      const std::size_t length = zk::utf8_sequence(std::string_view(element.text).substr(i));
      well_formed = length > 0;
      beyond_ascii = beyond_ascii || length > 1;
      i += length;
    }
    if (beyond_ascii && well_formed) lines.push_back(element.line);
  }
  return lines;
}

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
