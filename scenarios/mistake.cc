#include "scenarios/mistake.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/suggest.h"

namespace scenarios {

const std::vector<MistakeWord>& mistake_words() {
  using enum MistakeKind;
  static const std::vector<MistakeWord> words{
      {"forget_flag", ForgetFlag, true,
       "starts this broker or controller without zookeeper.metadata.migration.enable"},
      {"finalise_early", FinaliseEarly, false,
       "takes the flag from the controllers in S4, while brokers live by ZooKeeper"},
      {"brokers_first", BrokersFirst, false,
       "back: restarts brokers without the flag before she stops the controllers"},
      {"delete_first", DeleteFirst, false,
       "back: deletes /controller and /migration before she stops the controllers"},
      {"leave_running", LeaveRunning, true, "back: does not stop this controller"},
      {"keep_controller", KeepController, false, "back: does not delete /controller"},
      {"keep_migration", KeepMigration, false, "back: does not delete /migration"},
      {"keep_disks", KeepDisks, false, "back: does not format the controllers anew"},
      {"skip_epoch_check", SkipEpochCheck, false,
       "back: does not raise /controller_epoch above that of the partitions' states"},
      {"skip_broker_roll", SkipBrokerRoll, false,
       "back: does not restart brokers without the flag"},
  };
  return words;
}

sim::Expected<Mistake> parse_mistake(std::string_view words, const sim::Place& place) {
  const auto wrong = [&](std::string what, std::string remedy) {
    return std::unexpected(
        sim::Problem{sim::Severity::Usage, place, std::move(what), std::move(remedy)});
  };
  const std::string_view kind = words.substr(0, words.find(' '));
  const auto known = std::ranges::find(mistake_words(), kind, &MistakeWord::word);
  if (known == mistake_words().end()) {
    std::vector<std::string_view> candidates;
    for (const MistakeWord& word : mistake_words()) candidates.push_back(word.word);
    return wrong(
        fmt::format("there is no mistake '{}'.{}", kind, sim::did_you_mean(kind, candidates)),
        fmt::format("Mistakes: {}. 'zk2kraft run --list mistakes' says what they are.",
                    fmt::join(candidates, ", ")));
  }
  words.remove_prefix(kind.size());
  words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
  if (known->names_a_server && (words.empty() || words.contains(' '))) {
    return wrong(fmt::format("'{}' must name one server.", kind),
                 fmt::format("Write: {} controller-3000", kind));
  }
  if (!known->names_a_server && !words.empty()) {
    return wrong(fmt::format("'{}' stands behind the end of the mistake '{}'.", words, kind), "");
  }
  return Mistake{known->kind, std::string(words)};
}

std::string print_mistake(const Mistake& mistake) {
  const auto known = std::ranges::find(mistake_words(), mistake.kind, &MistakeWord::kind);
  return mistake.server.empty() ? std::string(known->word)
                                : fmt::format("{} {}", known->word, mistake.server);
}

}  // namespace scenarios
