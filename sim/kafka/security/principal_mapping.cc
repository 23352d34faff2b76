#include "sim/kafka/security/principal_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/utf8.h"
#include "sim/kafka/security/acl.h"

namespace sim {
namespace {

using Kind = MappingFailure::Kind;

std::unexpected<MappingFailure> failure(Kind kind, std::string what) {
  return std::unexpected(MappingFailure{kind, std::move(what)});
}

std::string changed(std::string name, char change) {
  if (change == 'L') return java_lower(name);
  if (change == 'U') return java_upper(name);
  return name;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Integer.parseInt of digits.
std::optional<std::int32_t> number_in(std::string_view digits) {
  std::int32_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || read.ec != std::errc()) return std::nullopt;
  return number;
}

JavaPattern grammar(std::string_view regex) {
  auto pattern = JavaPattern::compile(regex);
  check(pattern.has_value(), "the grammar of rules is a regular expression");
  return *std::move(pattern);
}

// The rule, if it is nothing but what the grammar takes of it.
std::optional<JavaPattern::Groups> parsed(const JavaPattern& grammar, std::string_view rule) {
  auto groups = grammar.looking_at(rule);
  if (groups && groups->front() != rule) groups.reset();
  return groups;
}

// ── SSL ─────────────────────────────────────────────────────────────────────────────────────────

// Up to a slash without a backslash before it. Written out, because Java's and ICU's "." and "\\s"
// are not the same.
constexpr std::string_view kAny = "[^\n\r\\u0085\\u2028\\u2029]";
constexpr std::string_view kBlanks = "[ \\t\\n\\x0B\\f\\r]*";

// DEFAULT (group 1), RULE:pattern/replacement/change (2, 3, 4), or anything, which is an error
// unless it is nothing.
std::string ssl_rule() {
  const std::string escaped = fmt::format("((?:\\\\{}|[^\\\\/])*)", kAny);
  return fmt::format("(DEFAULT)|RULE:{0}/{0}/([LU]?){1}*?|{1}*?", escaped, kAny);
}

// A comma inside of a pattern or replacement separates nothing, one behind them does.
std::vector<std::string> split_rules(std::string_view text) {
  static const JavaPattern kSplitter =
      grammar(fmt::format("{0}({1}){0}(?:,{0}|$)", kBlanks, ssl_rule()));
  std::vector<std::string> rules;
  for (const auto& match : kSplitter.find_all(java_trim(text)))
    rules.push_back(match.at(1).value());
  return rules;
}

// Where the character begins that holds this UTF-16 unit.
std::size_t byte_of_unit(std::string_view text, std::size_t unit) {
  std::size_t at = 0;
  while (at < text.size() &&
         java_length(text.substr(0, at + utf8_sequence(text.substr(at)))) <= unit) {
    at += utf8_sequence(text.substr(at));
  }
  return at;
}

// Rule.escapeLiteralBackReferences: a $n beyond the pattern's groups is meant literally. Kafka puts
// each backslash where it would belong without those before it, so of two such references the
// second may stay one.
std::expected<std::string, MappingFailure> escape_literal_back_references(
    std::string_view unescaped, std::int32_t groups) {
  std::string value(unescaped);
  if (groups == 0) return value;
  for (std::size_t at = unescaped.find('$'); at != unescaped.npos;
       at = unescaped.find('$', at + 1)) {
    const std::string_view behind = unescaped.substr(at + 1);
    const auto digits = behind.substr(
        0, static_cast<std::size_t>(std::ranges::find_if_not(behind, is_digit) - behind.begin()));
    if (digits.empty() || digits.front() == '0') continue;
    auto index = number_in(digits);
    if (!index)
      return failure(Kind::BadReplacement, fmt::format("For input string: \"{}\"", digits));
    while (*index > groups && *index >= 10) *index /= 10;
    if (*index > groups)
      value.insert(byte_of_unit(value, java_length(unescaped.substr(0, at))), 1, '\\');
  }
  return value;
}

}  // namespace

std::expected<SslPrincipalMapper, std::string> SslPrincipalMapper::from_rules(
    std::optional<std::string_view> rules) {
  static const JavaPattern kRule = grammar(ssl_rule());
  SslPrincipalMapper mapper;
  for (const std::string& rule : split_rules(rules.value_or("DEFAULT"))) {
    const auto parts = parsed(kRule, rule);
    if (!parts) {
      return std::unexpected(fmt::format(
          "Invalid rule: `{}`; a rule is DEFAULT or RULE:pattern/replacement/[LU]", rule));
    }
    if (parts->at(1)) {
      mapper.rules_.emplace_back(Default{});
    } else if (parts->at(2)) {
      auto pattern = JavaPattern::compile(*parts->at(2));
      if (!pattern) return std::unexpected(pattern.error());
      const std::string change = parts->at(4).value_or("");
      mapper.rules_.emplace_back(
          Rule{*std::move(pattern), *parts->at(3), change.empty() ? ' ' : change.front()});
    }
  }
  return mapper;
}

std::expected<std::string, MappingFailure> SslPrincipalMapper::get_name(
    std::string_view distinguished_name) const {
  for (const auto& any : rules_) {
    const Rule* const rule = std::get_if<Rule>(&any);
    if (rule == nullptr) return std::string(distinguished_name);
    if (!rule->pattern.matches(distinguished_name)) continue;
    const auto replacement =
        escape_literal_back_references(rule->replacement, rule->pattern.group_count());
    if (!replacement) return std::unexpected(replacement.error());
    // Every match within the name is replaced, not the one of the whole name: ".*" matches once
    // more at its end.
    auto name = rule->pattern.replace_all(distinguished_name, *replacement);
    if (!name) return failure(Kind::BadReplacement, std::move(name.error()));
    return changed(*std::move(name), rule->change);
  }
  return failure(Kind::NoMatchingRule, fmt::format("No rules apply to {}", distinguished_name));
}

// ── Kerberos ────────────────────────────────────────────────────────────────────────────────────

std::expected<KerberosName, MappingFailure> KerberosName::parse(std::string_view principal) {
  const std::size_t at = principal.find('@');
  if (at == principal.npos) return KerberosName{.service_name = std::string(principal)};
  const std::string_view before = principal.substr(0, at);
  const std::string_view realm = principal.substr(at + 1);
  const std::size_t slash = before.find('/');
  const std::string_view host = slash == before.npos ? "" : before.substr(slash + 1);
  if (realm.find_first_of("/@") != realm.npos || host.find('/') != host.npos) {
    return failure(Kind::MalformedName, fmt::format("Malformed Kerberos name: {}", principal));
  }
  KerberosName name{.service_name = std::string(before.substr(0, slash)),
                    .realm = std::string(realm)};
  if (slash != before.npos) name.host_name = host;
  return name;
}

std::expected<KerberosShortNamer, std::string> KerberosShortNamer::from_unparsed_rules(
    std::string default_realm, const std::vector<std::string>& rules) {
  KerberosShortNamer namer;
  namer.default_realm_ = std::move(default_realm);
  for (const std::string& rule : rules) {
    auto parsed = parse(rule);
    if (!parsed) return std::unexpected(parsed.error());
    namer.rules_.push_back(*std::move(parsed));
  }
  return namer;
}

std::expected<KerberosShortNamer::AnyRule, std::string> KerberosShortNamer::parse(
    std::string_view rule) {
  // Groups: 1 DEFAULT; 2 components, 3 format, 4 match, 5 from, 6 to, 7 g, 8 change.
  static const JavaPattern kRule = grammar(
      "(DEFAULT)|RULE:\\[([0-9]*):([^\\]]*)\\](?:\\(([^)]*)\\))?(?:s/([^/]*)/([^/]*)/(g)?)?/"
      "?([LU])?");
  const auto parts = parsed(kRule, rule);
  if (!parts) {
    return std::unexpected(fmt::format(
        "Invalid rule: `{}`; a rule is DEFAULT or RULE:[n:format](match)s/from/to/g/L", rule));
  }
  if (parts->at(1)) return AnyRule(Default{});
  const auto components = number_in(*parts->at(2));
  if (!components) {
    return std::unexpected(
        fmt::format("Invalid rule: `{}`; '{}' is no number of components", rule, *parts->at(2)));
  }
  Rule made{.components = *components, .format = *parts->at(3)};
  for (const auto& [text, pattern] :
       {std::pair(parts->at(4), &made.match), std::pair(parts->at(5), &made.from)}) {
    if (!text) continue;
    auto compiled = JavaPattern::compile(*text);
    if (!compiled) return std::unexpected(compiled.error());
    *pattern = *std::move(compiled);
  }
  made.to = parts->at(6).value_or("");
  made.repeat = parts->at(7).has_value();
  if (parts->at(8)) made.change = parts->at(8)->front();
  return AnyRule(std::move(made));
}

namespace {

// KerberosRule.replaceParameters: $0 is the realm, $1 the service, $2 the host.
std::expected<std::string, MappingFailure> replace_parameters(
    std::string_view format, const std::vector<std::string>& params) {
  std::string result;
  while (!format.empty()) {
    const std::size_t dollar = std::min(format.find('$'), format.size());
    result += format.substr(0, dollar);
    format.remove_prefix(dollar);
    if (format.empty()) break;
    format.remove_prefix(1);
    const auto digits = format.substr(
        0, static_cast<std::size_t>(std::ranges::find_if_not(format, is_digit) - format.begin()));
    format.remove_prefix(digits.size());
    const auto number = number_in(digits);
    if (!number)
      return failure(Kind::BadFormat, fmt::format("bad format in username mapping in {}", digits));
    if (*number >= static_cast<std::int32_t>(params.size())) {
      return failure(Kind::BadFormat, fmt::format("index {} is outside of the valid range 0 to {}",
                                                  *number, params.size() - 1));
    }
    result += params[static_cast<std::size_t>(*number)];
  }
  return result;
}

}  // namespace

KerberosShortNamer::Applied KerberosShortNamer::apply(
    const AnyRule& any, const std::vector<std::string>& params) const {
  const Rule* const rule = std::get_if<Rule>(&any);
  std::string name;
  if (rule == nullptr) {
    if (default_realm_ != params[0]) return std::nullopt;
    name = params[1];
  } else {
    if (static_cast<std::int32_t>(params.size()) - 1 != rule->components) return std::nullopt;
    const auto base = replace_parameters(rule->format, params);
    if (!base) return std::unexpected(base.error());
    if (rule->match && !rule->match->matches(*base)) return std::nullopt;
    name = *base;
    if (rule->from) {
      auto replaced = rule->repeat ? rule->from->replace_all(*base, rule->to)
                                   : rule->from->replace_first(*base, rule->to);
      if (!replaced) return failure(Kind::BadReplacement, std::move(replaced.error()));
      name = *std::move(replaced);
    }
  }
  // Later rules are not tried then.
  if (name.find_first_of("/@") != std::string::npos) {
    return failure(Kind::NoMatchingRule,
                   fmt::format("Non-simple name {} after auth_to_local rule", name));
  }
  return changed(std::move(name), rule == nullptr ? ' ' : rule->change);
}

std::expected<std::string, MappingFailure> KerberosShortNamer::short_name(
    const KerberosName& name) const {
  if (!name.host_name && !name.realm) return name.service_name;  // it is simple already
  std::vector<std::string> params{name.realm.value_or(""), name.service_name};
  if (name.host_name) params.push_back(*name.host_name);
  for (const AnyRule& rule : rules_) {
    auto result = apply(rule, params);
    if (!result) return std::unexpected(result.error());
    if (*result) return **std::move(result);
  }
  return failure(Kind::NoMatchingRule,
                 fmt::format("No rules apply to {}@{}", name.service_name, params[0]));
}

}  // namespace sim
