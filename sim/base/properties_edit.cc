#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/properties.h"
#include "sim/base/properties_scan.h"
#include "sim/base/utf8.h"

// Edits of a .properties file, each keeping everything else byte for byte.
namespace sim {
namespace {

using Element = PropertiesFile::Element;
using Kind = PropertiesFile::Kind;

enum class Part : std::uint8_t {
  Key,
  Value,
  StoredValue,  // as Properties.store escapes it
};

bool needs_backslash(char c, Part part, bool leading) {
  const bool comments = c == '#' || c == '!';
  switch (part) {
    case Part::Key:
      return c == ' ' || is_separator(c) || (leading && comments);
    case Part::Value:
      return leading && (c == ' ' || is_separator(c));
    case Part::StoredValue:
      return is_separator(c) || comments || (leading && c == ' ');
  }
  unreachable("a text is a key or a value");
}

std::string escaped(std::string_view text, Part part) {
  std::string out;
  bool leading = true;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = std::max<std::size_t>(utf8_sequence(text.substr(i)), 1);
    const char c = text[i];
    if (length > 1 || static_cast<unsigned char>(c) >= 0x7F) {
      char32_t point = length == 1 ? 0xFFFDU : static_cast<unsigned char>(c) & (0x7FU >> length);
      for (std::size_t k = 1; k < length; ++k)
        point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
      if (length == 1 && c == '\x7F') point = 0x7F;
      if (point >= 0x10000) {
        out += fmt::format("\\u{:04X}", 0xD800U + static_cast<unsigned>((point - 0x10000) >> 10));
        point = 0xDC00U + ((point - 0x10000) & 0x3FFU);
      }
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(point));
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\f') {
      out += "\\f";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      if (needs_backslash(c, part, leading)) out += '\\';
      out += c;
    }
    leading = false;
    i += length;
  }
  return out;
}

// An entry that says this, its line end with it.
Element new_entry(std::string text) {
  auto element = first_element(text);
  check(element && element->kind == Kind::Entry && element->text == text,
        "an entry that was escaped is an entry");
  return *std::move(element);
}

// What follows the element must begin a line of its own. The last line of a file may have no end,
// or be continued into nothing.
void close(Element& element, std::string_view end) {
  const auto closed = [](const Element& each) {
    return each.kind == Kind::Entry ? each.value_end < each.text.size()
                                    : !line_end_of(each.text).empty();
  };
  if (closed(element)) return;
  const std::size_t last = element.text.find_last_not_of('\\');  // npos + 1 is 0
  std::string text = element.text;
  if (element.kind == Kind::Entry && (text.size() - (last + 1)) % 2 == 1) text.pop_back();
  text += end;
  auto again = first_element(text);
  const bool same = again && again->kind == element.kind && again->key == element.key &&
                    again->value == element.value && closed(*again);
  // As with a backslash alone, which is an empty key only where the file ends.
  element = same ? *std::move(again)
                 : new_entry(fmt::format("{}={}{}", escaped_key(element.key),
                                         escaped_value(element.value), end));
}

// The same lines, each a comment.
std::vector<Element> commented(std::string_view text) {
  std::vector<Element> comments;
  while (!text.empty()) {
    std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    if (end < text.size()) end += line_end_length(text, end);
    const bool blank = text.find_first_not_of(" \t\f\r\n") >= end;
    const std::string line = (blank ? "" : "#") + std::string(text.substr(0, end));
    if (auto element = first_element(line)) comments.push_back(*std::move(element));
    text.remove_prefix(end);
  }
  return comments;
}

}  // namespace

std::string_view PropertiesFile::line_end() const {
  for (const Element& element : elements_) {
    if (const std::string_view end = line_end_of(element.text); !end.empty()) return end;
  }
  return "\n";
}

void PropertiesFile::set(std::string_view key, std::string_view value) {
  const std::string raw = escaped_value(value);
  const std::string canonical = fmt::format("{}={}", escaped_key(key), raw);
  if (const Element* entry = find(key); entry != nullptr) {
    if (entry->value == value) return;
    Element& place = elements_[static_cast<std::size_t>(entry - elements_.data())];
    const std::string_view end = line_end_of(std::string_view(place.text).substr(place.value_end));
    const std::string in_place = place.text.substr(0, place.value_begin) + raw + std::string(end);
    // A key that nothing separates from its value, or a backslash left hanging: write it anew.
    auto edited = first_element(in_place);
    const bool right = edited && edited->kind == Kind::Entry && edited->key == key &&
                       edited->value == value && edited->text == in_place;
    place = right ? *std::move(edited) : new_entry(canonical + std::string(end));
  } else {
    const std::string_view end = line_end();
    if (!elements_.empty()) close(elements_.back(), end);
    elements_.push_back(new_entry(canonical + std::string(end)));
  }
  number_lines();
}

bool PropertiesFile::remove(std::string_view key) {
  const auto gone = std::erase_if(elements_, [&](const Element& element) {
    return element.kind == Kind::Entry && element.key == key;
  });
  number_lines();
  return gone > 0;
}

bool PropertiesFile::comment_out(std::string_view key) {
  std::vector<Element> kept;
  bool found = false;
  for (Element& element : elements_) {
    if (element.kind == Kind::Entry && element.key == key) {
      found = true;
      for (Element& comment : commented(element.text)) kept.push_back(std::move(comment));
    } else {
      kept.push_back(std::move(element));
    }
  }
  elements_ = std::move(kept);
  number_lines();
  return found;
}

std::string escaped_key(std::string_view key) {
  return escaped(key, Part::Key);
}
std::string escaped_value(std::string_view value) {
  return escaped(value, Part::Value);
}
std::string stored_value(std::string_view value) {
  return escaped(value, Part::StoredValue);
}

}  // namespace sim
