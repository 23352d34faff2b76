#include "migrate/status/log_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "migrate/releases.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

using enum MigrationDriverState;

constexpr std::size_t kTrace = 4096;  // of a stack trace, as much as names the cause

bool is_bad(std::string_view level) {
  return level == "WARN" || level == "ERROR" || level == "FATAL";
}

bool is_of_the_driver(const LogEvent& event) {
  return event.logger.ends_with("KRaftMigrationDriver") ||
         event.text.find("[KRaftMigrationDriver") != std::string::npos ||
         event.text.find("zk migration fault") != std::string::npos;
}

std::optional<MigrationDriverState> state_named(std::string_view name) {
  constexpr std::array kStates{
      Uninitialized, Inactive,      WaitForControllerQuorum,     WaitForBrokers, BecomeController,
      ZkMigration,   SyncKraftToZk, KraftControllerToBrokerComm, DualWrite};
  const auto* const at =
      std::ranges::find(kStates, name, [](MigrationDriverState state) { return name_of(state); });
  return at == kStates.end() ? std::nullopt : std::optional(*at);
}

// The word behind the text.
std::string_view word_after(std::string_view text, std::string_view before,
                            std::string_view ends = " .,\n") {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + before.size());
  return rest.substr(0, rest.find_first_of(ends));
}

std::optional<sim::ZkMigrationState> log_state_named(std::string_view name) {
  using enum sim::ZkMigrationState;
  for (const auto state : {None, Migration, PreMigration, PostMigration}) {
    if (sim::name_of(state) == name) return state;
  }
  return std::nullopt;
}

class Teller {
 public:
  void take(const LogEvent& event) {
    story_.last_time = event.time;
    const LogPattern* pattern = find_pattern(event);
    if (pattern != nullptr && pattern->id == "L98") {
      if (event.node)
        releases_[*event.node] = release_of(word_after(event.text, "version: ", " \n"));
      return;
    }
    if (pattern != nullptr && stops_polling(event)) pattern = &pattern_named(kPollsStopped);
    if (pattern == nullptr) {
      story_.unexplained.push_back(event);
      return;
    }
    move(event);
    if (pattern->meaning == LogMeaning::Progress) settle(event.node, LogCure::NextState);
    note(event, *pattern);
  }

  LogStory finish() {
    for (auto& [key, hit] : hits_) story_.hits.push_back(std::move(hit));
    std::ranges::stable_sort(story_.hits, {}, [](const LogHit& hit) {
      return std::tuple(!hit.stands, -static_cast<int>(hit.meaning), hit.pattern->id);
    });
    story_.active = active();
    return std::move(story_);
  }

 private:
  // KAFKA-16563. What a poll brings about is an event of its own and no harm; what fails in the
  // poll itself, such as the making of /migration, leaves it without a successor.
  bool stops_polling(const LogEvent& event) const {
    const std::string_view first = std::string_view(event.text).substr(0, event.text.find('\n'));
    if (!first.contains("event PollEvent") && !first.contains("error in PollEvent")) return false;
    const auto found = event.node ? releases_.find(*event.node) : releases_.end();
    if (found == releases_.end() || !found->second) return false;
    return find_known_bug("KAFKA-16563")->is_in(*found->second);
  }

  void move(const LogEvent& event) {
    const std::string_view text = event.text;
    if (const auto to =
            log_state_named(word_after(text, "changing the migration state from ").empty()
                                ? std::string_view()
                                : word_after(text.substr(text.find("changing")), " to ")))
      become(*to);
    if (!event.node) return;
    if (text.find("[KRaftMigrationDriver") != std::string_view::npos &&
        text.find("closed event queue") != std::string_view::npos) {
      story_.drivers[*event.node] = {.state = std::nullopt, .since = event.time};
      return;
    }
    const auto from = state_named(word_after(text, " transitioning from "));
    const auto to = state_named(word_after(text, " to "));
    if (!from || !to || *from == *to) return;
    story_.transitions.push_back({event.time, event.node, *from, *to});
    story_.drivers[*event.node] = {.state = to, .since = event.time};
    // A driver that moves has been started again: nothing else moves it.
    if (const auto stopped = hits_.find({kPollsStopped, event.node}); stopped != hits_.end())
      stopped->second.stands = false;
    if (*from == SyncKraftToZk) settle(std::nullopt, LogCure::FullSync);
  }

  void become(sim::ZkMigrationState state) {
    story_.log_state = state;
    if (state != sim::ZkMigrationState::PostMigration) return;
    // ZooKeeper is nobody's business any more; what was stuck in mirroring is not.
    settle(std::nullopt, LogCure::FullSync);
    settle(std::nullopt, LogCure::NextState);
  }

  // What this makes history, on the node or, without one, everywhere.
  void settle(std::optional<sim::BrokerId> node, LogCure cure) {
    for (auto& [key, hit] : hits_) {
      if (hit.pattern->cure != cure || (node && hit.node != node)) continue;
      hit.stands = false;
      in_a_row_[key] = 0;
    }
  }

  void note(const LogEvent& event, const LogPattern& pattern) {
    const Key key{pattern.id, event.node};
    LogHit& hit = hits_[key];
    if (hit.count == 0) {
      hit.pattern = &pattern;
      hit.node = event.node;
      hit.first = event.time;
    }
    ++hit.count;
    const std::uint32_t row = ++in_a_row_[key];
    const bool too_many = pattern.stuck_after != 0 && row >= pattern.stuck_after;
    hit.meaning = too_many ? LogMeaning::Stuck : pattern.meaning;
    hit.stands = pattern.meaning != LogMeaning::Routine && pattern.meaning != LogMeaning::Progress;
    hit.last = event.time;
    hit.where = fmt::format("{}:{}", event.file, event.line);
    hit.text = event.text.substr(0, event.text.find('\n'));
  }

  // The one that came last to a state in which a driver acts, if it is still in one.
  std::optional<sim::BrokerId> active() const {
    std::optional<sim::BrokerId> found;
    std::string since;
    for (const auto& [node, driver] : story_.drivers) {
      const bool acts = driver.state && *driver.state != Inactive && *driver.state != Uninitialized;
      if (!acts || driver.since < since) continue;
      found = node;
      since = driver.since;
    }
    return found;
  }

  using Key = std::pair<std::string_view, std::optional<sim::BrokerId>>;
  LogStory story_;
  std::map<sim::BrokerId, std::optional<Release>> releases_;  // as each node said at its last start
  std::map<Key, LogHit> hits_;
  std::map<Key, std::uint32_t> in_a_row_;
};

}  // namespace

void LogReader::add_line(std::string_view line) {
  ++lines_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto event = parse_log_line(line);
  if (!event) {
    if (open_ && open_->text.size() < kTrace) open_->text += fmt::format("\n{}", line);
    return;
  }
  keep();
  ++events_;
  if (!node_) node_ = event->node;
  event->file = file_;
  event->line = lines_;
  open_ = std::move(event);
}

void LogReader::keep() {
  if (!open_) return;
  const bool matters =
      find_pattern(*open_) != nullptr || (is_bad(open_->level) && is_of_the_driver(*open_));
  if (matters) kept_.push_back(*std::move(open_));
  open_.reset();
}

std::vector<LogEvent> LogReader::finish() {
  keep();
  // A fault handler's line does not say whose it is; the file does.
  for (LogEvent& event : kept_) {
    if (!event.node) event.node = node_;
  }
  return std::move(kept_);
}

LogStory tell(std::vector<LogEvent> events) {
  std::ranges::stable_sort(events, {}, &LogEvent::time);
  Teller teller;
  for (const LogEvent& event : events) teller.take(event);
  return teller.finish();
}

std::string_view name_of(LogVerdict verdict) {
  switch (verdict) {
    case LogVerdict::Sound:
      return "sound";
    case LogVerdict::AtRisk:
      return "at risk";
    case LogVerdict::Wedged:
      return "wedged";
    case LogVerdict::Unknown:
      return "unknown";
  }
  sim::unreachable("a story has one of these verdicts");
}

LogVerdict LogStory::verdict() const {
  const auto stands = [&](LogMeaning meaning) {
    return std::ranges::any_of(
        hits, [&](const LogHit& hit) { return hit.stands && hit.meaning == meaning; });
  };
  if (stands(LogMeaning::Stuck)) return LogVerdict::Wedged;
  if (stands(LogMeaning::Lost) || !unexplained.empty()) return LogVerdict::AtRisk;
  if (drivers.empty() && !log_state) return LogVerdict::Unknown;
  return LogVerdict::Sound;
}

}  // namespace migrate
