#include "scenarios/client_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scenarios/durations.h"
#include "sim/base/suggest.h"

namespace scenarios {
namespace {

// What is refused, and until when.
constexpr std::pair<std::string_view, std::string_view> kNotSimulated[] = {
    {"share_group", "a share group (KIP-932)"}};

sim::Problem misplanned(const sim::Place& place, std::string what, std::string remedy) {
  return {sim::Severity::Usage, place, std::move(what), std::move(remedy)};
}

template <class Named>
sim::Expected<const Named*> find_named(std::span<const Named> all, std::string_view name,
                                       std::string_view what, const sim::Place& place) {
  const auto found = std::ranges::find(all, name, &Named::name);
  if (found != all.end()) return &*found;
  for (const auto& [word, meaning] : kNotSimulated) {
    if (name != word) continue;
    return std::unexpected(
        misplanned(place, fmt::format("{} is not simulated yet.", meaning),
                   "Share groups come later; 'zk2kraft run --list programs' names what there is."));
  }
  std::vector<std::string_view> names;
  for (const Named& each : all) names.push_back(each.name);
  return std::unexpected(misplanned(
      place, fmt::format("there is no {} '{}'.{}", what, name, sim::did_you_mean(name, names)),
      fmt::format("Take one of {}.", fmt::join(names, ", "))));
}

template <class Value>
struct Word {
  std::string_view word;
  Value value;
};
template <class Value, std::size_t N>
sim::Expected<Value> one_of(const Word<Value> (&words)[N], std::string_view name,
                            std::string_view what, const sim::Place& place) {
  const auto found = std::ranges::find(words, name, &Word<Value>::word);
  if (found != std::end(words)) return found->value;
  std::vector<std::string_view> names;
  for (const Word<Value>& each : words) names.push_back(each.word);
  return std::unexpected(
      misplanned(place, fmt::format("'{}' is no {}.{}", name, what, sim::did_you_mean(name, names)),
                 fmt::format("Take one of {}.", fmt::join(names, ", "))));
}

constexpr Word<sim::LetterFailure> kLetterFailures[] = {{"", sim::LetterFailure::Fail},
                                                        {"fail", sim::LetterFailure::Fail},
                                                        {"drop", sim::LetterFailure::Drop},
                                                        {"spool", sim::LetterFailure::Spool}};
constexpr Word<sim::HeaderStyle> kHeaderStyles[] = {{"plain", sim::HeaderStyle::Plain},
                                                    {"none", sim::HeaderStyle::None},
                                                    {"connect", sim::HeaderStyle::Connect},
                                                    {"spring", sim::HeaderStyle::Spring}};
constexpr Word<sim::OffsetReset> kResets[] = {{"", sim::OffsetReset::Latest},
                                              {"latest", sim::OffsetReset::Latest},
                                              {"earliest", sim::OffsetReset::Earliest},
                                              {"none", sim::OffsetReset::None}};
constexpr Word<sim::Poison> kPoisons[] = {{"", sim::Poison::Value},
                                          {"value", sim::Poison::Value},
                                          {"key", sim::Poison::Key},
                                          {"processing", sim::Poison::Processing},
                                          {"killer", sim::Poison::Killer}};

sim::Expected<std::shared_ptr<const sim::PayloadTable>> payloads_of(
    const zk2kraft::Scenario& scenario, const sim::Place& place) {
  auto table = std::make_shared<sim::PayloadTable>();
  std::int64_t producers = 0;
  for (const zk2kraft::Workload& workload : scenario.workload()) {
    if (!workload.has_producer()) continue;
    const sim::RecordToken first(producers++ * kTokensPerClient);
    for (const zk2kraft::BadRecord& bad : workload.producer().bad_record()) {
      const auto poison = one_of(kPoisons, bad.poison(), "place where a record is bad", place);
      if (!poison) return std::unexpected(poison.error());
      if (bad.nth() < 0 || bad.every() < 0 || bad.padding() < 0 || bad.succeeds_at() < 0) {
        return std::unexpected(misplanned(place, "a bad record has a negative number.",
                                          "nth, every, succeeds_at and padding are 0 or more."));
      }
      sim::RecordContent content{.key = bad.key(),
                                 .value = bad.value(),
                                 .poison = *poison,
                                 .succeeds_at = bad.succeeds_at(),
                                 .padding = static_cast<std::size_t>(bad.padding())};
      for (const auto& [name, value] : bad.headers()) content.headers.emplace_back(name, value);
      std::ranges::sort(content.headers);
      table->add({.first = first,
                  .nth = std::max<std::int64_t>(1, bad.nth()),
                  .every = bad.every(),
                  .below = kTokensPerClient,
                  .content = std::move(content)});
    }
  }
  return table;
}

// Commit pattern and policies by name, or a framework's whole program.
sim::Expected<sim::ClientProgram> named_program(const zk2kraft::Consumer& wanted,
                                                const sim::Place& place) {
  const auto failure = one_of(kLetterFailures, wanted.letter_failure(),
                              "thing to do when a dead letter fails", place);
  if (!failure) return std::unexpected(failure.error());
  if (!wanted.framework().empty()) {
    const bool both = !wanted.commit().empty() || !wanted.on_bad().empty() ||
                      !wanted.exhausted().empty() || !wanted.letter_failure().empty();
    if (both) {
      return std::unexpected(
          misplanned(place, "a consumer names a framework and says otherwise what that decides.",
                     "Leave out commit, on_bad, exhausted and letter_failure, or the framework."));
    }
    const auto framework = find_named(sim::frameworks(), wanted.framework(), "framework", place);
    if (!framework) return std::unexpected(framework.error());
    return (*framework)->program;
  }
  sim::ClientProgram program;
  if (!wanted.commit().empty()) {
    const auto commit =
        find_named(sim::commit_patterns(), wanted.commit(), "commit pattern", place);
    if (!commit) return std::unexpected(commit.error());
    program.commit = (*commit)->pattern;
  }
  for (const auto& [word, exhausted] :
       {std::pair(&wanted.on_bad(), false), std::pair(&wanted.exhausted(), true)}) {
    if (word->empty()) continue;
    const auto policy =
        find_named(sim::bad_record_policies(), *word, "policy for bad records", place);
    if (!policy) return std::unexpected(policy.error());
    const sim::BadRecordHandling handling{(*policy)->policy, *failure};
    if (exhausted) {
      program.exhausted = handling;
    } else {
      program.undeserialisable = program.failed = handling;
    }
  }
  using enum sim::BadRecordPolicy;
  if (program.exhausted.policy == BlockingRetry || program.exhausted.policy == Split) {
    return std::unexpected(misplanned(
        place, fmt::format("'{}' cannot be what comes after the last attempt.", wanted.exhausted()),
        "Name what ends it: skip, dlq_sync, fail_stop."));
  }
  program.attempts = wanted.attempts() == 0 ? 3 : wanted.attempts();
  program.backoff.first = sim::Duration{100'000'000};
  return program;
}

// What belongs to transactions alone, and what does not go with them: one producer has one transactional.id.
sim::Expected<void> plan_transactions(const zk2kraft::Consumer& wanted, sim::ClientProgram& program,
                                      const std::string& group, const sim::Place& place) {
  if (!program.uses_transactions()) {
    const bool named = !wanted.output_topic().empty() || !wanted.transactional_id().empty() ||
                       !wanted.transaction_timeout().empty();
    if (!named) return {};
    return std::unexpected(
        misplanned(place, "a consumer without transactions says something about them.",
                   "Take commit: \"transaction\" or on_bad: \"dlq_transactional\", or leave out "
                   "output_topic, transactional_id and transaction_timeout."));
  }
  using enum sim::BadRecordPolicy;
  for (const sim::BadRecordPolicy policy :
       {DlqSync, DlqAwaited, DlqIndependent, RetryTopics, Split}) {
    if (!program.uses(policy)) continue;
    return std::unexpected(
        misplanned(place, fmt::format("'{}' does not go with transactions.", sim::name_of(policy)),
                   "Take dlq_transactional, or a policy that writes no letters."));
  }
  program.transactional_id = wanted.transactional_id().empty() ? group : wanted.transactional_id();
  program.transaction_timeout =
      duration_or(wanted.transaction_timeout(), program.transaction_timeout);
  // transaction.max.timeout.ms: a longer one is refused whenever a producer asks for its epoch.
  constexpr sim::Duration kLongest{900'000'000'000};
  if (program.transaction_timeout <= sim::Duration{} || program.transaction_timeout > kLongest) {
    return std::unexpected(
        misplanned(place, fmt::format("transaction_timeout is '{}'.", wanted.transaction_timeout()),
                   "Brokers take what is longer than 0 and not longer than 15m."));
  }
  if (program.commit == sim::CommitPattern::Transaction)
    program.output_topic = wanted.output_topic().empty() ? "results" : wanted.output_topic();
  return {};
}

sim::Expected<sim::ClientProgram> program_of(const zk2kraft::Consumer& wanted,
                                             const sim::Place& place) {
  auto named = named_program(wanted, place);
  if (!named) return named;
  sim::ClientProgram& program = *named;
  if (wanted.attempts() < 0 || wanted.max_poll_records() < 0 || wanted.max_request_size() < 0) {
    return std::unexpected(misplanned(place, "a consumer has a negative number.",
                                      "attempts, max_poll_records and max_request_size are not."));
  }
  if (wanted.attempts() > 0) program.attempts = wanted.attempts();
  program.backoff.first = duration_or(wanted.backoff(), program.backoff.first);
  program.backoff.doubles = program.backoff.doubles || wanted.backoff_doubles();
  program.logs_payload = program.logs_payload || wanted.logs_payload();
  program.commit_interval = duration_or(wanted.commit_interval(), program.commit_interval);
  program.letter_linger = duration_or(wanted.linger(), sim::Duration{});
  if (!wanted.delivery_timeout().empty())
    program.letter_timeout = duration_or(wanted.delivery_timeout(), sim::Duration{});
  if (wanted.read_committed()) program.isolation_level = sim::IsolationLevel::ReadCommitted;
  program.off_by_one = wanted.off_by_one();
  program.closes = !wanted.no_close();
  if (wanted.max_request_size() > 0) {
    program.max_request_size = static_cast<std::size_t>(wanted.max_request_size());
  }
  if (!wanted.headers().empty()) {
    const auto style = one_of(kHeaderStyles, wanted.headers(), "style of headers", place);
    if (!style) return std::unexpected(style.error());
    program.headers = *style;
  }
  if (wanted.restart_after() == "never") {
    program.restart_after.reset();
  } else if (!wanted.restart_after().empty()) {
    const auto after = parse_duration(wanted.restart_after());
    if (!after) {
      return std::unexpected(misplanned(
          place, fmt::format("restart_after is no duration: '{}'.", wanted.restart_after()),
          "Write \"5s\" or \"never\"."));
    }
    program.restart_after = *after;
  }
  for (const zk2kraft::RetryTopic& retry : wanted.retry()) {
    program.retry_topics.push_back(
        {retry.topic(), duration_or(retry.delay(), sim::Duration{1'000'000'000})});
  }
  using enum sim::BadRecordPolicy;
  if (program.uses(RetryTopics) && program.retry_topics.empty()) {
    return std::unexpected(misplanned(place, "retry_topics has no topic.",
                                      "Add retry { topic: \"orders-retry-1\" delay: \"1s\" }."));
  }
  const std::string& queue = wanted.dead_letter_topic();
  if (program.writes_letters()) program.dead_letter_topic = queue.empty() ? "dlq" : queue;
  return named;
}

}  // namespace

sim::Expected<std::vector<PlannedConsumer>> plan_consumers(
    const zk2kraft::Scenario& scenario, const std::vector<std::string>& usual_topics,
    const sim::ClientBehaviour& behaviour, const sim::Place& place) {
  std::vector<PlannedConsumer> planned;
  const auto payloads = payloads_of(scenario, place);
  if (!payloads) return std::unexpected(payloads.error());
  const auto producers =
      std::ranges::count_if(scenario.workload(), &zk2kraft::Workload::has_producer);
  std::set<std::string> groups;
  for (const zk2kraft::Workload& workload : scenario.workload()) {
    if (!workload.has_consumer()) continue;
    const zk2kraft::Consumer& wanted = workload.consumer();
    const auto program = program_of(wanted, place);
    if (!program) return std::unexpected(program.error());
    const auto reset =
        one_of(kResets, wanted.auto_offset_reset(), "value of auto.offset.reset", place);
    if (!reset) return std::unexpected(reset.error());
    PlannedConsumer consumer{
        .name = fmt::format("consumer-{}", planned.size() + 1),
        .from_phase = std::nullopt,
        .config = {
            .program = *program, .payloads = *payloads, .reset = *reset, .behaviour = behaviour}};
    if (!wanted.from_phase().empty()) {
      const auto phase = parse_step(wanted.from_phase(), place);
      if (!phase) return std::unexpected(phase.error());
      consumer.from_phase = *phase;
      consumer.after = duration_or(wanted.after(), sim::Duration{});
      consumer.config.waits = true;
    }
    sim::ClientApplicationConfig& config = consumer.config;
    config.name = consumer.name;
    config.group = wanted.group_id().empty() ? consumer.name : wanted.group_id();
    if (!groups.insert(config.group).second) {
      return std::unexpected(misplanned(place,
                                        fmt::format("two consumers are in group {}.", config.group),
                                        "Each is alone in its group: there is no rebalance yet."));
    }
    if (auto planned_so = plan_transactions(wanted, config.program, config.group, place);
        !planned_so)
      return std::unexpected(planned_so.error());
    config.topics = wanted.topic().empty() ? usual_topics : std::vector{wanted.topic()};
    if (wanted.max_poll_records() > 0) config.max_poll_records = wanted.max_poll_records();
    config.processing = duration_or(wanted.processing(), config.processing);
    config.first_letter_token = sim::RecordToken(
        (producers + static_cast<std::int64_t>(planned.size())) * kTokensPerClient);
    planned.push_back(std::move(consumer));
  }
  return planned;
}

}  // namespace scenarios
