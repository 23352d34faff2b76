#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// java.util.regex as far as the mapping rules of principals use it. The engine is ICU's, whose
// syntax and search are modelled on Java's (sets with "&&", possessive quantifiers, named groups,
// look-behind); what is short for something else is written out as Java means it, and replacements
// follow Java's own rules.
// Simplified: "(?i)" ignores case beyond ASCII, "." also stops at vertical tab and form feed, and
// repetitions of what has no length are refused; scenarios/FIDELITY.md says all.
namespace sim {

class JavaPattern {
 public:
  // An error is a PatternSyntaxException, in ICU's words.
  static std::expected<JavaPattern, std::string> compile(std::string_view regex);

  // Matcher.matches: all of the text, not a part of it.
  bool matches(std::string_view text) const;
  // What each group took of a match, group 0 the whole; nothing for one that took no part.
  using Groups = std::vector<std::optional<std::string>>;
  // Each match that Matcher.find comes to, in turn.
  std::vector<Groups> find_all(std::string_view text) const;
  // Matcher.lookingAt: a match at the front.
  std::optional<Groups> looking_at(std::string_view text) const;
  // Matcher.groupCount
  std::int32_t group_count() const;
  // Matcher.replaceAll, replaceFirst. An error is what Java throws about the replacement: a
  // reference to a group that is not there, or a "\" or "$" with nothing that it could mean; only
  // thrown if there is something to replace.
  std::expected<std::string, std::string> replace_all(std::string_view text,
                                                      std::string_view replacement) const;
  std::expected<std::string, std::string> replace_first(std::string_view text,
                                                        std::string_view replacement) const;

 private:
  struct Compiled;
  explicit JavaPattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::expected<std::string, std::string> replace(std::string_view text,
                                                  std::string_view replacement, bool repeat) const;

  std::shared_ptr<const Compiled> compiled_;
};

// String.toLowerCase and toUpperCase of Locale.ENGLISH.
std::string java_lower(std::string_view text);
std::string java_upper(std::string_view text);

}  // namespace sim
