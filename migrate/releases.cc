#include "migrate/releases.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace migrate {
namespace {

constexpr Release k340{3, 4, 0}, k350{3, 5, 0}, k351{3, 5, 1}, k352{3, 5, 2}, k360{3, 6, 0},
    k361{3, 6, 1}, k362{3, 6, 2}, k370{3, 7, 0}, k371{3, 7, 1}, k380{3, 8, 0}, k381{3, 8, 1},
    k390{3, 9, 0}, k391{3, 9, 1}, k392{3, 9, 2};

constexpr Release kReleases[] = {k340, {3, 4, 1}, k350,      k351, k352, k360, k361, k362,
                                 k370, k371,      {3, 7, 2}, k380, k381, k390, k391};

// Of an issue: as migration.md §7.1 has them; KAFKA-16171 and KAFKA-16563 from 3.5.0 on, whose driver has the same lines as
// that of 3.6.0 (KRaftMigrationDriver.BecomeZkControllerEvent, PollEvent). Of an MB number, which is read in 3.9: the first release with the code that
// it lies in (migration.md §7.2).
constexpr KnownBug kBugs[] = {
    {"KAFKA-14801", "encrypted configs are copied as cipher text", k340, {k350}},
    {"KAFKA-14805", "KRaft takes changes before the copy", k340, {k350}},
    {"KAFKA-14840", "what a controller loads as a snapshot is not mirrored", k340, {k350}},
    {"KAFKA-14909", "the migration begins though a controller is not ready for it", k340, {k350}},
    {"KAFKA-15010", "a failover loses changes in ZooKeeper", k340, {k350}},
    {"KAFKA-15149", "brokers hear nothing of new partitions in dual write", k350, {k351, k360}},
    {"KAFKA-15552", "producer ids are handed out twice", k340, {k352, k361, k370}},
    {"KAFKA-15605", "topics being deleted come back", k340, {k361, k370}},
    {"KAFKA-15799", "brokers keep deleted topics", k340, {k361, k370}},
    {"KAFKA-16003",
     "a topic that is created without configs has no config znode in ZooKeeper",
     k340,
     {k371, k380}},
    {"KAFKA-16007", "the copy waits for each small topic", k340, {k362, k370}},
    {"KAFKA-16120", "reassignments in hybrid mode leave replicas behind", k340, {k362, k370}},
    {"KAFKA-16121", "reassignments in hybrid mode never end", k340, {k362, k370}},
    {"KAFKA-16171", "a failover wedges dual write", k350, {k362, k370}},
    {"KAFKA-16180", "a topic deleted and made again is mixed up", k361, {k362, k370}},
    {"KAFKA-16222", "quotas end up with the wrong user", k340, {k362, k371, k380}},
    {"KAFKA-16428", "brokers miss changes of configs", k360, {k362, k371, k380}},
    {"KAFKA-16463", "a second attempt starts from the first one's log", k340, {k371, k380}},
    {"KAFKA-16539", "configs changed before the copy are lost", k340, {k371, k380}},
    {"KAFKA-16563", "one error of ZooKeeper stops the migration for ever", k350, {k371, k380}},
    {"KAFKA-16667", "a failover wedges dual write although /migration is read again", k340, {k390}},
    {"KAFKA-17457", "a crash leaves half a copy", k340, {k381, k390}},
    {"KAFKA-17506", "the leader's driver stays inactive", k340, {k381, k390}},
    {"KAFKA-19026",
     "alter.config.policy is given other arguments in KRaft mode (KIP-1252)",
     k340,
     {k392},
     true},
    {"KAFKA-19480", "an empty /migration stops controllers", k340, {k392}, true},
    {"KAFKA-20488",
     "after a rollback no leader is elected where the epoch is higher than the controllers'", k340},
    {"MB-01", "what a former attempt left in /migration has ZooKeeper overwritten", k350},
    {"MB-02", "a controller with a former attempt's log claims from the brokers", k350},
    {"MB-03", "a claim whose answer is lost is taken for another's", k340},
    {"MB-04", "after a write whose answer is lost all later ones fail", k340},
    {"MB-05", "an election that meets an error of ZooKeeper is forgotten", k340},
    {"MB-06", "a change that cannot be mirrored is skipped", k340},
    {"MB-07", "a copy that is complete in the log alone is the end", k350},
    {"MB-08", "a topic deleted and made anew is lost in a reconciliation", k350},
    {"MB-09", "brokers hear nothing while the driver waits for ZooKeeper", k340},
    {"MB-10", "a partition without state holds up the reconciliation for ever", k350},
    {"MB-11", "configs of another type hold up the reconciliation for ever", k350},
    {"MB-12", "the last quota of a client is not removed from ZooKeeper", k350},
    {"MB-19", "a broker that dies before the end of the copy may come out of it as a leader", k350},
    {"MB-22", "a failover in the copy leaves a broker fenced", k360},
    {"MB-23", "a claimant that stood still undoes its successor's copy", k390},
    {"MB-24", "a copy goes on outside of its transaction after a claim was lost", k360},
    {"MB-26", "a broker that slept through a deletion keeps the topic", k340},
    {"MB-28", "a partition that is copied without leader stays so for up to five minutes", k350},
};
static_assert(std::ranges::is_sorted(kBugs, {}, &KnownBug::id));

}  // namespace

std::optional<Release> release_of(std::string_view text) {
  std::array<int, 3> parts{};
  std::size_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < parts.size()) {
    const auto [next, error] = std::from_chars(at, end, parts[count]);
    if (error != std::errc()) break;
    ++count;
    at = next;
    if (at == end || *at != '.') break;
    ++at;
  }
  if (count < 2) return std::nullopt;
  // Confluent Platform 5 to 8 are Kafka 2 to 4; 5.x counts from 5.0 = 2.0, 6.x from 6.0 = 2.6.
  switch (parts[0]) {
    case 5:
      return Release{2, parts[1], parts[2]};
    case 6:
      return Release{2, parts[1] + 6, parts[2]};
    case 7:
      return Release{3, parts[1], parts[2]};
    case 8:
      return Release{4, parts[1], parts[2]};
    default:
      return Release{parts[0], parts[1], parts[2]};
  }
}

std::string describe(const Release& release) {
  return fmt::format("{}.{}.{}", release.major, release.minor, release.patch);
}

std::span<const Release> releases_that_migrate() {
  return kReleases;
}
std::span<const KnownBug> known_bugs() {
  return kBugs;
}

const KnownBug* find_known_bug(std::string_view id) {
  const auto found = std::ranges::find(kBugs, id, &KnownBug::id);
  return found == std::end(kBugs) ? nullptr : &*found;
}

bool KnownBug::is_in(const Release& release) const {
  if (release < since) return false;
  if (!is_fixed_somewhere()) return true;
  for (const Release& first_without : fixed) {
    if (first_without == Release{}) continue;
    const bool same_line =
        first_without.major == release.major && first_without.minor == release.minor;
    if (same_line) return release < first_without;
    // A line that is older than every fix never got one.
    if (release < first_without) return true;
  }
  return false;
}

std::string KnownBug::describe_releases() const {
  std::string text = fmt::format("{} on", describe(since));
  std::string_view separator = ", fixed in ";
  for (const Release& first_without : fixed) {
    if (first_without == Release{}) continue;
    text += fmt::format("{}{}", std::exchange(separator, ", "), describe(first_without));
  }
  return text;
}

}  // namespace migrate
