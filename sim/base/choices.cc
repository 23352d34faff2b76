#include "sim/base/choices.h"

#include <algorithm>

#include "sim/base/check.h"

namespace sim {
namespace {

std::uint64_t key_of(Site site, std::uint64_t entity) {
  const std::uint64_t key = Digest::mix(site.hash ^ Digest::mix(entity + 0x9e3779b97f4a7c15ULL));
  return key == 0 ? 1 : key;
}

}  // namespace

Choices::Counter& Choices::counter(std::uint64_t key) {
  if (2 * (used_ + 1) > counters_.size()) grow();
  const std::size_t mask = counters_.size() - 1;
  for (std::size_t at = key & mask;; at = (at + 1) & mask) {
    Counter& found = counters_[at];
    if (found.key == key) return found;
    if (found.key == 0) {
      found.key = key;
      ++used_;
      return found;
    }
  }
}

void Choices::grow() {
  std::vector<Counter> old = std::move(counters_);
  counters_.assign(std::max<std::size_t>(64, old.size() * 2), Counter{});
  const std::size_t mask = counters_.size() - 1;
  for (const Counter& moved : old) {
    if (moved.key == 0) continue;
    std::size_t at = moved.key & mask;
    while (counters_[at].key != 0) at = (at + 1) & mask;
    counters_[at] = moved;
  }
}

Choices::Answer Choices::ask(Site site, std::uint64_t entity) {
  const std::uint64_t key = key_of(site, entity);
  const std::uint64_t k = counter(key).times++;
  Answer answer{Digest::mix(Digest::mix(seed_ ^ key) + k * 0x9e3779b97f4a7c15ULL), std::nullopt};
  if (!overrides_.empty()) {
    if (const auto fixed = overrides_.find({site.hash, entity, k}); fixed != overrides_.end()) {
      answer.fixed = fixed->second.second;
    }
  }
  return answer;
}

std::uint64_t Choices::bits(Site site, std::uint64_t entity) {
  return ask(site, entity).bits;
}

std::uint64_t Choices::pick(Site site, std::uint64_t entity, std::uint64_t low,
                            std::uint64_t high) {
  check(low <= high, "a choice has at least one answer");
  const Answer answer = ask(site, entity);
  if (answer.fixed) return std::clamp(*answer.fixed, low, high);
  if (low == 0 && high == UINT64_MAX) return answer.bits;
  return low + scale_to(answer.bits, high - low + 1);
}

Duration Choices::uniform(Site site, std::uint64_t entity, Duration low, Duration high) {
  check(low <= high, "a choice has at least one answer");
  const Answer answer = ask(site, entity);
  if (answer.fixed)
    return std::clamp(Duration(static_cast<std::int64_t>(*answer.fixed)), low, high);
  return Distribution::uniform(low, high).sample(answer.bits);
}

Duration Choices::sample(Site site, std::uint64_t entity, const Distribution& distribution) {
  const Answer answer = ask(site, entity);
  if (answer.fixed) return Duration(static_cast<std::int64_t>(*answer.fixed));
  return distribution.sample(answer.bits);
}

bool Choices::chance(Site site, std::uint64_t entity, Ratio probability) {
  const Answer answer = ask(site, entity);
  if (answer.fixed) return *answer.fixed != 0;
  return scale_to(answer.bits, probability.denominator) < probability.numerator;
}

void Choices::override_with(const ChoiceName& name, std::uint64_t value) {
  overrides_.insert_or_assign({hash_name(name.site), name.entity, name.k}, std::pair{name, value});
}

std::vector<ChoiceName> Choices::unmet_overrides() const {
  std::vector<ChoiceName> unmet;
  for (const auto& [key, override] : overrides_) {
    const auto& [site_hash, entity, k] = key;
    const std::uint64_t wanted =
        Digest::mix(site_hash ^ Digest::mix(entity + 0x9e3779b97f4a7c15ULL));
    const auto asked = std::ranges::find(counters_, wanted, &Counter::key);
    if (asked == counters_.end() || asked->times <= k) unmet.push_back(override.first);
  }
  std::ranges::sort(unmet);
  return unmet;
}

std::uint64_t Choices::times_asked(Site site, std::uint64_t entity) const {
  const auto asked = std::ranges::find(counters_, key_of(site, entity), &Counter::key);
  return asked == counters_.end() ? 0 : asked->times;
}

void Choices::digest_into(Digest& digest) const {
  // A sum, because the order of the table depends on its history of growth.
  std::uint64_t sum = 0;
  for (const Counter& counter : counters_) {
    if (counter.key != 0) sum += Digest::mix(counter.key ^ Digest::mix(counter.times));
  }
  digest.add(seed_);
  digest.add(sum);
}

}  // namespace sim
