#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include "sim/base/choices.h"

namespace sim {

// Whoever answers questions: a seeded generator (Choices), rapidcheck, an enumerator, fixed answers. Every
// maker asks so that the lowest answer is the simplest, for that is where shrinking goes and where an
// enumerator begins. A reference: the source must outlive it.
class ChoiceSource {
 public:
  template <class Source>
    requires(!std::same_as<std::remove_cvref_t<Source>, ChoiceSource>) &&
                requires(Source& source, Site site) {
                  {
                    source.pick(site, std::uint64_t{}, std::uint64_t{}, std::uint64_t{})
                  } -> std::convertible_to<std::uint64_t>;
                }
  ChoiceSource(Source& source)  // NOLINT(google-explicit-constructor): any source will do
      : source_(&source),
        pick_(
            [](void* self, Site site, std::uint64_t entity, std::uint64_t low, std::uint64_t high) {
              return static_cast<std::uint64_t>(
                  static_cast<Source*>(self)->pick(site, entity, low, high));
            }) {}

  // A number in [low, high], both included. Requires low <= high.
  std::uint64_t pick(Site site, std::uint64_t entity, std::uint64_t low, std::uint64_t high) {
    return pick_(source_, site, entity, low, high);
  }

 private:
  void* source_;
  std::uint64_t (*pick_)(void*, Site, std::uint64_t, std::uint64_t, std::uint64_t);
};

// Answers every question in every way, one combination after another:
//
//   Enumerator all;
//   do { use(make_faults(all, …)); } while (all.advance());
class Enumerator {
 public:
  std::uint64_t pick(Site /*site*/, std::uint64_t /*entity*/, std::uint64_t low,
                     std::uint64_t high) {
    if (asked_ == answers_.size()) answers_.push_back({low, high});
    return answers_[asked_++].now;
  }
  // To the next combination; false when there is none.
  bool advance() {
    answers_.resize(asked_);  // a question that was not asked again has no more answers
    asked_ = 0;
    while (!answers_.empty() && answers_.back().now == answers_.back().last) answers_.pop_back();
    if (answers_.empty()) return false;
    ++answers_.back().now;
    return true;
  }

 private:
  struct Answer {
    std::uint64_t now;
    std::uint64_t last;
  };
  std::vector<Answer> answers_;
  std::size_t asked_ = 0;
};

}  // namespace sim
