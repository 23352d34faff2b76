#include "migrate/render/edit.h"

#include <algorithm>

#include "migrate/config/definitions.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

using Element = sim::PropertiesFile::Element;
using Kind = sim::PropertiesFile::Kind;

bool is_mark(const Element& element) {
  return element.kind == Kind::Comment && trimmed(element.text) == kAddedMark;
}

std::string_view end_of_lines(const sim::PropertiesFile& file) {
  for (const Element& element : file.elements()) {
    if (element.text.ends_with("\r\n")) return "\r\n";
    if (element.text.ends_with('\n')) return "\n";
  }
  return "\n";
}

sim::PropertiesFile parsed_again(const std::string& text, const std::string& source) {
  auto file = sim::PropertiesFile::parse(text, source);
  sim::check(file.has_value(), "an edit of a properties file leaves one that can be read");
  return *std::move(file);
}

}  // namespace

bool FileEdit::is_added(std::string_view key) const {
  const Element* const entry = file_.find(key);
  if (entry == nullptr) return false;
  auto at = static_cast<std::size_t>(entry - file_.elements().data());
  while (at > 0 && file_.elements()[at].kind == Kind::Entry) --at;
  return is_mark(file_.elements()[at]);
}

void FileEdit::set(std::string_view key, std::string_view value, std::string_view why) {
  const auto before = file_.get(key);
  if (before == value) return;
  file_.set(key, value);
  if (!before) added_.emplace_back(key);
  changes_.push_back({std::string(key), before, std::string(value), why});
}

void FileEdit::remove(std::string_view key, std::string_view why) {
  const auto before = file_.get(key);
  if (!before) return;
  file_.remove(key);
  std::erase(added_, key);
  changes_.push_back({std::string(key), before, std::nullopt, why});
}

void FileEdit::rename(std::string_view from, std::string_view to, std::string_view why) {
  const Element* const entry = file_.find(from);
  if (entry == nullptr) return;
  if (file_.find(to) != nullptr) return remove(from, why);
  const std::string value = entry->value;
  std::string text;
  for (const Element& element : file_.elements()) {
    if (element.kind != Kind::Entry || element.key != from)
      text += element.text;
    else if (&element == entry)
      text += element.text.substr(0, element.begin) + sim::escaped_key(to) +
              element.text.substr(element.key_end);
  }
  file_ = parsed_again(text, file_.source());
  std::ranges::replace(added_, std::string(from), std::string(to));
  changes_.push_back({std::string(from), value, std::nullopt, why});
  changes_.push_back({std::string(to), std::nullopt, value, why});
}

sim::PropertiesFile FileEdit::finished() const {
  const std::string mark = std::string(kAddedMark) + std::string(end_of_lines(file_));
  const auto& elements = file_.elements();
  std::string text;
  bool below_mark = false;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const Element& element = elements[i];
    const bool heads_nothing = i + 1 == elements.size() || elements[i + 1].kind != Kind::Entry;
    if (is_mark(element) && (heads_nothing || below_mark)) continue;
    if (element.kind == Kind::Entry && !below_mark &&
        std::ranges::find(added_, element.key) != added_.end()) {
      text += mark;
      below_mark = true;
    }
    if (element.kind != Kind::Entry) below_mark = is_mark(element);
    text += element.text;
  }
  return parsed_again(text, file_.source());
}

}  // namespace migrate
