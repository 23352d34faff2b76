#include "sim/kernel/links.h"

#include <algorithm>

namespace sim {
namespace {

constexpr Site kDelay{"network.delay"};
constexpr Site kExtra{"network.extra"};
constexpr Site kLoss{"network.loss"};
constexpr Site kDuplicate{"network.duplicate"};
constexpr Site kReorder{"network.reorder"};
constexpr Site kOvertakenBy{"network.overtaken_by"};
constexpr Site kRetransmission{"network.retransmission"};

// A question with one possible answer is not asked: most links have no loss and a busy kernel asks for
// every message.
bool happens(Site site, std::uint64_t link, Ratio probability, Choices& choices) {
  return probability.numerator != 0 && choices.chance(site, link, probability);
}

Duration drawn(Site site, std::uint64_t link, const Distribution& distribution, Choices& choices) {
  return distribution.shape() == Distribution::Shape::Constant
             ? distribution.first()
             : choices.sample(site, link, distribution);
}

}  // namespace

void Links::build(NodeId from, NodeId to, const LinkProfile& profile) {
  Link& link = change(from, to);
  link.built = link.profile = profile;
  limited_ = limited_ || profile.bytes_per_second != 0;
}

void Links::stall(NodeId from, NodeId to, Instant until) {
  Link& link = change(from, to);
  link.stalled_until = std::max(link.stalled_until, until);
}

void Links::heal(NodeId from, NodeId to) {
  const auto found = different_.find(key(from, to));
  if (found == different_.end()) return;
  Link& link = found->second;
  // Back among the links that are all alike, where lookups cost nothing.
  if (link.built == common_ && common_.bytes_per_second == 0) {
    different_.erase(found);
    return;
  }
  link.profile = link.built;
  link.cut = false;
  link.stalled_until = Instant{};
}

Duration Links::delay(const LinkProfile& profile, Key key, Choices& choices) {
  return drawn(kDelay, key, profile.delay, choices) + drawn(kExtra, key, profile.extra, choices);
}

Instant Links::departure(Link* link, NodeId from, NodeId to, Instant now, std::size_t bytes) {
  if (link == nullptr) {
    if (common_.bytes_per_second == 0) return now;
    link = &change(from, to);
  }
  Instant leaves = std::max(now, link->stalled_until);
  if (link->profile.bytes_per_second != 0) {
    const std::uint64_t nanoseconds = bytes * 1'000'000'000 / link->profile.bytes_per_second;
    leaves = std::max(leaves, link->free_at) + Duration(static_cast<std::int64_t>(nanoseconds));
    link->free_at = leaves;
  }
  return leaves;
}

Passage Links::datagram(NodeId from, NodeId to, Instant now, std::size_t bytes, Choices& choices) {
  Link* const link = find(from, to);
  if (link != nullptr && link->cut) return {};
  const Key entity = key(from, to);
  const Instant leaves = departure(link, from, to, now, bytes);
  // `departure` may have made the link one of its own.
  const LinkProfile profile = link == nullptr ? common_ : link->profile;
  if (happens(kLoss, entity, profile.loss, choices)) return {};
  Passage passage{leaves + delay(profile, entity, choices), std::nullopt};
  if (happens(kReorder, entity, profile.reorder, choices)) {
    passage.arrival = *passage.arrival + drawn(kOvertakenBy, entity, profile.overtaken_by, choices);
  }
  if (happens(kDuplicate, entity, profile.duplicate, choices)) {
    passage.twin = leaves + delay(profile, entity, choices) +
                   drawn(kOvertakenBy, entity, profile.overtaken_by, choices);
  }
  return passage;
}

Instant Links::segment(NodeId from, NodeId to, Instant now, std::size_t bytes,
                       const Distribution& retransmission, Choices& choices) {
  Link* const link = find(from, to);
  const Key entity = key(from, to);
  const Instant leaves = departure(link, from, to, now, bytes);
  const LinkProfile& profile = link == nullptr ? common_ : link->profile;
  Instant arrival = leaves + delay(profile, entity, choices);
  if (happens(kLoss, entity, profile.loss, choices)) {
    arrival = arrival + drawn(kRetransmission, entity, retransmission, choices);
  }
  return arrival;
}

void Links::digest_into(Digest& digest) const {
  const auto add_distribution = [&](const Distribution& distribution) {
    digest.add(static_cast<std::uint64_t>(distribution.shape()));
    digest.add(static_cast<std::uint64_t>(distribution.first().nanoseconds()));
    digest.add(static_cast<std::uint64_t>(distribution.second().nanoseconds()));
  };
  const auto add_ratio = [&](Ratio ratio) {
    digest.add(ratio.numerator);
    digest.add(ratio.denominator);
  };
  for (const auto& [link_key, link] : different_) {
    digest.add(link_key);
    digest.add(static_cast<std::uint64_t>(link.cut));
    digest.add(static_cast<std::uint64_t>(link.stalled_until.nanoseconds()));
    digest.add(static_cast<std::uint64_t>(link.free_at.nanoseconds()));
    digest.add(link.profile.bytes_per_second);
    add_distribution(link.profile.delay);
    add_distribution(link.profile.extra);
    add_ratio(link.profile.loss);
    add_ratio(link.profile.duplicate);
    add_ratio(link.profile.reorder);
  }
}

}  // namespace sim
