#include "sim/base/properties.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/base/properties_scan.h"
#include "sim/base/utf8.h"

namespace sim {

Expected<PropertiesFile> PropertiesFile::parse(std::string_view bytes, std::string source) {
  PropertiesFile file(std::move(source));
  std::uint32_t line = 1;
  while (!bytes.empty()) {
    auto element = first_element(bytes);
    if (!element) {
      Problem problem = std::move(element).error();
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
      const std::size_t length = utf8_sequence(std::string_view(element.text).substr(i));
      well_formed = length > 0;
      beyond_ascii = beyond_ascii || length > 1;
      i += length;
    }
    if (beyond_ascii && well_formed) lines.push_back(element.line);
  }
  return lines;
}

}  // namespace sim
