#include "sim/kernel/disk.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"

namespace sim {
namespace {

constexpr Site kSurvivors{"disk.survivors"};

FileContent read(const Journal& journal, bool torn) {
  FileContent content{.first = journal.first(), .entries = {}, .torn = torn};
  content.entries.reserve(journal.end() - journal.first());
  for (std::uint64_t index = journal.first(); index < journal.end(); ++index) {
    content.entries.push_back(journal.at(index));
  }
  return content;
}

}  // namespace

Disk::Disk(const Durable& content) {
  for (const auto& [file, given] : content.files) {
    Stored& stored = files_[file];
    stored.cached.drop_before(given.first);
    for (const Payload& entry : given.entries) stored.cached.append(entry);
    stored.durable_end = stored.cached.end();
    stored.torn = given.torn;
  }
}

void Disk::Aging::before_append(Instant now, std::uint64_t end) {
  const bool older_is_of_use = older_end != written_back && now - older_at < kWrittenBackAfter;
  if (now - newer_at >= kWrittenBackAfter / 2 && !older_is_of_use) {
    written_back = older_end;
    older_at = newer_at;
    older_end = newer_end;
    newer_at = last_at;
    newer_end = end;
  }
  last_at = now;
}

std::uint64_t Disk::Aging::written_back_at(Instant now, std::uint64_t end) const {
  if (now - last_at >= kWrittenBackAfter) return end;
  if (now - newer_at >= kWrittenBackAfter) return newer_end;
  if (now - older_at >= kWrittenBackAfter) return older_end;
  return written_back;
}

Disk::Stored& Disk::written(File file) {
  const auto [at, fresh] = files_.try_emplace(file);
  // Before its first write there was nothing to sync.
  if (fresh) at->second.durable_version = version_;
  return at->second;
}

bool Disk::append(File file, Payload entry, Instant now) {
  if (full_) return false;
  Stored& stored = written(file);
  stored.aging.before_append(now, stored.cached.end());
  stored.cached.append(std::move(entry));
  stored.torn = false;
  stored.last_write = ++version_;
  return true;
}

Disk::Stored& Disk::change_shape(File file) {
  Stored& stored = written(file);
  if (!stored.durable) stored.durable = stored.cached.prefix(stored.durable_end);
  for (Running& running : running_) {
    for (Sync::Part& part : running.sync.parts) {
      if (part.file == file && !part.content) part.content = stored.cached.prefix(part.end);
    }
  }
  ++stored.shape;
  stored.aging.newer_end = stored.aging.older_end = stored.aging.written_back = 0;
  stored.torn = false;
  stored.last_write = ++version_;
  return stored;
}

bool Disk::replace(File file, Payload content) {
  if (full_) return false;
  Stored& stored = change_shape(file);
  stored.cached = Journal{};
  stored.cached.append(std::move(content));
  return true;
}

void Disk::truncate(File file, std::uint64_t entries) {
  Stored& stored = change_shape(file);
  stored.cached.truncate(stored.cached.first() + entries);
}

// Takes effect on what is durable at once: a core that drops entries before what replaces them is synced
// is to be found out by the next machine crash.
void Disk::drop_before(File file, std::uint64_t first) {
  Stored& stored = written(file);
  stored.cached.drop_before(first);
  if (stored.durable) stored.durable->drop_before(first);
  stored.durable_end = std::max(stored.durable_end, first);
  for (Running& running : running_) {
    for (Sync::Part& part : running.sync.parts) {
      if (part.file == file && part.content) part.content->drop_before(first);
    }
  }
  stored.last_write = ++version_;
}

Disk::Version Disk::version_of(Files files) {
  // Of a file with nothing to sync every version so far is durable; what is written later is not meant.
  const auto end = files_.upper_bound(files.last);
  for (auto at = files_.lower_bound(files.first); at != end; ++at) {
    Stored& stored = at->second;
    if (stored.last_write <= stored.durable_version) stored.durable_version = version_;
  }
  return version_;
}

bool Disk::durable(Files files, Version version) const {
  return std::ranges::all_of(
      files_.lower_bound(files.first), files_.upper_bound(files.last), [&](const auto& entry) {
        const Stored& stored = entry.second;
        return std::min(stored.last_write, version) <= stored.durable_version;
      });
}

std::uint32_t Disk::begin_sync(Files files) {
  Running running{next_handle_++, Sync{.version = version_, .parts = {}}};
  const auto end = files_.upper_bound(files.last);
  for (auto at = files_.lower_bound(files.first); at != end; ++at) {
    const Stored& stored = at->second;
    if (stored.last_write <= stored.durable_version) continue;
    running.sync.parts.push_back({at->first, stored.shape, stored.cached.end(), std::nullopt});
  }
  running_.push_back(std::move(running));
  return running_.back().handle;
}

void Disk::finish_sync(std::uint32_t handle) {
  const auto found = std::ranges::find(running_, handle, &Running::handle);
  check(found != running_.end(), "an fsync finishes once, and after it began");
  for (Sync::Part& part : found->sync.parts) {
    Stored& stored = files_[part.file];
    if (part.shape == stored.shape) {
      // Only appends since: the durable part is a prefix. An fsync that began later may have finished
      // first; what it reached stays.
      stored.durable_end = stored.durable ? part.end : std::max(stored.durable_end, part.end);
      stored.durable.reset();
    } else if (found->sync.version > stored.durable_version) {
      stored.durable = std::move(part.content);
    }
    stored.durable_version = std::max(stored.durable_version, found->sync.version);
  }
  running_.erase(found);
}

void Disk::lose_unsynced(Choices& choices, NodeId node, Instant now) {
  running_.clear();
  for (auto& [file, stored] : files_) {
    if (!stored.durable) {
      const std::uint64_t aged = stored.aging.written_back_at(now, stored.cached.end());
      stored.durable_end = std::max(stored.durable_end, aged);
    }
    if (stored.durable) {
      stored.cached = std::move(*stored.durable);
      stored.durable.reset();
      ++stored.shape;
    } else if (const std::uint64_t unsynced = stored.cached.end() - stored.durable_end;
               unsynced > 0) {
      const std::uint64_t entity = (std::uint64_t{file.value()} << 32) | node.value();
      // A torn tail is part of an entry: at least one of the unsynced ones did not survive whole.
      const std::uint64_t survivors =
          choices.pick(kSurvivors, entity, 0, tear_ ? unsynced - 1 : unsynced);
      stored.cached.truncate(stored.durable_end + survivors);
      stored.torn = tear_;
      ++stored.shape;
    }
    stored.durable_end = stored.cached.end();
    stored.durable_version = version_;
    stored.aging = {};
  }
  tear_ = false;
}

void Disk::erase() {
  running_.clear();
  files_.clear();
  tear_ = false;
}

Durable Disk::content() const {
  Durable all;
  for (const auto& [file, stored] : files_) all.files[file] = read(stored.cached, stored.torn);
  return all;
}

Durable Disk::durable_content() const {
  Durable all;
  for (const auto& [file, stored] : files_) {
    all.files[file] = read(stored.durable_journal(), stored.torn);
  }
  return all;
}

void Disk::digest_into(Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(full_) << 1 | static_cast<std::uint64_t>(tear_));
  for (const auto& [file, stored] : files_) {
    digest.add(file.value());
    digest.add(static_cast<std::uint64_t>(stored.torn));
    stored.cached.digest_into(digest);
    digest.add(stored.durable_end);
    digest.add(stored.aging.written_back);
    digest.add(stored.aging.older_end);
    digest.add(stored.aging.newer_end);
    if (stored.cached.end() > stored.durable_end) {
      digest.add(static_cast<std::uint64_t>(stored.aging.last_at.nanoseconds()));
      digest.add(static_cast<std::uint64_t>(stored.aging.older_at.nanoseconds()));
      digest.add(static_cast<std::uint64_t>(stored.aging.newer_at.nanoseconds()));
    }
    if (stored.durable) stored.durable->digest_into(digest);
  }
  for (const Running& running : running_) {
    for (const Sync::Part& part : running.sync.parts) {
      digest.add(part.file.value());
      digest.add(part.end);
      if (part.content) part.content->digest_into(digest);
    }
  }
}

}  // namespace sim
