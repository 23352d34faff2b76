#include "tools/zk2kraft/access_report.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sim/base/match.h"
#include "sim/kafka/security/acl_authorizer.h"
#include "sim/kafka/security/standard_authorizer.h"
#include "zk/acl_store.h"

namespace tools {
namespace {

using sim::AclOperation;
using sim::AclResourceType;

// Matches the ACLs for all hosts, and no other.
constexpr std::string_view kNoNamedHost = "*";

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
  });
  return result;
}

// The enumerator of this name, "READ" or "read", past UNKNOWN and ANY; and all names, for who does
// not know them.
template <class Enum>
std::optional<Enum> named(std::string_view word, Enum last) {
  for (int code = 2; code <= static_cast<int>(last); ++code) {
    if (sim::name_of(static_cast<Enum>(code)) == upper(word)) return static_cast<Enum>(code);
  }
  return std::nullopt;
}
template <class Enum>
std::string names_to(Enum last) {
  std::string names;
  for (int code = 2; code <= static_cast<int>(last); ++code) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", sim::name_of(static_cast<Enum>(code)));
  }
  return names;
}

// As InetAddress.getHostAddress prints it, which is what an ACL's host is compared with.
std::optional<std::string> as_java_prints(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return host;
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1) return std::nullopt;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    text += fmt::format("{}{:x}", i == 0 ? "" : ":", bytes[i] << 8 | bytes[i + 1]);
  }
  return text;
}

// "READ:TOPIC:orders"
sim::Expected<sim::Action> action_from(const std::string& text) {
  const std::size_t first = text.find(':');
  const std::size_t second = first == text.npos ? text.npos : text.find(':', first + 1);
  if (second == text.npos) {
    return std::unexpected(
        usage(fmt::format("--can {} is not of the form OPERATION:TYPE:NAME", text),
              "Write READ:TOPIC:orders, for instance."));
  }
  const auto operation = named(text.substr(0, first), AclOperation::DescribeTokens);
  if (!operation) {
    return std::unexpected(
        usage(fmt::format("'{}' is no operation", text.substr(0, first)),
              fmt::format("There are: {}.", names_to(AclOperation::DescribeTokens))));
  }
  const auto type = named(text.substr(first + 1, second - first - 1), AclResourceType::User);
  if (!type) {
    return std::unexpected(
        usage(fmt::format("'{}' is no resource type", text.substr(first + 1, second - first - 1)),
              fmt::format("There are: {}.", names_to(AclResourceType::User))));
  }
  return sim::Action{.operation = *operation,
                     .resource = {.resource_type = *type, .name = text.substr(second + 1)}};
}

// ── Both authorizers ────────────────────────────────────────────────────────────────────────────

struct Said {
  std::string outcome;
  std::string why;
};

Said said(const sim::Authorization& authorization) {
  using enum sim::AuthorizationOutcome;
  Said said{.outcome = std::string(sim::name_of(authorization.outcome)), .why = {}};
  switch (authorization.rule) {
    case sim::AuthorizationRule::SuperUser:
      said.why = "a super user";
      break;
    case sim::AuthorizationRule::NoAcls:
      said.why = "no ACL is about this resource";
      break;
    case sim::AuthorizationRule::NoMatch:
      said.why = "ACLs are about this resource, and none allows it";
      break;
    case sim::AuthorizationRule::None:
      break;
    case sim::AuthorizationRule::MatchingAcl: {
      const auto& [pattern, entry] = *authorization.acl;
      said.why = fmt::format("{} {} to {} from {} on {} {} '{}'",
                             sim::name_of(entry.permission_type), sim::name_of(entry.operation),
                             entry.principal, entry.host, sim::name_of(pattern.resource_type),
                             sim::name_of(pattern.pattern_type), pattern.name);
    }
  }
  if (authorization.outcome == Throws) said.why = std::string(authorization.exception);
  if (authorization.outcome == NeverReturns) {
    said.why =
        "StandardAuthorizer of 3.9 goes round for ever, and the request handler's thread is lost";
  }
  return said;
}

Said by_acl_authorizer(const AccessQuestion& question, const OpenSource& source,
                       const sim::MetadataImage& image) {
  auto config = sim::AclAuthorizer::configure(question.super_users, question.allow_everyone);
  if (!config) return {"NOT_STARTED", config.error()};
  const auto ask = [&](const sim::AclAuthorizer& authorizer) {
    return said(authorizer.authorize(question.context, question.action));
  };
  return sim::match(
      source,
      [&](const ZooKeeperSource& zookeeper) {
        const auto authorizer =
            zk::acl_authorizer(zookeeper.database.tree, zookeeper.root, *config);
        if (!authorizer)
          return Said{"NOT_STARTED",
                      fmt::format("{}: {}", authorizer.error().path, authorizer.error().why)};
        return ask(*authorizer);
      },
      [&](const MetadataSource&) { return ask(zk::acl_authorizer(image.acls(), *config)); });
}

Said by_standard_authorizer(const AccessQuestion& question, const sim::MetadataImage& image) {
  auto config = sim::StandardAuthorizer::configure(question.super_users, question.allow_everyone);
  if (!config) return {"NOT_STARTED", config.error()};
  const auto authorizer = sim::StandardAuthorizer::of(*std::move(config), image.acls());
  if (!authorizer) return {"NOT_STARTED", authorizer.error()};
  return said(authorizer->authorize(question.context, question.action));
}

}  // namespace

void add_access_options(po::options_description& options) {
  options.add_options()(
      "can", po::value<std::string>()->value_name("OPERATION:TYPE:NAME"),
      "whether --principal may do this, by ZooKeeper mode's authorizer and by KRaft's")(
      "principal", po::value<std::string>()->value_name("TYPE:NAME"),
      "who asks, with --can: User:alice")(
      "host", po::value<std::string>()->value_name("IP"),
      "from where, with --can (default: a host that no ACL names)")(
      "super-users", po::value<std::string>()->value_name("LIST"),
      "super.users of the brokers, with --can")(
      "allow-everyone", "allow.everyone.if.no.acl.found is true on the brokers, with --can");
}

sim::Expected<std::optional<AccessQuestion>> access_question(const po::variables_map& arguments) {
  if (arguments.count("can") == 0) {
    for (const char* each : {"principal", "host", "super-users", "allow-everyone"}) {
      if (arguments.count(each) != 0) {
        return std::unexpected(usage(fmt::format("--{} goes with --can", each),
                                     "Say what they want: --can READ:TOPIC:orders."));
      }
    }
    return std::nullopt;
  }
  auto action = action_from(arguments["can"].as<std::string>());
  if (!action) return std::unexpected(action.error());
  const std::string who =
      arguments.count("principal") == 0 ? "" : arguments["principal"].as<std::string>();
  auto principal = sim::parse_kafka_principal(who);
  if (!principal) {
    return std::unexpected(
        usage(fmt::format("'{}' is no principal", who), "Say who: --principal User:alice."));
  }
  std::optional<std::string> host(kNoNamedHost);
  if (arguments.count("host") != 0) host = as_java_prints(arguments["host"].as<std::string>());
  if (!host) {
    return std::unexpected(
        usage(fmt::format("'{}' is no address", arguments["host"].as<std::string>()),
              "ACLs know addresses, not names: --host 10.0.0.7."));
  }
  AccessQuestion question{.context = {*std::move(principal), *std::move(host)},
                          .action = *std::move(action)};
  if (arguments.count("super-users") != 0)
    question.super_users = arguments["super-users"].as<std::string>();
  if (arguments.count("allow-everyone") != 0) question.allow_everyone = "true";
  return question;
}

AccessAnswer answer_to(const AccessQuestion& question, const OpenSource& source,
                       const sim::MetadataImage& image) {
  const sim::RequestContext& context = question.context;
  const sim::Action& action = question.action;
  const Said zookeeper = by_acl_authorizer(question, source, image);
  const Said kraft = by_standard_authorizer(question, image);
  AccessAnswer answer{.facts = {}, .differs = zookeeper.outcome != kraft.outcome};
  answer.facts.add(
      "question", "may",
      fmt::format("{} {} {} '{}' from {}", to_string(context.principal),
                  sim::name_of(action.operation), sim::name_of(action.resource.resource_type),
                  action.resource.name,
                  context.host == kNoNamedHost ? "a host that no ACL names" : context.host));
  const auto add = [&](std::string key, std::string label, const Said& each) {
    answer.facts.add(std::move(key), std::move(label),
                     {{"outcome", each.outcome}, {"why", each.why}},
                     fmt::format("{}{}{}", each.outcome, each.why.empty() ? "" : ": ", each.why));
  };
  add("aclAuthorizer", "ZooKeeper mode", zookeeper);
  add("standardAuthorizer", "KRaft", kraft);
  return answer;
}

}  // namespace tools
