#include "scenarios/fault_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <ranges>

#include "migrate/broker_node.h"
#include "scenarios/durations.h"
#include "scenarios/notices.h"
#include "sim/base/check.h"
#include "sim/base/match.h"
#include "sim/base/suggest.h"

namespace scenarios {
namespace {

constexpr std::string_view kVictims = "victims:";
constexpr std::string_view kOtherEnd = ":other-end";

std::vector<std::string_view> split(std::string_view words) {
  std::vector<std::string_view> found;
  while (true) {
    const std::size_t begin = words.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) return found;
    words.remove_prefix(begin);
    const std::size_t end = std::min(words.find_first_of(" \t\n"), words.size());
    found.push_back(words.substr(0, end));
    words.remove_prefix(end);
  }
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Reads word after word; the first thing that goes wrong is kept, and everything after it is in vain.
class Reader {
 public:
  Reader(std::string_view words, sim::Place place)
      : words_(split(words)), place_(std::move(place)) {}

  sim::Expected<FaultDirective> read() {
    FaultDirective directive;
    const std::string_view kind = word("a kind of fault");
    if (!problem_ && std::ranges::find(kinds_, kind) == kinds_.end()) {
      complain(fmt::format("there is no fault '{}'.{}", kind, sim::did_you_mean(kind, kinds_)),
               fmt::format("Faults: {}.", fmt::join(kinds_, ", ")));
    }
    if (!problem_) directive.fault = fault(kind);
    if (!problem_) directive.when = when();
    if (!problem_) directive.lasts = duration(directive.fault);
    if (!problem_ && at_ < words_.size()) {
      complain(fmt::format("'{}' stands behind the end of the fault.", words_[at_]), "");
    }
    if (problem_) return std::unexpected(*problem_);
    return directive;
  }

  sim::Expected<sim::When> read_when() {
    sim::When moment = when();
    if (!problem_ && at_ < words_.size()) {
      complain(fmt::format("'{}' stands behind the end of the moment.", words_[at_]), "");
    }
    if (problem_) return std::unexpected(*problem_);
    return moment;
  }

 private:
  void complain(std::string what, std::string remedy) {
    if (!problem_) problem_ = {sim::Severity::Usage, place_, std::move(what), std::move(remedy)};
  }
  std::string_view word(std::string_view wanted) {
    if (at_ < words_.size()) return words_[at_++];
    complain(fmt::format("the fault ends where {} should stand.", wanted),
             "A fault reads like: crash zk:leader on migrate.CopyBatch 2 for 5s");
    return {};
  }
  bool next_is(std::string_view expected) {
    if (at_ >= words_.size() || words_[at_] != expected) return false;
    ++at_;
    return true;
  }
  std::string target() { return std::string(word("a target")); }
  sim::Duration span() {
    const std::string_view text = word("a duration");
    const bool negative = text.starts_with('-');
    const auto parsed = parse_duration(negative ? text.substr(1) : text);
    if (!parsed) {
      complain(fmt::format("'{}' is no duration.", text),
               "Write a number and a unit: 250ms, 10s, 2m.");
      return {};
    }
    return negative ? sim::Duration(-parsed->nanoseconds()) : *parsed;
  }
  void expect(std::string_view expected) {
    const std::string_view found = word(fmt::format("'{}'", expected));
    if (!problem_ && found != expected)
      complain(fmt::format("'{}' stands where '{}' should.", found, expected), "");
  }
  sim::Ratio percent() {
    std::string_view text = word("a percentage");
    if (text.ends_with('%')) {
      text.remove_suffix(1);
      if (const auto value = number<std::uint64_t>(text); value && *value <= 100)
        return {*value, 100};
    }
    complain(fmt::format("'{}' is no percentage.", text), "Write a whole number and %: 10%.");
    return {};
  }
  std::int64_t parts_per_billion() {
    std::string_view text = word("a drift");
    if (text.ends_with("ppm")) {
      text.remove_suffix(3);
      if (const auto value = number<std::int64_t>(text)) return *value * 1'000;
    }
    complain(fmt::format("'{}' is no drift.", text), "Write parts per million: 50ppm.");
    return 0;
  }

  // Controllers and ZooKeeper's servers leave as if they crashed: for them there is `crash`.
  sim::Fault stop(const std::string& target) {
    const bool brokers = std::ranges::all_of(
        std::views::split(std::string_view(target), ','),
        [](const auto part) { return std::string_view(part).starts_with("broker"); });
    if (!brokers)
      complain(fmt::format("'{}' is no broker that could be stopped in good order.", target),
               "Stop brokers: stop broker-1 at 5s for 20s. Others crash.");
    return sim::Poke{target, sim::Payload::of(migrate::StopProcess{})};
  }

  sim::Fault fault(std::string_view kind) {
    const std::string first = target();
    if (kind == "crash") return sim::CrashProcess{first};
    if (kind == "crash_machine") return sim::CrashMachine{first};
    if (kind == "lose_disk") return sim::LoseDisk{first};
    if (kind == "restart") return sim::Restart{first};
    if (kind == "stop") return stop(first);
    if (kind == "pause") return sim::Pause{first, {}};
    if (kind == "isolate") return sim::Isolate{first};
    if (kind == "stall_disk") return sim::StallDisk{first, {}};
    if (kind == "fill_disk") return sim::FullDisk{first};
    if (kind == "tear_tail") return sim::TearTail{first};
    if (kind == "skew" || kind == "drift") {
      expect("by");
      if (kind == "drift") return sim::DriftClock{first, parts_per_billion()};
      return sim::SkewClock{first, span()};
    }
    const bool one_way = next_is("->");
    const std::string second = target();
    if (kind == "cut") {
      return sim::CutLink{first, second,
                          one_way ? sim::Direction::OneWay : sim::Direction::BothWays};
    }
    if (kind == "heal") return sim::Heal{first, second};
    if (kind == "reset") return sim::ResetConnections{first, second};
    if (kind == "stall") return sim::StallLink{first, second, {}};
    if (kind == "slow") {
      expect("by");
      return sim::SlowLink{first, second, sim::Distribution::constant(span())};
    }
    if (kind == "lose") return sim::Loss{first, second, percent()};
    if (kind == "duplicate") return sim::Duplicate{first, second, percent()};
    return sim::Reorder{first, second, percent()};
  }

  sim::When when() {
    const std::string_view how = word("'at' or 'on'");
    if (how == "at") return sim::At{sim::Instant(0) + span()};
    if (how != "on") {
      complain(fmt::format("'{}' stands where the time should.", how),
               "Write 'at 12s' or 'on migrate.CopyBatch 2'.");
      return {};
    }
    sim::On on{.notice = std::string(word("the name of a notice"))};
    if (const auto known = check_notice(on.notice, place_); !problem_ && !known)
      problem_ = known.error();
    if (next_is("of")) on.node = target();
    if (next_is("with")) on.containing = std::string(word("what the notice says"));
    if (at_ < words_.size()) {
      if (const auto nth = number<std::uint32_t>(words_[at_])) {
        if (*nth == 0) complain("notices are counted from 1.", "");
        on.nth = *nth;
        ++at_;
      }
    }
    if (next_is("plus")) on.delay = span();
    return on;
  }

  std::optional<sim::Duration> duration(sim::Fault& fault) {
    std::optional<sim::Duration> lasts = kUsualFaultDuration;
    if (next_is("forever")) {
      lasts.reset();
    } else if (next_is("for")) {
      lasts = span();
    }
    // Some faults say themselves how long they last, some have no end.
    return sim::match(
        fault, [&](sim::Pause& f) { return own_duration(f, lasts); },
        [&](sim::StallLink& f) { return own_duration(f, lasts); },
        [&](sim::StallDisk& f) { return own_duration(f, lasts); },
        [&](const sim::CrashProcess&) { return lasts; },
        [&](const sim::CrashMachine&) { return lasts; },
        [&](const sim::LoseDisk&) { return lasts; }, [&](const sim::CutLink&) { return lasts; },
        [&](const sim::Isolate&) { return lasts; }, [&](const sim::SlowLink&) { return lasts; },
        [&](const sim::Loss&) { return lasts; }, [&](const sim::Duplicate&) { return lasts; },
        [&](const sim::Reorder&) { return lasts; }, [&](const sim::FullDisk&) { return lasts; },
        [](const sim::Restart&) { return std::optional<sim::Duration>(); },
        [](const sim::Heal&) { return std::optional<sim::Duration>(); },
        [](const sim::ResetConnections&) { return std::optional<sim::Duration>(); },
        [](const sim::TearTail&) { return std::optional<sim::Duration>(); },
        [](const sim::SkewClock&) { return std::optional<sim::Duration>(); },
        [&](const sim::DriftClock&) { return lasts; }, [&](const sim::Poke&) { return lasts; });
  }
  template <class WithDuration>
  std::optional<sim::Duration> own_duration(WithDuration& fault,
                                            std::optional<sim::Duration> lasts) {
    if (!lasts) complain("this fault cannot last forever.", "Say for how long: for 10s.");
    fault.duration = lasts.value_or(kUsualFaultDuration);
    return lasts;
  }

  std::vector<std::string_view> words_;
  std::vector<std::string_view> kinds_ = fault_words();
  std::size_t at_ = 0;
  sim::Place place_;
  std::optional<sim::Problem> problem_;
};

std::string percent_of(sim::Ratio ratio) {
  return fmt::format("{}%", ratio.numerator * 100 / ratio.denominator);
}

std::string signed_span(sim::Duration by) {
  if (by >= sim::Duration(0)) return print_duration(by);
  return "-" + print_duration(sim::Duration(-by.nanoseconds()));
}

std::string print_action(const sim::Fault& fault) {
  return sim::match(
      fault, [](const sim::CrashProcess& f) { return fmt::format("crash {}", f.target); },
      [](const sim::CrashMachine& f) { return fmt::format("crash_machine {}", f.target); },
      [](const sim::LoseDisk& f) { return fmt::format("lose_disk {}", f.target); },
      [](const sim::Restart& f) { return fmt::format("restart {}", f.target); },
      [](const sim::Pause& f) { return fmt::format("pause {}", f.target); },
      [](const sim::CutLink& f) {
        return fmt::format("cut {} {}{}", f.from,
                           f.direction == sim::Direction::OneWay ? "-> " : "", f.to);
      },
      [](const sim::Isolate& f) { return fmt::format("isolate {}", f.target); },
      [](const sim::Heal& f) { return fmt::format("heal {} {}", f.from, f.to); },
      [](const sim::SlowLink& f) {
        return fmt::format("slow {} {} by {}", f.from, f.to, print_duration(f.extra.first()));
      },
      [](const sim::Loss& f) {
        return fmt::format("lose {} {} {}", f.from, f.to, percent_of(f.probability));
      },
      [](const sim::Duplicate& f) {
        return fmt::format("duplicate {} {} {}", f.from, f.to, percent_of(f.probability));
      },
      [](const sim::Reorder& f) {
        return fmt::format("reorder {} {} {}", f.from, f.to, percent_of(f.probability));
      },
      [](const sim::ResetConnections& f) { return fmt::format("reset {} {}", f.from, f.to); },
      [](const sim::StallLink& f) { return fmt::format("stall {} {}", f.from, f.to); },
      [](const sim::StallDisk& f) { return fmt::format("stall_disk {}", f.target); },
      [](const sim::FullDisk& f) { return fmt::format("fill_disk {}", f.target); },
      [](const sim::TearTail& f) { return fmt::format("tear_tail {}", f.target); },
      [](const sim::SkewClock& f) {
        return fmt::format("skew {} by {}", f.target, signed_span(f.by));
      },
      [](const sim::DriftClock& f) {
        return fmt::format("drift {} by {}ppm", f.target, f.parts_per_billion / 1'000);
      },
      [](const sim::Poke& f) { return fmt::format("stop {}", f.target); });
}

bool has_end(const sim::Fault& fault) {
  return sim::match(
      fault, [](const sim::CrashProcess&) { return true; },
      [](const sim::CrashMachine&) { return true; }, [](const sim::LoseDisk&) { return true; },
      [](const sim::Restart&) { return false; }, [](const sim::Pause&) { return true; },
      [](const sim::CutLink&) { return true; }, [](const sim::Isolate&) { return true; },
      [](const sim::Heal&) { return false; }, [](const sim::SlowLink&) { return true; },
      [](const sim::Loss&) { return true; }, [](const sim::Duplicate&) { return true; },
      [](const sim::Reorder&) { return true; }, [](const sim::ResetConnections&) { return false; },
      [](const sim::StallLink&) { return true; }, [](const sim::StallDisk&) { return true; },
      [](const sim::FullDisk&) { return true; }, [](const sim::TearTail&) { return false; },
      [](const sim::SkewClock&) { return false; }, [](const sim::DriftClock&) { return true; },
      [](const sim::Poke&) { return true; });
}

// Of faults that say themselves how long they last.
std::optional<sim::Duration> own_duration_of(const sim::Fault& fault) {
  return std::visit(
      [](const auto& of) -> std::optional<sim::Duration> {
        if constexpr (requires { of.duration; }) return of.duration;
        return std::nullopt;
      },
      fault);
}

std::string print_when(const sim::When& when) {
  return sim::match(
      when,
      [](const sim::At& at) {
        return fmt::format("at {}", print_duration(at.time - sim::Instant(0)));
      },
      [](const sim::On& on) {
        std::string text = fmt::format("on {}", on.notice);
        if (!on.node.empty()) text += fmt::format(" of {}", on.node);
        if (!on.containing.empty()) text += fmt::format(" with {}", on.containing);
        if (on.nth != 1) text += fmt::format(" {}", on.nth);
        if (on.delay > sim::Duration(0)) text += fmt::format(" plus {}", print_duration(on.delay));
        return text;
      },
      [](const sim::After& after) { return fmt::format("after {}", after.another); });
}

// What undoes a fault. Pauses and stalls end by themselves.
std::optional<sim::Fault> ending_of(const sim::Fault& fault, const std::string& name) {
  const sim::Target hit = fmt::format("{}{}", kVictims, name);
  const sim::Target other_end = hit + std::string(kOtherEnd);
  const auto heal = [&](const auto&) {
    return std::optional<sim::Fault>(sim::Heal{hit, other_end});
  };
  const auto restart = [&](const auto&) {
    return std::optional<sim::Fault>(sim::Restart{hit, sim::IfRunning::Leave});
  };
  const auto none = [](const auto&) { return std::optional<sim::Fault>(); };
  return sim::match(
      fault, [&](const sim::CrashProcess& f) { return restart(f); },
      [&](const sim::CrashMachine& f) { return restart(f); },
      [&](const sim::LoseDisk& f) { return restart(f); },
      [&](const sim::CutLink& f) { return heal(f); },
      [&](const sim::SlowLink& f) { return heal(f); }, [&](const sim::Loss& f) { return heal(f); },
      [&](const sim::Duplicate& f) { return heal(f); },
      [&](const sim::Reorder& f) { return heal(f); },
      [&](const sim::Isolate&) { return std::optional<sim::Fault>(sim::Heal{hit, "*"}); },
      [&](const sim::FullDisk&) {
        return std::optional<sim::Fault>(sim::FullDisk{hit, sim::Space::Free});
      },
      [&](const sim::DriftClock&) { return std::optional<sim::Fault>(sim::DriftClock{hit, 0}); },
      [&](const sim::Restart& f) { return none(f); }, [&](const sim::Pause& f) { return none(f); },
      [&](const sim::Heal& f) { return none(f); },
      [&](const sim::ResetConnections& f) { return none(f); },
      [&](const sim::StallLink& f) { return none(f); },
      [&](const sim::StallDisk& f) { return none(f); },
      [&](const sim::TearTail& f) { return none(f); },
      [&](const sim::SkewClock& f) { return none(f); },
      // Whoever has not stopped by then is killed.
      [&](const sim::Poke&) {
        return std::optional<sim::Fault>(sim::Restart{hit, sim::IfRunning::Crash});
      });
}

}  // namespace

std::vector<std::string_view> fault_words() {
  std::vector<std::string_view> words = sim::fault_kinds();
  // The one message that a fault can bring: leave in good order.
  std::ranges::replace(words, std::string_view("poke"), std::string_view("stop"));
  return words;
}

sim::Expected<FaultDirective> parse_fault(std::string_view words, const sim::Place& place) {
  return Reader(words, place).read();
}

sim::Expected<sim::When> parse_when(std::string_view words, const sim::Place& place) {
  return Reader(words, place).read_when();
}

std::string print_fault(const FaultDirective& directive) {
  std::string text =
      fmt::format("{} {}", print_action(directive.fault), print_when(directive.when));
  if (has_end(directive.fault)) {
    text += directive.lasts ? fmt::format(" for {}", print_duration(*directive.lasts)) : " forever";
  }
  return text;
}

sim::FaultPlan plan_of(std::span<const FaultDirective> directives) {
  sim::FaultPlan plan;
  for (std::size_t i = 0; i < directives.size(); ++i) {
    const std::string name = fmt::format("fault-{}", i + 1);
    plan.push_back({name, directives[i].when, directives[i].fault});
    if (!directives[i].lasts) continue;
    if (auto ending = ending_of(directives[i].fault, name)) {
      plan.push_back({name + ".end", sim::After{name, *directives[i].lasts}, std::move(*ending)});
    }
  }
  return plan;
}

std::vector<FaultDirective> directives_of(const sim::FaultPlan& plan) {
  std::vector<FaultDirective> directives;
  std::map<std::string, std::size_t> position;  // of a disturbance's first fault
  for (const sim::PlannedFault& planned : plan) {
    const auto* const after = std::get_if<sim::After>(&planned.when);
    if (after == nullptr) {
      position[planned.name] = directives.size();
      directives.push_back({planned.fault, planned.when, own_duration_of(planned.fault)});
      continue;
    }
    const std::size_t first = position.at(after->another);
    if (planned.name.ends_with(".cure")) {
      for (std::size_t i = first; i < directives.size(); ++i) {
        if (has_end(directives[i].fault)) directives[i].lasts = after->delay;
      }
    } else {
      directives.push_back({planned.fault, directives[first].when, own_duration_of(planned.fault)});
    }
  }
  for (FaultDirective& directive : directives) {
    auto same = parse_fault(print_fault(directive), {});
    sim::check(same && print_fault(*same) == print_fault(directive),
               "what is drawn can be said in a scenario file");
    directive = std::move(*same);  // 3/10 becomes 30/100: to the last bit what the file will say
  }
  return directives;
}

std::optional<Victims> victims_of(std::string_view role) {
  if (!role.starts_with(kVictims)) return std::nullopt;
  role.remove_prefix(kVictims.size());
  const bool other_end = role.ends_with(kOtherEnd);
  if (other_end) role.remove_suffix(kOtherEnd.size());
  return Victims{role, other_end ? 1u : 0u};
}

}  // namespace scenarios
