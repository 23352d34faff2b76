#include "zk/disk/snapshot_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace zk::disk {
namespace {

using sim::Expected;
using sim::Problem;
using sim::Severity;

Expected<ChosenSnapshot> load(const SnapshotFile& file) {
  auto input = Input::open(file.path, file.compression);
  if (!input) return std::unexpected(input.error());
  auto loaded = load_snapshot(*std::move(input), file.path.string());
  if (!loaded) return std::unexpected(loaded.error());
  ChosenSnapshot chosen{.loaded = *std::move(loaded), .file = file, .fuzzy_until = file.zxid};
  // The name wins over the zxid that 3.9 writes into the file (FileSnap.deserialize).
  chosen.loaded.database.tree.set_last_processed_zxid(file.zxid);
  std::optional<ZxidDigest>& digest = chosen.loaded.digest;
  chosen.fuzziness_known = digest.has_value() || file.zxid == Zxid(0);
  // A digest from before the snapshot began: a new leader's first snapshot, at rest.
  if (digest && (digest->zxid == Zxid(0) || digest->zxid < file.zxid)) digest.reset();
  if (digest) chosen.fuzzy_until = digest->zxid;
  chosen.fuzzy_until = std::max(chosen.fuzzy_until, chosen.loaded.newest_zxid);
  return chosen;
}

Problem no_snapshot(const DataDirectory& directory) {
  return {
      .severity = Severity::Unknown,
      .place = {.source = directory.folder.string()},
      .what =
          fmt::format("there are transaction logs from {} on, but no snapshot: a server refuses to "
                      "start from these files",
                      zk::describe(directory.logs.front().first)),
      .remedy =
          "Copy the snapshot.<zxid> files from the server's dataDir as well. Only a server before "
          "3.5.3 that never took one may do without "
          "(zookeeper.snapshot.trust.empty=true)."};
}

Problem none_before(const DataDirectory& directory, Zxid zxid) {
  const Zxid oldest = directory.snapshots.back().zxid;
  return {.severity = Severity::Unknown,
          .place = {.source = directory.folder.string()},
          .what = fmt::format(
              "the state as of {} cannot be rebuilt: no snapshot is surely complete by then "
              "(the oldest one began at {})",
              zk::describe(zxid), zk::describe(oldest)),
          .remedy =
              "Add older snapshots and logs (a backup from before they were purged), or ask for a "
              "later zxid."};
}

Problem none_valid(const DataDirectory& directory, const std::vector<Warning>& warnings) {
  std::string why = "none of the snapshots can be read";
  for (const Warning& warning : warnings) {
    if (warning.kind == Warning::Kind::SkippedSnapshot) {
      why += fmt::format("; {}: {}", sim::describe(warning.place), warning.what);
    }
  }
  return {.place = {.source = directory.folder.string()},
          .what = std::move(why),
          .remedy =
              "A server refuses to start from this folder. Take the files of another member of the "
              "ensemble, or copy them again while the server is stopped."};
}

ChosenSnapshot empty_tree() {
  ChosenSnapshot chosen;
  chosen.loaded.database = Database{};
  return chosen;
}

}  // namespace

Expected<ChosenSnapshot> choose_snapshot(const DataDirectory& directory, const SnapshotWish& wish,
                                         std::vector<Warning>& warnings) {
  if (directory.snapshots.empty()) {
    if (!wish.trust_empty) return std::unexpected(no_snapshot(directory));
    return empty_tree();
  }
  std::vector<SnapshotFile> candidates = directory.snapshots;
  if (wish.oldest) std::ranges::reverse(candidates);
  std::optional<ChosenSnapshot> unproven;
  bool a_newer_one_fits = false;
  bool any_valid = false;
  for (const SnapshotFile& file : candidates) {
    if (wish.exact_by && file.zxid > *wish.exact_by) {
      any_valid = true;  // not tried, so not blamed
      continue;
    }
    auto chosen = load(file);
    if (!chosen) {
      warnings.push_back(
          {Warning::Kind::SkippedSnapshot, chosen.error().place, chosen.error().what});
      continue;
    }
    any_valid = true;
    if (!wish.exact_by) return chosen;
    const bool in_time = chosen->fuzzy_until <= *wish.exact_by;
    // A server takes one snapshot after the other: this one was complete before the next one began.
    if (in_time && (chosen->fuzziness_known || a_newer_one_fits)) return chosen;
    if (in_time && !unproven) unproven = *std::move(chosen);
    a_newer_one_fits = true;
  }
  if (unproven) {
    warnings.push_back(
        {Warning::Kind::MaybeFuzzy,
         {.source = unproven->file->path.string()},
         fmt::format("this snapshot (of a server before 3.6) does not say when it was complete; "
                     "it may hold parts of transactions after {}",
                     zk::describe(*wish.exact_by))});
    return *std::move(unproven);
  }
  if (!any_valid) return std::unexpected(none_valid(directory, warnings));
  return std::unexpected(none_before(directory, wish.exact_by.value_or(Zxid(0))));
}

}  // namespace zk::disk
