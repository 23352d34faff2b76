#include "sim/kafka/security/java_regex.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "sim/base/check.h"

namespace sim {
namespace {

icu::UnicodeString from_utf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string bytes;
  text.toUTF8String(bytes);
  return bytes;
}

bool digit(char16_t c) {
  return c >= u'0' && c <= u'9';
}
bool letter_or_digit(char16_t c) {
  return digit(c) || (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z');
}

// Matcher.appendExpandedReplacement, for the match that the matcher stands at.
class Replacement {
 public:
  Replacement(const icu::UnicodeString& text, const icu::RegexMatcher& matcher)
      : text_(text), matcher_(matcher) {}

  std::expected<icu::UnicodeString, std::string> expanded() {
    icu::UnicodeString result;
    while (at_ < text_.length()) {
      const char16_t c = text_.charAt(at_++);
      if (c == u'\\') {
        if (at_ == text_.length()) return std::unexpected("character to be escaped is missing");
        result.append(text_.charAt(at_++));
      } else if (c == u'$') {
        const auto number = group_number();
        if (!number) return std::unexpected(number.error());
        UErrorCode status = U_ZERO_ERROR;
        result.append(matcher_.group(*number, status));  // empty if it took no part in the match
        check(U_SUCCESS(status) != 0, "the group is one of the pattern's");
      } else {
        result.append(c);
      }
    }
    return result;
  }

 private:
  std::expected<std::int32_t, std::string> group_number() {
    if (at_ == text_.length())
      return std::unexpected("Illegal group reference: group index is missing");
    if (text_.charAt(at_) == u'{') return named_group();
    if (!digit(text_.charAt(at_))) return std::unexpected("Illegal group reference");
    // The first digit counts whatever it is; more as long as there is such a group.
    std::int32_t number = text_.charAt(at_++) - u'0';
    if (number > matcher_.groupCount()) return std::unexpected(fmt::format("No group {}", number));
    while (at_ < text_.length() && digit(text_.charAt(at_))) {
      const std::int32_t longer = number * 10 + (text_.charAt(at_) - u'0');
      if (longer > matcher_.groupCount()) break;
      number = longer;
      ++at_;
    }
    return number;
  }

  std::expected<std::int32_t, std::string> named_group() {
    icu::UnicodeString name;
    for (++at_; at_ < text_.length() && letter_or_digit(text_.charAt(at_)); ++at_)
      name.append(text_.charAt(at_));
    if (name.isEmpty()) return std::unexpected("named capturing group is missing trailing '}'");
    if (at_ == text_.length() || text_.charAt(at_) != u'}') {
      return std::unexpected("named capturing group is missing trailing '}'");
    }
    if (digit(name.charAt(0)))
      return std::unexpected("capturing group name starts with digit character");
    ++at_;
    UErrorCode status = U_ZERO_ERROR;
    const std::int32_t number = matcher_.pattern().groupNumberFromName(name, status);
    if (U_FAILURE(status) != 0)
      return std::unexpected(fmt::format("No group with name {{{}}}", to_utf8(name)));
    return number;
  }

  const icu::UnicodeString& text_;
  const icu::RegexMatcher& matcher_;
  std::int32_t at_ = 0;
};

// ── Syntax ──────────────────────────────────────────────────────────────────────────────────────

// The same regular expression as ICU writes it, where the two differ in what is short for what.
class Syntax {
 public:
  explicit Syntax(std::string_view java) : left_(java) {}

  std::expected<std::string, std::string> to_icu() {
    const std::int32_t groups = count_groups(left_);
    while (!left_.empty()) {
      if (left_.starts_with("\\Q")) {
        take(std::min(left_.find("\\E", 2), left_.size()));
        if (!left_.empty())
          take(2);
        else
          icu_ += "\\E";
      } else if (left_.front() == '\\') {
        if (auto done = escape(groups); !done) return std::unexpected(done.error());
      } else {
        plain();
      }
    }
    return std::move(icu_);
  }

 private:
  void take(std::size_t count) {
    icu_ += left_.substr(0, count);
    left_.remove_prefix(count);
  }
  void put(std::string_view icu, std::size_t instead_of) {
    icu_ += icu;
    left_.remove_prefix(instead_of);
  }

  void plain() {
    const char c = left_.front();
    if (c == '[') ++sets_;
    if (c == ']' && sets_ == 0) return put("\\]", 1);  // by itself to Java
    if (c == ']') --sets_;
    if (c == '{' && sets_ == 0) braces_ = true;
    if (c == '}' && sets_ == 0 && !std::exchange(braces_, false)) return put("\\}", 1);
    take(1);
  }

  std::expected<void, std::string> escape(std::int32_t groups) {
    const char c = left_.size() > 1 ? left_[1] : ' ';
    // What is no letter is meant literally. Letters have a meaning or are an error, and some have
    // one outside of sets alone.
    const std::string_view illegal =
        sets_ > 0 ? "ABCEFGIJKLMORTUXYZbgijklmoqyz123456789" : "CEFIJKLMOTUYgijlmoqy";
    if (illegal.find(c) != std::string_view::npos) {
      return std::unexpected(fmt::format("Illegal/unsupported escape sequence \\{}", c));
    }
    switch (c) {
      // Of ASCII alone to Java, and what ICU has for them is of Unicode.
      case 'd':
        put("[0-9]", 2);
        break;
      case 'D':
        put("[^0-9]", 2);
        break;
      case 'w':
        put("[a-zA-Z_0-9]", 2);
        break;
      case 'W':
        put("[^a-zA-Z_0-9]", 2);
        break;
      case 's':
        put("[ \\t\\n\\x0B\\f\\r]", 2);
        break;
      case 'S':
        put("[^ \\t\\n\\x0B\\f\\r]", 2);
        break;
      case 'b':
        put("(?:\\b)", 2);
        break;  // Java lets it be repeated
      default:
        // A group that is not there never matches, to Java.
        if (c >= '1' && c <= '9' && c - '0' > groups) {
          put("(?:(?!))", 2);
        } else {
          if (left_.size() > 2 && left_[2] == '{') braces_ = true;  // \\x{41}, \\p{L}: to be closed
          take(std::min<std::size_t>(left_.size(), 2));
        }
    }
    return {};
  }

  static std::int32_t count_groups(std::string_view java) {
    std::int32_t groups = 0;
    std::int32_t sets = 0;
    for (std::size_t at = 0; at < java.size(); ++at) {
      if (java.substr(at, 2) == "\\Q")
        at = std::min(java.find("\\E", at), java.size());
      else if (java[at] == '\\')
        ++at;
      else if (java[at] == '[')
        ++sets;
      else if (java[at] == ']' && sets > 0)
        --sets;
      else if (java[at] == '(' && sets == 0 && opens_group(java.substr(at + 1)))
        ++groups;
    }
    return groups;
  }
  static bool opens_group(std::string_view behind) {
    if (!behind.starts_with('?')) return true;
    return behind.starts_with("?<") && !behind.starts_with("?<=") && !behind.starts_with("?<!");
  }

  std::string_view left_;
  std::string icu_;
  std::int32_t sets_ = 0;  // open brackets
  bool braces_ = false;    // an open brace
};

JavaPattern::Groups groups_of(const icu::RegexMatcher& matcher) {
  JavaPattern::Groups groups;
  for (std::int32_t i = 0; i <= matcher.groupCount(); ++i) {
    UErrorCode status = U_ZERO_ERROR;
    const bool took_part = matcher.start(i, status) >= 0;
    groups.push_back(took_part ? std::optional(to_utf8(matcher.group(i, status))) : std::nullopt);
  }
  return groups;
}

}  // namespace

struct JavaPattern::Compiled {
  std::unique_ptr<const icu::RegexPattern> pattern;
  std::int32_t groups = 0;

  // The matcher refers to the text.
  std::unique_ptr<icu::RegexMatcher> matcher(const icu::UnicodeString& text) const {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::RegexMatcher> made(pattern->matcher(text, status));
    check(U_SUCCESS(status) != 0, "a pattern that was compiled can be matched");
    return made;
  }
};

std::expected<JavaPattern, std::string> JavaPattern::compile(std::string_view regex) {
  const auto translated = Syntax(regex).to_icu();
  if (!translated)
    return std::unexpected(
        fmt::format("'{}' is no regular expression: {}", regex, translated.error()));
  UErrorCode status = U_ZERO_ERROR;
  UParseError where{};
  auto compiled = std::make_shared<Compiled>();
  compiled->pattern.reset(icu::RegexPattern::compile(from_utf8(*translated), where, status));
  if (U_FAILURE(status) != 0) {
    return std::unexpected(fmt::format("'{}' is no regular expression: {} near its character {}",
                                       regex, u_errorName(status), where.offset));
  }
  compiled->groups = compiled->matcher(icu::UnicodeString())->groupCount();
  return JavaPattern(std::move(compiled));
}

bool JavaPattern::matches(std::string_view text) const {
  const icu::UnicodeString subject = from_utf8(text);
  UErrorCode status = U_ZERO_ERROR;
  const bool matched = compiled_->matcher(subject)->matches(status) != 0;
  // Simplified: a search that needs more memory than ICU allows it finds nothing. Java overflows
  // its stack.
  return U_SUCCESS(status) != 0 && matched;
}

std::vector<JavaPattern::Groups> JavaPattern::find_all(std::string_view text) const {
  const icu::UnicodeString subject = from_utf8(text);
  const auto matcher = compiled_->matcher(subject);
  std::vector<Groups> found;
  UErrorCode status = U_ZERO_ERROR;
  while (matcher->find(status) != 0 && U_SUCCESS(status) != 0) found.push_back(groups_of(*matcher));
  return found;
}

std::optional<JavaPattern::Groups> JavaPattern::looking_at(std::string_view text) const {
  const icu::UnicodeString subject = from_utf8(text);
  const auto matcher = compiled_->matcher(subject);
  UErrorCode status = U_ZERO_ERROR;
  if (matcher->lookingAt(status) == 0 || U_FAILURE(status) != 0) return std::nullopt;
  return groups_of(*matcher);
}

std::int32_t JavaPattern::group_count() const {
  return compiled_->groups;
}

std::expected<std::string, std::string> JavaPattern::replace(std::string_view text,
                                                             std::string_view replacement,
                                                             bool repeat) const {
  const icu::UnicodeString subject = from_utf8(text);
  const icu::UnicodeString by = from_utf8(replacement);
  const auto matcher = compiled_->matcher(subject);
  icu::UnicodeString result;
  std::int32_t copied = 0;
  UErrorCode status = U_ZERO_ERROR;
  while (matcher->find(status) != 0 && U_SUCCESS(status) != 0) {
    result.append(subject, copied, matcher->start(status) - copied);
    auto expanded = Replacement(by, *matcher).expanded();
    if (!expanded) return std::unexpected(expanded.error());
    result.append(*expanded);
    copied = matcher->end(status);
    if (!repeat) break;
  }
  result.append(subject, copied, subject.length() - copied);
  return to_utf8(result);
}

std::expected<std::string, std::string> JavaPattern::replace_all(
    std::string_view text, std::string_view replacement) const {
  return replace(text, replacement, true);
}

std::expected<std::string, std::string> JavaPattern::replace_first(
    std::string_view text, std::string_view replacement) const {
  return replace(text, replacement, false);
}

std::string java_lower(std::string_view text) {
  return to_utf8(from_utf8(text).toLower(icu::Locale::getEnglish()));
}
std::string java_upper(std::string_view text) {
  return to_utf8(from_utf8(text).toUpper(icu::Locale::getEnglish()));
}

}  // namespace sim
