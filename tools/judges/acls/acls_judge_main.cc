#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/security/acl_authorizer.h"
#include "sim/kafka/security/standard_authorizer.h"
#include "tools/judges/acls/cases.h"
#include "tools/judges/peer/peer.h"

// Our side of `tools/conformance acls`: makes ACLs and requests from a seed, decides them, and asks
// Kafka's authorizers.
//
// What may differ: the words of an exception. That one is thrown, and by which of the two, may not.
namespace {

using tools::AclCase;
using tools::AclQuestion;
using Answers = std::vector<std::string>;

struct Decisions {
  Answers acl;
  Answers standard;
  bool operator==(const Decisions&) const = default;
};

std::string word_of(const sim::Authorization& authorization) {
  return std::string(sim::name_of(authorization.outcome));
}

Answers all(const AclCase& each, const char* answer) {
  return Answers(each.questions.size(), answer);
}

Answers ask(const auto& authorizer, const AclCase& each) {
  Answers answers;
  for (const AclQuestion& question : each.questions) {
    answers.push_back(word_of(
        question.name ? authorizer.authorize(
                            question.context,
                            {.operation = question.operation,
                             .resource = {.resource_type = question.type, .name = *question.name}})
                      : authorizer.authorize_by_resource_type(question.context, question.operation,
                                                              question.type)));
  }
  return answers;
}

// An AclAuthorizer cannot hold what no znode can say.
bool in_a_znode(const sim::ResourceAcl& acl) {
  return acl.pattern.resource_type != sim::AclResourceType::Any &&
         acl.pattern.pattern_type != sim::PatternType::Any &&
         acl.pattern.pattern_type != sim::PatternType::Match &&
         acl.entry.operation != sim::AclOperation::Any &&
         acl.entry.permission_type != sim::AclPermissionType::Any &&
         sim::parse_kafka_principal(acl.entry.principal).has_value();
}

Answers acl_authorizer(const AclCase& each) {
  const auto config = sim::AclAuthorizer::configure(each.super_users, each.allow_everyone);
  if (!config || !std::ranges::all_of(each.acls, in_a_znode)) return all(each, "THROWS");
  std::map<sim::ResourcePattern, std::vector<sim::AccessControlEntry>> by_resource;
  for (const sim::ResourceAcl& acl : each.acls) {
    if (each.through_zookeeper && sim::why_acl_authorizer_refuses(acl)) return all(each, "THROWS");
    by_resource[acl.pattern].push_back(acl.entry);
  }
  sim::AclAuthorizer authorizer(*config);
  for (const auto& [resource, entries] : by_resource) authorizer.update_cache(resource, entries);
  return ask(authorizer, each);
}

Answers standard_authorizer(const AclCase& each) {
  const auto config = sim::StandardAuthorizer::configure(each.super_users, each.allow_everyone);
  if (!config) return all(each, "THROWS");
  sim::StandardAuthorizer authorizer(*config);
  std::int64_t id = 0;
  for (const sim::ResourceAcl& acl : each.acls) {
    const auto added = authorizer.add_acl({.id = sim::Uuid(1, ++id),
                                           .resource_type = acl.pattern.resource_type,
                                           .resource_name = acl.pattern.name,
                                           .pattern_type = acl.pattern.pattern_type,
                                           .principal = acl.entry.principal,
                                           .host = acl.entry.host,
                                           .operation = acl.entry.operation,
                                           .permission_type = acl.entry.permission_type});
    if (!added) return all(each, "THROWS");
  }
  if (each.loaded) authorizer.complete_initial_load();
  return ask(authorizer, each);
}

// ── The peer ────────────────────────────────────────────────────────────────────────────────────

nlohmann::json or_null(const std::optional<std::string>& text) {
  return text ? nlohmann::json(*text) : nlohmann::json();
}

std::string line_of(const AclCase& each) {
  nlohmann::json acls = nlohmann::json::array();
  for (const auto& [pattern, entry] : each.acls) {
    acls.push_back({static_cast<int>(pattern.resource_type), static_cast<int>(pattern.pattern_type),
                    pattern.name, entry.principal, entry.host, static_cast<int>(entry.operation),
                    static_cast<int>(entry.permission_type)});
  }
  nlohmann::json requests = nlohmann::json::array();
  for (const AclQuestion& question : each.questions) {
    requests.push_back({question.context.principal.type, question.context.principal.name,
                        question.context.host, static_cast<int>(question.operation),
                        static_cast<int>(question.type), or_null(question.name)});
  }
  return nlohmann::json{{"superUsers", or_null(each.super_users)},
                        {"allowEveryone", or_null(each.allow_everyone)},
                        {"loaded", each.loaded},
                        {"zookeeper", each.through_zookeeper},
                        {"acls", acls},
                        {"requests", requests}}
      .dump();
}

Answers answers_from(const nlohmann::json& said, const AclCase& each) {
  const auto plain = [](std::string word) { return word.substr(0, word.find(':')); };
  if (said.is_string()) return all(each, plain(said.get<std::string>()).c_str());
  Answers answers;
  for (const auto& one : said) answers.push_back(plain(one.get<std::string>()));
  return answers;
}

Decisions theirs(tools::Peer& peer, const AclCase& each) {
  const auto said = nlohmann::json::parse(peer.ask(line_of(each)));
  return {answers_from(said.at("acl"), each), answers_from(said.at("standard"), each)};
}

Decisions ours(const AclCase& each) {
  return {acl_authorizer(each), standard_authorizer(each)};
}

// Without a question, then without an ACL, as long as both still disagree.
void show(tools::Peer& peer, AclCase each) {
  const auto differs = [&] { return ours(each) != theirs(peer, each); };
  // Leaves out of one of the case's lists, and puts it back.
  const auto differs_with = [&](auto AclCase::* list) {
    return [&each, list, &differs](const auto& rest) {
      const auto kept = std::exchange(each.*list, rest);
      const bool still = differs();
      each.*list = kept;
      return still;
    };
  };
  each.questions = tools::smaller(each.questions, differs_with(&AclCase::questions));
  each.acls = tools::smaller(each.acls, differs_with(&AclCase::acls));
  const Decisions mine = ours(each);
  const std::string asked = line_of(each);
  fmt::print("DIFFERENT: {}\n  theirs {}\n  ours   AclAuthorizer {}, StandardAuthorizer {}\n",
             asked, peer.ask(asked), fmt::join(mine.acl, " "), fmt::join(mine.standard, " "));
}

bool is_decision(const std::string& answer) {
  return answer == "ALLOWED" || answer == "DENIED";
}

struct Tally {
  std::uint64_t pairs = 0;
  std::uint64_t decided = 0;  // by both, and not by an exception, or never
  std::uint64_t different = 0;
  std::uint64_t wrong_rows = 0;
  std::map<std::string, std::uint64_t> rows;
  std::map<std::string, std::uint64_t> outcomes;
  std::map<std::string, std::uint64_t> apart;  // of the two authorizers, by what each says

  void count(const AclCase& each, const Decisions& said) {
    for (std::size_t i = 0; i < each.questions.size(); ++i) {
      ++pairs;
      ++outcomes["AclAuthorizer " + said.acl[i]];
      ++outcomes["StandardAuthorizer " + said.standard[i]];
      if (is_decision(said.acl[i]) && is_decision(said.standard[i])) ++decided;
      if (said.acl[i] != said.standard[i]) ++apart[said.acl[i] + " and " + said.standard[i]];
      const AclQuestion& question = each.questions[i];
      if (question.row.empty()) continue;
      ++rows[question.row];
      if (said.acl[i] == question.expected && said.standard[i] == question.expected) continue;
      if (++wrong_rows <= 5)
        fmt::print("ROW {} says {}, Kafka {} and {}: {}\n", question.row, question.expected,
                   said.acl[i], said.standard[i], line_of(each));
    }
  }
  bool enough() const {
    const auto allowed =
        outcomes.contains("AclAuthorizer ALLOWED") ? outcomes.at("AclAuthorizer ALLOWED") : 0;
    return allowed * 5 >= pairs && rows.size() == tools::kTruthTable.size() &&
           std::ranges::all_of(rows, [](const auto& row) { return row.second >= 1000; });
  }
  void print() const {
    fmt::print("truth table (brokers.md 5.4), each row as Kafka's two authorizers decided it:\n");
    for (const auto& row : tools::kTruthTable) {
      const auto found = rows.find(std::string(row.id));
      fmt::print("  {:<4} {:>7} times  {}\n", row.id, found == rows.end() ? 0 : found->second,
                 row.story);
    }
    for (const auto& [outcome, count] : outcomes)
      fmt::print("  {:<36} {:>8}  {:5.1f} %\n", outcome, count,
                 100.0 * static_cast<double>(count) / static_cast<double>(pairs));
    for (const auto& [both, count] : apart) fmt::print("  the two say {}: {} times\n", both, count);
  }
};

}  // namespace

int main(int count, char** words) {
  if (count < 4) {
    fmt::print(stderr, "acls_judge SEED SETS PEER…\n");
    return 3;
  }
  const std::uint64_t seed = std::stoull(words[1]);
  const std::uint64_t sets = std::stoull(words[2]);
  tools::Peer peer(std::vector<std::string>(words + 3, words + count));
  Tally tally;
  for (std::uint64_t set = 0; set < sets; ++set) {
    const AclCase each = tools::make_case(seed, set);
    const Decisions said = theirs(peer, each);
    tally.count(each, said);
    if (ours(each) == said) continue;
    if (++tally.different <= 5) show(peer, each);
  }
  tally.print();
  fmt::print(
      "acls: {} sets of ACLs, {} pairs of ACLs and request, {} of them decided by both of Kafka's, "
      "{} "
      "sets decided differently\n",
      sets, tally.pairs, tally.decided, tally.different);
  if (tally.different > 0 || tally.wrong_rows > 0) return 1;
  if (!tally.enough()) {
    fmt::print(
        "acls: too few pairs are allowed, or a row came too seldom, for this to prove anything: "
        "more sets\n");
    return 2;
  }
  fmt::print("acls: agreed\n");
  return 0;
}
