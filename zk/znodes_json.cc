#include "zk/znodes_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

#include "sim/base/utf8.h"

namespace zk {
namespace {

const nlohmann::json& empty_array() {
  static const nlohmann::json array = nlohmann::json::array();
  return array;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  T value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (text.empty() || error != std::errc{} || end != last) return std::nullopt;
  return value;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// Whether Jackson lets the text go on after a number or word that is the whole document: "1 x" and
// "null,", but not "1x" nor "nullable".
bool ends_scalar(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.empty() || text.front() == '{' || text.front() == '[' || text.front() == '"')
    return true;
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text.starts_with(word))
      return text.size() == word.size() || !is_letter_or_digit(text[word.size()]);
  }
  const std::size_t end = text.find_first_not_of("0123456789+-.eE");
  return end == std::string_view::npos || is_blank(text[end]);
}

// Two things that Jackson reads and our library does not, written so that it does: half of a
// surrogate pair as an escape, which becomes a question mark as soon as Java encodes the text, and
// numbers beyond the range of doubles, which are no 32- or 64-bit numbers in either writing.
class JacksonText {
 public:
  explicit JacksonText(std::string_view text) : text_(text) {}

  std::string normalized() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (in_string_ && c == '\\') {
        escape();
      } else if (!in_string_ && (c == '-' || (c >= '0' && c <= '9'))) {
        number();
      } else {
        if (c == '"') in_string_ = !in_string_;
        copy(1);
      }
    }
    return std::move(out_);
  }

 private:
  void copy(std::size_t count) {
    out_ += text_.substr(at_, count);
    at_ += count;
  }
  // The unit of a \uXXXX that begins here.
  std::optional<unsigned> unit(std::size_t at) const {
    if (at + 6 > text_.size() || !text_.substr(at).starts_with("\\u")) return std::nullopt;
    unsigned value = 0;
    const char* const first = text_.data() + at + 2;
    const auto [end, error] = std::from_chars(first, first + 4, value, 16);
    return error == std::errc{} && end == first + 4 ? std::optional(value) : std::nullopt;
  }
  void escape() {
    const auto first = unit(at_);
    if (!first) {
      copy(2);
    } else if (*first < 0xD800 || *first > 0xDFFF) {
      copy(6);
    } else if (const auto second = unit(at_ + 6);
               *first < 0xDC00 && second && *second >= 0xDC00 && *second <= 0xDFFF) {
      copy(12);
    } else {
      out_ += '?';
      at_ += 6;
    }
  }
  void number() {
    const std::size_t end = std::min(text_.find_first_not_of("0123456789+-.eE", at_), text_.size());
    const std::string_view token = text_.substr(at_, end - at_);
    if (!nlohmann::json::accept(token) && nlohmann::json::accept(small(token))) {
      out_ += "0.5";
      at_ = end;
    } else {
      copy(token.size());
    }
  }
  // The token with no more than two digits in a row: well-formed if the token is, and small.
  static std::string small(std::string_view token) {
    std::string result;
    int digits = 0;
    for (const char c : token) {
      digits = c >= '0' && c <= '9' ? digits + 1 : 0;
      if (digits <= 2) result += c;
    }
    return result;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_string_ = false;
  std::string out_;
};

// The first document of a text that goes on after it.
std::optional<nlohmann::json> parse_prefix(const std::string& text) {
  if (!ends_scalar(text)) return std::nullopt;
  std::istringstream stream{text};
  try {
    nlohmann::json document;
    stream >> document;
    return document;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<nlohmann::json> parse_json(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return nlohmann::json();
  nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_discarded()) return document;
  const std::string normalized = JacksonText(text).normalized();
  document = nlohmann::json::parse(normalized, nullptr, false);
  if (!document.is_discarded()) return document;
  return parse_prefix(normalized);
}

JsonFields::JsonFields(const nlohmann::json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) complain("it is no JSON object");
}

const nlohmann::json* JsonFields::find(std::string_view key) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(std::string(key));
  return found == object_.end() ? nullptr : &*found;
}

const nlohmann::json* JsonFields::require(std::string_view key) {
  const nlohmann::json* const value = find(key);
  if (value == nullptr) complain(fmt::format("the field '{}' is missing", key));
  return value;
}

void JsonFields::complain(std::string what) {
  if (!complaint_)
    complaint_ = where_.empty() ? std::move(what) : fmt::format("{} in {}", what, where_);
}

std::int32_t JsonFields::as_i32(const nlohmann::json& value, std::string_view key) {
  if (value.is_number_integer()) {
    const bool fits =
        value.is_number_unsigned()
            ? value.get<std::uint64_t>() <= std::numeric_limits<std::int32_t>::max()
            : value.get<std::int64_t>() >= std::numeric_limits<std::int32_t>::min() &&
                  value.get<std::int64_t>() <= std::numeric_limits<std::int32_t>::max();
    if (fits) return value.get<std::int32_t>();
  }
  complain(fmt::format("the field '{}' is no 32-bit number", key));
  return 0;
}

std::vector<sim::BrokerId> JsonFields::as_brokers(const nlohmann::json& value,
                                                  std::string_view key) {
  std::vector<sim::BrokerId> ids;
  if (!value.is_array()) {
    complain(fmt::format("the field '{}' is no array", key));
    return ids;
  }
  ids.reserve(value.size());
  for (const nlohmann::json& element : value) ids.emplace_back(as_i32(element, key));
  return ids;
}

std::string JsonFields::as_text(const nlohmann::json& value, std::string_view key) {
  if (value.is_string()) return value.get<std::string>();
  complain(fmt::format("the field '{}' is no text", key));
  return {};
}

std::int32_t JsonFields::i32(std::string_view key) {
  const nlohmann::json* const value = require(key);
  return value == nullptr ? 0 : as_i32(*value, key);
}

std::int64_t JsonFields::i64(std::string_view key) {
  const nlohmann::json* const value = require(key);
  if (value == nullptr) return 0;
  const bool beyond = value->is_number_unsigned() &&
                      value->get<std::uint64_t>() >
                          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value->is_number_integer() && !beyond) return value->get<std::int64_t>();
  complain(fmt::format("the field '{}' is no 64-bit number", key));
  return 0;
}

std::string JsonFields::text(std::string_view key) {
  const nlohmann::json* const value = require(key);
  return value == nullptr ? std::string() : as_text(*value, key);
}

const nlohmann::json& JsonFields::array(std::string_view key) {
  const nlohmann::json* const value = require(key);
  if (value == nullptr) return empty_array();
  if (value->is_array()) return *value;
  complain(fmt::format("the field '{}' is no array", key));
  return empty_array();
}

std::vector<std::string> JsonFields::texts(std::string_view key) {
  std::vector<std::string> values;
  for (const nlohmann::json& element : array(key)) values.push_back(as_text(element, key));
  return values;
}

std::vector<sim::BrokerId> JsonFields::brokers(std::string_view key) {
  return as_brokers(array(key), key);
}

std::optional<std::int32_t> parse_i32(std::string_view text) {
  return parse_number<std::int32_t>(text);
}
std::optional<std::int64_t> parse_i64(std::string_view text) {
  return parse_number<std::int64_t>(text);
}

void JsonWriter::separate() {
  if (out_.empty()) return;
  const char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_ += ',';
}

JsonWriter& JsonWriter::key(std::string_view name) {
  text(name);
  out_ += ':';
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  out_ += '"';
  for (std::size_t i = 0; i < value.size();) {
    const char c = value[i];
    const std::size_t length = sim::utf8_sequence(value.substr(i));
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view kNamed = "\b\t\n\f\r";
      constexpr std::string_view kLetters = "btnfr";
      const std::size_t named = kNamed.find(c);
      if (named != std::string_view::npos) {
        out_ += '\\';
        out_ += kLetters[named];
      } else {
        out_ += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      }
    } else if (length == 0) {
      out_ += "\xEF\xBF\xBD";
    } else {
      out_.append(value.substr(i, length));
    }
    i += length == 0 ? 1 : length;
  }
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  separate();
  out_ += fmt::format_int(value).c_str();
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::brokers(const std::vector<sim::BrokerId>& ids) {
  begin('[');
  for (const sim::BrokerId id : ids) number(id.value());
  return end(']');
}

JsonWriter& JsonWriter::texts(const std::vector<std::string>& values) {
  begin('[');
  for (const std::string& value : values) text(value);
  return end(']');
}

JsonWriter& JsonWriter::begin(char bracket) {
  separate();
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
  out_ += bracket;
  return *this;
}

}  // namespace zk
