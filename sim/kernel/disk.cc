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

bool Disk::append(File file, Payload entry) {
  if (full_) return false;
  Stored& stored = files_[file];
  stored.cached.append(std::move(entry));
  stored.torn = false;
  stored.last_write = ++version_;
  return true;
}

Disk::Stored& Disk::change_shape(File file) {
  Stored& stored = files_[file];
  if (!stored.durable) stored.durable = stored.cached.prefix(stored.durable_end);
  for (Running& running : running_) {
    for (Sync::Part& part : running.sync.parts) {
      if (part.file == file && !part.content) part.content = stored.cached.prefix(part.end);
    }
  }
  ++stored.shape;
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
  Stored& stored = files_[file];
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

std::uint32_t Disk::begin_sync() {
  Running running{next_handle_++, Sync{.version = version_, .parts = {}}};
  for (const auto& [file, stored] : files_) {
    if (stored.last_write <= durable_version_) continue;
    running.sync.parts.push_back({file, stored.shape, stored.cached.end(), std::nullopt});
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
    } else if (found->sync.version > durable_version_) {
      stored.durable = std::move(part.content);
    }
  }
  durable_version_ = std::max(durable_version_, found->sync.version);
  running_.erase(found);
}

void Disk::lose_unsynced(Choices& choices, NodeId node) {
  running_.clear();
  for (auto& [file, stored] : files_) {
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
  }
  tear_ = false;
  durable_version_ = version_;
}

void Disk::erase() {
  running_.clear();
  files_.clear();
  tear_ = false;
  durable_version_ = version_;
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
