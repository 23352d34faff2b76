#include "tools/judges/acls/cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tools/judges/peer/peer.h"

namespace tools {
namespace {

using sim::AclOperation;
using sim::AclPermissionType;
using sim::AclResourceType;
using sim::PatternType;

constexpr std::array kTypes{
    AclResourceType::Topic,   AclResourceType::Topic,           AclResourceType::Group,
    AclResourceType::Cluster, AclResourceType::TransactionalId, AclResourceType::DelegationToken,
    AclResourceType::User};
constexpr std::array kUsers{"alice", "bob", "carol", "CN=app-7,OU=it", "a:b", "", "ANONYMOUS"};
constexpr std::array kHosts{"10.0.0.1", "10.0.0.2", "192.168.7.15", "127.0.0.1", "0:0:0:0:0:0:0:1"};
constexpr std::string_view kStoryLetters = "abcdefghijklm";
constexpr std::array kPrincipalTypes{"User", "User", "User", "User", "Group", "user"};

class Maker {
 public:
  Maker(std::uint64_t seed, std::uint64_t set)
      : draw_(sim::Digest::mix(seed) ^ sim::Digest::mix(set + 1)) {}

  AclCase make() {
    const std::size_t kind = draw_.below(20);
    if (kind < 11) {
      story();
    } else if (kind < 19) {
      few_names();
    } else {
      oddities();
    }
    each_.through_zookeeper = kind < 19 && draw_.one_in(60);
    return std::move(each_);
  }

 private:
  // ── Draws ─────────────────────────────────────────────────────────────────────────────────────

  sim::KafkaPrincipal principal() { return {draw_.of(kPrincipalTypes), draw_.of(kUsers)}; }
  AclOperation operation() { return static_cast<AclOperation>(2 + draw_.below(13)); }
  std::string letters(std::size_t least, std::size_t most, std::string_view alphabet) {
    std::string text;
    for (std::size_t n = least + draw_.below(most - least + 1); n > 0; --n)
      text += draw_.of(alphabet);
    return text;
  }
  void configure(bool super_user, bool allow_everyone) {
    if (super_user)
      each_.super_users = fmt::format("User:root; {} ;", to_string(principal_));
    else if (draw_.one_in(2))
      each_.super_users = "User:root;User:admin";
    if (allow_everyone)
      each_.allow_everyone = draw_.one_in(2) ? "true" : " TRUE ";
    else if (draw_.one_in(2))
      each_.allow_everyone = "false";
  }
  void acl(AclPermissionType permission, AclOperation operation, const std::string& principal,
           PatternType pattern, const std::string& name, const std::string& host = "*") {
    sim::ResourceAcl made{.pattern = {type_, pattern, name},
                          .entry = {.principal = principal,
                                    .host = host,
                                    .operation = operation,
                                    .permission_type = permission}};
    if (std::ranges::find(each_.acls, made) == each_.acls.end())
      each_.acls.push_back(std::move(made));
  }
  void asks(AclOperation operation, const std::string& name, const char* row, const char* expected,
            std::optional<std::string> host = {}) {
    asks({.context = {principal_, host.value_or(draw_.of(kHosts))},
          .operation = operation,
          .type = type_,
          .name = name,
          .row = row,
          .expected = expected});
  }
  // Once of one set: the same question again would count, and tell nothing.
  void asks(AclQuestion question) {
    if (std::ranges::find(each_.questions, question) == each_.questions.end())
      each_.questions.push_back(std::move(question));
  }

  // ── Rows of the truth table ───────────────────────────────────────────────────────────────────

  // A row is told eight times over, of names that begin with other letters from a to m, so that no
  // telling's ACLs are about another's names; names of its surroundings begin with n to z.
  void story() {
    type_ = draw_.of(kTypes);
    principal_ = principal();
    const std::size_t which = draw_.below(16);
    everyone_ = which == 5 || draw_.one_in(2);
    configure(which == 6, everyone_);
    std::string initials(kStoryLetters);
    for (int telling = 0; telling < 8; ++telling) {
      const std::size_t at = draw_.below(initials.size());
      row(which, initials[at] + letters(0, 5, kStoryLetters));
      initials.erase(at, 1);
    }
    const auto type = type_;
    for (std::size_t n = draw_.below(4); n > 0; --n) {
      if (draw_.one_in(2)) type_ = draw_.of(kTypes);
      const bool elsewhere = type_ != type;
      acl(draw_.one_in(3) ? AclPermissionType::Deny : AclPermissionType::Allow, operation(),
          draw_.one_in(3) ? "User:*" : to_string(principal()),
          draw_.one_in(2) ? PatternType::Literal : PatternType::Prefixed,
          elsewhere && draw_.one_in(3) ? "*" : letters(1, 4, "nopqrstuvwxyz"));
    }
    type_ = type;
  }

  void row(std::size_t which, const std::string& name) {
    using enum AclOperation;
    constexpr auto Allow = AclPermissionType::Allow;
    constexpr auto Deny = AclPermissionType::Deny;
    constexpr auto Literal = PatternType::Literal;
    constexpr auto Prefixed = PatternType::Prefixed;
    const auto either = [&] { return draw_.one_in(2) ? Literal : Prefixed; };
    const std::string me = to_string(principal_);
    const std::string mine_or_all = draw_.one_in(3) ? "User:*" : me;
    switch (which) {
      case 0:
        asks(operation(), name, everyone_ ? "1e" : "1", everyone_ ? "ALLOWED" : "DENIED");
        asks(operation(), name + "b", everyone_ ? "1e" : "1", everyone_ ? "ALLOWED" : "DENIED");
        return;
      case 1:
        acl(Allow, Read, me, Literal, name);
        asks(Read, name, "2r", "ALLOWED");
        asks(Describe, name, "2d", "ALLOWED");
        asks(Write, name, "2w", "DENIED");
        asks(DescribeConfigs, name, "i-ac", "DENIED");
        return;
      case 2:
        acl(Allow, Read, me, either(), name);
        acl(Deny, Read, mine_or_all, either(), name);
        asks(Read, name, "3", "DENIED");
        return;
      case 3:
        acl(Allow, All, me, Prefixed, name);
        acl(Deny, Write, "User:*", Literal, name + "b");
        asks(Write, name + "b", "4d", "DENIED");
        asks(Write, name + "c" + letters(0, 3, "abc"), "4a", "ALLOWED");
        return;
      case 4:
        acl(Deny, Read, me, either(), name);
        for (int n = 0; n < 2; ++n) asks(Describe, name, everyone_ ? "5e" : "5", "DENIED");
        return;
      case 5:
        acl(Allow, Read, "User:somebody-else", either(), name);
        asks(Read, name, "6", "DENIED");
        return;
      case 6:
        acl(Deny, All, "User:*", Literal, "*");
        asks(operation(), name, "7", "ALLOWED");
        return;
      case 7:
        acl(Allow, Write, mine_or_all, Literal, name, "10.0.0.1");
        asks(Write, name, "8d", "DENIED", "10.0.0.2");
        asks(Write, name, "8a", "ALLOWED", "10.0.0.1");
        return;
      case 8:
        acl(Allow, Alter, mine_or_all, Literal, name);
        asks(AlterConfigs, name, "9d", "DENIED");
        asks(Describe, name, "9a", "ALLOWED");
        return;
      case 9:
        acl(Allow, AlterConfigs, mine_or_all, Literal, name);
        asks(DescribeConfigs, name, "10a", "ALLOWED");
        asks(Describe, name, "10d", "DENIED");
        return;
      case 10:
        acl(Allow, Read, me, Literal, "*");
        acl(Deny, All, mine_or_all, Prefixed, name + "b");
        asks(Read, name + "b" + letters(0, 4, "abc"), "11d", "DENIED");
        asks(Read, name + "c", "11a", "ALLOWED");
        return;
      case 11:
        acl(Allow, All, mine_or_all, Prefixed, "*");
        for (int n = 0; n < 2; ++n)
          asks(operation(), name, everyone_ ? "12e" : "12", everyone_ ? "ALLOWED" : "DENIED");
        return;
      case 12:
        acl(Allow, Write, me, Literal, name);
        asks(Describe, name, "i-w", "ALLOWED");
        return;
      case 13:
        acl(Allow, Delete, me, Prefixed, name);
        asks(Describe, name + letters(0, 3, "abc"), "i-de", "ALLOWED");
        return;
      case 14: {
        const AclOperation granted = operation();
        acl(Allow, granted, "User:*", Literal, name);
        asks(granted, name, "u", "ALLOWED");
        return;
      }
      default:
        acl(Allow, All, me, Literal, draw_.one_in(2) ? name : "*");
        asks(operation(), name, "all", "ALLOWED");
    }
  }

  // ── Random ────────────────────────────────────────────────────────────────────────────────────

  std::string few(std::string_view alphabet) {
    return draw_.one_in(6) ? "*" : letters(1, 4, alphabet);
  }

  void draw_acls(std::size_t most, const auto& name, bool odd) {
    for (std::size_t n = draw_.below(most); n > 0; --n) {
      type_ = only_type_.value_or(draw_.of(kTypes));
      acl(odd && draw_.one_in(8) ? AclPermissionType::Unknown
          : draw_.one_in(3)      ? AclPermissionType::Deny
                                 : AclPermissionType::Allow,
          draw_.one_in(4) ? AclOperation::All : operation(),
          odd && draw_.one_in(20) ? "nobody"
          : draw_.one_in(3)       ? "User:*"
                                  : to_string(principal()),
          odd && draw_.one_in(12) ? PatternType::Unknown
          : draw_.one_in(2)       ? PatternType::Literal
                                  : PatternType::Prefixed,
          name(), draw_.one_in(3) ? draw_.of(kHosts) : "*");
    }
  }

  void draw_questions(std::size_t count, const auto& name) {
    for (; count > 0; --count) {
      AclQuestion question{.context = {principal(), draw_.of(kHosts)},
                           .operation = operation(),
                           .type = only_type_.value_or(draw_.of(kTypes))};
      if (!draw_.one_in(6)) question.name = name();
      asks(std::move(question));
    }
  }

  void few_names() {
    principal_ = principal();
    configure(draw_.one_in(8), draw_.one_in(3));
    draw_acls(24, [&] { return few("ab"); }, false);
    draw_questions(24, [&] { return letters(1, 5, "ab"); });
  }

  void oddities() {
    principal_ = principal();
    configure(draw_.one_in(6), draw_.one_in(3));
    switch (draw_.below(8)) {
      case 0:  // not loaded yet
        each_.loaded = false;
        draw_acls(8, [&] { return few("ab"); }, false);
        draw_questions(12, [&] { return few("ab"); });
        return;
      case 1: {  // settings that one of the two refuses
        constexpr std::array kSupers{
            "User:a;;User:b",     "alice", ";User:a", " ", ";", "User:a;User:", ":",
            "User:x:y;User:alice"};
        constexpr std::array kAllows{"yes", "", "1", "True", "false", "\ttrue\t"};
        each_.super_users = draw_.of(kSupers);
        if (draw_.one_in(2)) each_.allow_everyone = draw_.of(kAllows);
        draw_acls(6, [&] { return few("ab"); }, false);
        draw_questions(12, [&] { return few("ab"); });
        each_.questions.back().context.principal = {"User:x",
                                                    "y"};  // as text the same as User with name x:y
        return;
      }
      case 2:  // names of other scripts, beyond and below the surrogates
        draw_acls(
            16,
            [&] {
              return few_of(
                  {"\u00e9", "\u4e2d", "\uffee", "\U0001F600", "\U0001F601", "\U0001F9FF", "a"});
            },
            false);
        draw_questions(20, [&] {
          return few_of(
              {"\u00e9", "\u4e2d", "\uffee", "\U0001F600", "\U0001F601", "\U0001F9FF", "a"});
        });
        return;
      case 3:  // names that begin with the wildcard
        only_type_ = draw_.of(kTypes);
        draw_acls(16, [&] { return few("*a"); }, false);
        draw_questions(20, [&] { return letters(1, 4, "*a"); });
        return;
      case 4:  // names before the wildcard: StandardAuthorizer may go round for ever
        only_type_ = draw_.of(kTypes);
        draw_acls(5, [&] { return few("$!a"); }, false);
        draw_questions(draw_.one_in(3) ? 3 : 1, [&] { return letters(1, 3, "$!a"); });
        return;
      case 5:  // a filter where an operation, or a type, should be
        draw_acls(8, [&] { return few("ab"); }, false);
        draw_questions(12, [&] { return few("ab"); });
        for (AclQuestion& question : each_.questions) {
          if (draw_.one_in(3)) question.operation = static_cast<AclOperation>(draw_.below(2));
          if (!question.name && draw_.one_in(3))
            question.type = static_cast<AclResourceType>(draw_.below(2));
        }
        return;
      case 6:  // what a znode with unknown words becomes, and what only records can say
        draw_acls(10, [&] { return few("ab"); }, true);
        draw_questions(16, [&] { return few("ab"); });
        return;
      default:  // a resource without a name, and one that is asked for by a name of Kafka's choice
        draw_acls(
            12,
            [&] { return draw_.one_in(3) ? std::string("hardcode", draw_.below(9)) : few("ab"); },
            false);
        draw_questions(16, [&] {
          return draw_.one_in(3) ? std::string("hardcode", draw_.below(9)) : std::string();
        });
    }
  }

  std::string few_of(std::initializer_list<std::string_view> pieces) {
    std::string text;
    for (std::size_t n = 1 + draw_.below(3); n > 0; --n)
      text += pieces.begin()[draw_.below(pieces.size())];
    return text;
  }

  Draw draw_;
  AclCase each_;
  sim::KafkaPrincipal principal_;
  AclResourceType type_ = AclResourceType::Topic;
  bool everyone_ = false;                     // allow.everyone.if.no.acl.found, in a story
  std::optional<AclResourceType> only_type_;  // of random ACLs and questions
};

}  // namespace

AclCase make_case(std::uint64_t seed, std::uint64_t set) {
  return Maker(seed, set).make();
}

}  // namespace tools
