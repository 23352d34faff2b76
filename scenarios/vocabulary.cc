#include "scenarios/vocabulary.h"

#include <fmt/format.h>

#include "migrate/releases.h"
#include "scenarios/cluster.h"
#include "scenarios/defects.h"
#include "scenarios/fault_text.h"
#include "scenarios/mistake.h"
#include "scenarios/notices.h"
#include "scenarios/road.h"
#include "scenarios/znode_edit.h"
#include "sim/kafka/application/client_program.h"

namespace scenarios {

std::vector<VocabularyList> vocabulary() {
  std::vector<VocabularyList> lists;
  VocabularyList notices{"notices",
                         "what faults and changes can wait for ('on NOTICE [of NODE] [with WORD] "
                         "[NTH]'), and the rule it follows",
                         {}};
  for (const NoticeType& type : notice_types()) notices.words.emplace_back(type.name, type.rule);
  lists.push_back(std::move(notices));
  VocabularyList roles{
      "roles", "whom a fault can hit, beside nodes by name (zk-1, broker-2, controller-3000)", {}};
  for (const std::string_view role : Cluster::roles()) roles.words.emplace_back(role, "");
  lists.push_back(std::move(roles));
  VocabularyList faults{"faults", "kinds of faults; scenarios/README.md has their grammar", {}};
  for (const std::string_view kind : fault_words()) faults.words.emplace_back(kind, "");
  lists.push_back(std::move(faults));
  VocabularyList defects{
      "defects", "switches of the simulated versions (cluster { defects: … fixed: … })", {}};
  const Defects standard;
  for (const std::string& name : defect_names()) {
    const migrate::KnownBug* const bug = migrate::find_known_bug(name);
    std::string meaning = standard.is_on(name) ? "on in Kafka 3.9.1" : "";
    if (bug != nullptr) meaning = fmt::format("{} ({})", bug->symptom, bug->describe_releases());
    defects.words.emplace_back(name, std::move(meaning));
  }
  lists.push_back(std::move(defects));
  VocabularyList phases{"phases", "how far a migration has come", {}};
  for (const Phase phase : kPhases) phases.words.emplace_back(name_of(phase), explain(phase));
  lists.push_back(std::move(phases));
  VocabularyList mistakes{"mistakes",
                          "what the operator can do wrong (operator { mistakes: … }); SERVER is "
                          "broker-2, controller-3000",
                          {}};
  for (const MistakeWord& word : mistake_words()) {
    mistakes.words.emplace_back(
        fmt::format("{}{}", word.word, word.names_a_server ? " SERVER" : ""), word.meaning);
  }
  lists.push_back(std::move(mistakes));
  VocabularyList edits{"edits",
                       "what she can do to a znode by hand (operator { edits: … }); "
                       "scenarios/README.md has their grammar",
                       {}};
  for (const std::string_view word : edit_words()) edits.words.emplace_back(word, "");
  lists.push_back(std::move(edits));
  VocabularyList programs{
      "programs",
      "what a consumer does (workload { consumer { commit: … on_bad: … framework: … } }), and "
      "what is promised",
      {}};
  for (const auto& each : sim::commit_patterns())
    programs.words.emplace_back(fmt::format("commit: {}", each.name), each.says);
  for (const auto& each : sim::bad_record_policies())
    programs.words.emplace_back(fmt::format("on_bad: {}", each.name), each.says);
  for (const auto& each : sim::frameworks())
    programs.words.emplace_back(fmt::format("framework: {}", each.name), each.says);
  lists.push_back(std::move(programs));
  return lists;
}

}  // namespace scenarios
