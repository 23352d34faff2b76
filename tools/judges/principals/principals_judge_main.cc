#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/security/principal_mapping.h"
#include "tools/judges/peer/peer.h"

// Our side of `tools/conformance principals`: makes rules and names from a seed, applies them, and
// asks Kafka.
//
// What may differ: the words of a refusal; and what `syntax_apart` names, regular expressions that
// Java and ICU read differently, which are counted.
namespace {

using nlohmann::json;
using tools::Draw;

struct Case {
  bool ssl = true;
  std::vector<std::string> rules;  // SSL's are joined by commas
  std::string realm;
  std::vector<std::string> names;
};

// What Java takes and ICU does not, or not in this way: repetitions of nothing, of what has no
// length, of a repetition, possessive ones of a group that can be empty; a bracket as the first of
// a set; flags that are none.
bool syntax_apart(const Case& each) {
  constexpr std::array kNothing{":", "(?i)", "^", "$", "|", "(", "(?:", "(?<n>", "(?=", "\\b"};
  constexpr std::array kApart{"(.*)++", "(.*?)++", "+{2}", "*{2}", "?{2}",
                              "}{2}",   "}+",      "}*",   "[]",   "(?)"};
  return std::ranges::any_of(each.rules, [&](const std::string& rule) {
    std::size_t end = rule.find('/');
    while (end != rule.npos && end > 0 && rule[end - 1] == '\\') end = rule.find('/', end + 1);
    const std::string_view pattern = std::string_view(rule).substr(0, end);
    const auto has = [&](const std::string& piece) { return pattern.find(piece) != pattern.npos; };
    const bool look_ahead = has("(?=") && (has(")+") || has(")*") || has(")?") || has("){2}"));
    return look_ahead || std::ranges::any_of(kApart, has) ||
           std::ranges::any_of(kNothing, [&](const std::string nothing) {
             return has(nothing + "{2}") || has(nothing + "+") || has(nothing + "*");
           });
  });
}

std::string joined(const Case& each) {
  return fmt::format("{}", fmt::join(each.rules, ","));
}

std::string word_of(const std::expected<std::string, sim::MappingFailure>& mapped) {
  if (mapped) return "=" + *mapped;
  using Kind = sim::MappingFailure::Kind;
  switch (mapped.error().kind) {
    case Kind::NoMatchingRule:
      return "NoMatchingRule";
    case Kind::BadFormat:
      return "BadFormat";
    case Kind::BadReplacement:
      return "BadReplacement";
    case Kind::MalformedName:
      return "Malformed";
  }
  return "?";
}

// Nothing if the rules are refused.
using Answers = std::optional<std::vector<std::string>>;

Answers ours(const Case& each) {
  std::vector<std::string> answers;
  if (each.ssl) {
    const auto mapper = sim::SslPrincipalMapper::from_rules(joined(each));
    if (!mapper) return std::nullopt;
    for (const auto& name : each.names) answers.push_back(word_of(mapper->get_name(name)));
    return answers;
  }
  const auto namer = sim::KerberosShortNamer::from_unparsed_rules(each.realm, each.rules);
  if (!namer) return std::nullopt;
  for (const auto& name : each.names) {
    const auto parsed = sim::KerberosName::parse(name);
    answers.push_back(parsed ? word_of(namer->short_name(*parsed))
                             : word_of(std::unexpected(parsed.error())));
  }
  return answers;
}

std::string line_of(const Case& each) {
  json line{{"names", each.names}};
  if (each.ssl)
    line["ssl"] = joined(each);
  else
    line["kerberos"] = each.rules;
  if (!each.ssl) line["realm"] = each.realm;
  return line.dump();
}

Answers theirs(tools::Peer& peer, const Case& each) {
  const json answer = json::parse(peer.ask(line_of(each)));
  if (answer.contains("refused")) return std::nullopt;
  return answer.at("names").get<std::vector<std::string>>();
}

// ── Cases ───────────────────────────────────────────────────────────────────────────────────────

constexpr std::array kPatterns{"^CN=(.*?),OU=(.*?),O=(.*?)$",
                               "^CN=(.*?),.*$",
                               "CN=([^,]+).*",
                               "^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$",
                               "(.*)",
                               ".*",
                               "^CN=(?<name>[a-z]+)(?:,(.*))?$",
                               "([a-z]+)@(.*)",
                               "a*",
                               "(a)|(b)|.*",
                               "(?i)^cn=(\\w+).*",
                               "CN=(\\p{Lu}?\\p{L}*),?.*",
                               "([^@]*)@.*",
                               "[a-z&&[^b]]+.*",
                               "(.*)\\.(.*)"};
constexpr std::array kPieces{
    "a",   "b",      "CN=", ",",     ".",       "(",        ")",    "[",    "]",     "*",
    "+",   "?",      "{2}", "{",     "}",       "|",        "^",    "$",    "\\d",   "\\w+",
    "\\.", "\\\\",   "\\/", "[a-c]", "[^,]",    "(?:",      "(?i)", "(.*)", "(.*?)", "\\Q.\\E",
    "\\b", "\\p{L}", "++",  "=",     " ",       "\xC3\xA9", "&&",   "-",    "(?<n>", "\\s",
    "\\1", "(?=",    "\\h", "\\x41", "\\u0041", "\\y"};
constexpr std::array kReplacements{
    "$1",  "$1@$2",        "$2",    "$0",           "User-$1", "$1@$4", "$4$5",  "${name}", "x",
    "",    "$10",          "$12$3", "\\$1",         "$",       "\\",    "a\\/b", "${1}",    "$1 L",
    "$01", "$99999999999", "${}",   "\xC3\xA9$7$8", "$1,OU=$2"};
constexpr std::array kNames{"CN=alice,OU=it,O=acme",
                            "CN=Bob",
                            "CN=\xC3\x84rger,OU=x",
                            "cn=carol,ou=it",
                            "",
                            "a",
                            "aab",
                            "alice@EXAMPLE.COM",
                            "a.b.c",
                            "CN=app-7.acme.org,O=a",
                            "OU=it,CN=dave,C=DE",
                            "b",
                            "CN=",
                            "CN=I\xC4\xB0\xC3\x9F,O=x"};
constexpr std::array kKerberosNames{"alice@EXAMPLE.COM",
                                    "kafka/broker1.acme.org@EXAMPLE.COM",
                                    "bob",
                                    "App/host@OTHER.REALM",
                                    "@EXAMPLE.COM",
                                    "a/b/c@EXAMPLE.COM",
                                    "a@b@c",
                                    "/h@EXAMPLE.COM",
                                    "kafka/@EXAMPLE.COM",
                                    "x/y",
                                    "ALICE@",
                                    "hdfs/dn7@EXAMPLE.COM",
                                    "alice/admin@EXAMPLE.COM"};
constexpr std::array kFormats{"$1", "$1@$0", "$1/$2@$0", "$2", "$1.$2",        "$3",  "$",
                              "x",  "$1$1",  "",         "$0", "$99999999999", "$1-$"};
constexpr std::array kMatches{
    "", "(.*@EXAMPLE\\.COM)", "(kafka.*)", "([a-z]+)", "(.*)", "(App.*", "([)", "(a|b.*)", "((a))"};
constexpr std::array kSubstitutions{"",
                                    "s/@.*//",
                                    "s/a/b/",
                                    "s/a/b/g",
                                    "s/([a-z]+)@(.*)/$1/",
                                    "s/^(.)/$1$1/",
                                    "s/a/$1/",
                                    "s/a/\\/",
                                    "s/(/x/",
                                    "s/[A-Z]/_/g",
                                    "s/@/-/g",
                                    "s/",
                                    "s/a",
                                    "s/a/b/gg",
                                    "s/-?[0-9]+//"};
constexpr std::array kChanges{"", "", "/L", "/U", "L", "/LU", "/X", "/"};

std::string soup(Draw& draw) {
  std::string text;
  for (std::size_t n = draw.below(7); n > 0; --n) text += draw.of(kPieces);
  return text;
}

std::string ssl_rule(Draw& draw) {
  if (draw.one_in(8)) return "DEFAULT";
  if (draw.one_in(25))
    return draw.of(std::array{"", "default", "RULE:", "RULE:a", "RULE:a/b", "RULE:a/b/LL",
                              "RULE:a/b/l", "DEFAULTX", "RULE:a/b/c/", "\\"});
  const std::string pattern = draw.one_in(4) ? soup(draw) : draw.of(kPatterns);
  return fmt::format("{}RULE:{}/{}/{}{}", draw.one_in(6) ? " \t" : "", pattern,
                     draw.of(kReplacements), draw.of(std::array{"", "", "L", "U"}),
                     draw.one_in(6) ? "  " : "");
}

std::string kerberos_rule(Draw& draw) {
  if (draw.one_in(6)) return "DEFAULT";
  if (draw.one_in(25))
    return draw.of(std::array{"", "RULE:", "RULE:[1]", "RULE:[:$1]", "RULE:[99999999999:$1]",
                              "RULE:[1:$1", "rule:[1:$1]", " DEFAULT"});
  return fmt::format("RULE:[{}:{}]{}{}{}", 1 + draw.below(2), draw.of(kFormats), draw.of(kMatches),
                     draw.of(kSubstitutions), draw.of(kChanges));
}

Case case_of(Draw& draw) {
  Case made{.ssl = !draw.one_in(3), .realm = "EXAMPLE.COM"};
  for (std::size_t n = 1 + draw.below(3); n > 0; --n)
    made.rules.push_back(made.ssl ? ssl_rule(draw) : kerberos_rule(draw));
  for (std::size_t n = 0; n < 6; ++n)
    made.names.push_back(made.ssl ? draw.of(kNames) : draw.of(kKerberosNames));
  if (made.ssl && draw.one_in(4)) made.names.push_back(soup(draw));
  return made;
}

void show(tools::Peer& peer, Case each) {
  const auto differs = [&] { return ours(each) != theirs(peer, each); };
  const auto differs_with = [&](auto Case::* list) {
    return [&each, list, &differs](const auto& rest) {
      const auto kept = std::exchange(each.*list, rest);
      const bool still = differs();
      each.*list = kept;
      return still;
    };
  };
  each.names = tools::smaller(each.names, differs_with(&Case::names));
  each.rules = tools::smaller(each.rules, differs_with(&Case::rules));
  const Answers mine = ours(each);
  fmt::print("DIFFERENT: {}\n  theirs {}\n  ours   {}\n", line_of(each), peer.ask(line_of(each)),
             mine ? fmt::format("{}", fmt::join(*mine, " ")) : "refused");
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) {
    fmt::print(stderr, "principals_judge SEED CASES PEER…\n");
    return 3;
  }
  const std::uint64_t seed = std::stoull(words[1]);
  const std::uint64_t cases = std::stoull(words[2]);
  tools::Peer peer(std::vector<std::string>(words + 3, words + count));
  std::map<std::string, std::uint64_t> outcomes;
  std::uint64_t names = 0;
  std::uint64_t different = 0;
  std::uint64_t apart = 0;
  for (std::uint64_t i = 0; i < cases; ++i) {
    Draw draw(sim::Digest::mix(seed) ^ i);
    const Case each = case_of(draw);
    const Answers said = theirs(peer, each);
    if (said != ours(each)) {
      if (syntax_apart(each))
        ++apart;
      else if (++different <= 12)
        show(peer, each);
      continue;  // and what it said is no agreement
    }
    const std::string kind = each.ssl ? "ssl" : "kerberos";
    if (!said) ++outcomes[kind + " rules refused"];
    for (const auto& answer : said.value_or(std::vector<std::string>{})) {
      ++names;
      ++outcomes[kind + " " + (answer.starts_with('=') ? "mapped" : answer)];
    }
  }
  for (const auto& [outcome, times] : outcomes) fmt::print("  {:<28} {:>8}\n", outcome, times);
  fmt::print(
      "principals: {} sets of rules, {} names on which both agree, {} sets with regular "
      "expressions that Java and ICU read differently, {} disagreements\n",
      cases, names, apart, different);
  if (different > 0) return 1;
  if (!outcomes.contains("ssl mapped") || !outcomes.contains("kerberos mapped") ||
      apart * 100 > cases) {
    fmt::print(
        "principals: nothing was mapped, or more than one set in a hundred was excused, so that "
        "this proves little: more sets\n");
    return 2;
  }
  fmt::print("principals: agreed\n");
  return 0;
}
