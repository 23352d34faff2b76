#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>

#include "sim/base/choices.h"
#include "sim/core/core.h"
#include "sim/kernel/journal.h"

namespace sim {

// The files of one node: what its page cache holds, and what of it is durable. Writes act on the page
// cache at once; an fsync of some files captures what they hold when it begins and makes exactly that
// durable when it finishes. The page cache outlives the process; the durable part outlives the machine, and
// so do appended entries that have waited for kWrittenBackAfter: the operating system wrote them back.
class Disk {
 public:
  // Writes so far; a write belongs to the version that it made.
  using Version = std::uint64_t;

  // What one fsync will make durable. Made by `begin_sync`, told of later truncations by the disk.
  struct Sync {
    struct Part {
      File file;
      std::uint64_t shape;  // see Stored::shape
      std::uint64_t end;
      std::optional<Journal> content;  // set when the file's shape changed after capture
    };
    Version version = 0;
    boost::container::small_vector<Part, 4> parts;
  };

  Disk() = default;
  // Everything in `content` is durable from the start.
  explicit Disk(const Durable& content);

  // Dirty pages expire after 30 s (Linux: vm.dirty_expire_centisecs; brokers.md §1.12).
  // Simplified: the age of an append is known to 15 s, so some wait 45 s.
  static constexpr Duration kWrittenBackAfter{30'000'000'000};

  // A write that finds no space changes nothing and returns false. `now` tells its age later.
  bool append(File file, Payload entry, Instant now);
  bool replace(File file, Payload content);
  // Keeps the first `entries` entries.
  void truncate(File file, std::uint64_t entries);
  // Durable at once, unlike the others.
  void drop_before(File file, std::uint64_t first);

  // What must become durable so that all that is written to these files now is: a version for `durable`.
  Version version_of(Files files);
  // Whether all writes to these files, or all up to a version, are durable.
  bool durable(Files files) const { return durable(files, version_); }
  bool durable(Files files, Version version) const;
  // The handle of a running fsync of everything that is written to these files now.
  std::uint32_t begin_sync(Files files);
  void finish_sync(std::uint32_t handle);

  void set_full(bool full) { full_ = full; }
  bool full() const { return full_; }
  void tear_next_tail() { tear_ = true; }
  // Power loss: running fsyncs and the page cache are gone. Of the entries appended behind the durable
  // ones, a prefix chosen by "disk.survivors" had been written back anyway; files otherwise changed are
  // what they were when last synced.
  void lose_unsynced(Choices& choices, NodeId node, Instant now);
  void erase();

  // What a process finds when it starts: the page cache.
  Durable content() const;
  // What would be there if the machine lost its power now, the worst case of `lose_unsynced`.
  Durable durable_content() const;
  void digest_into(Digest& digest) const;

 private:
  // How far a file's appends had come at two moments and at the last, and what is older than
  // kWrittenBackAfter for sure.
  struct Aging {
    Instant last_at;
    Instant newer_at;
    Instant older_at;
    std::uint64_t newer_end = 0;
    std::uint64_t older_end = 0;
    std::uint64_t written_back = 0;
    void before_append(Instant now, std::uint64_t end);
    std::uint64_t written_back_at(Instant now, std::uint64_t end) const;
  };
  struct Stored {
    Journal cached;
    // Counts changes other than appends and drops from the front. While it stays the same, every earlier state of the file is a
    // prefix of the present one, and an index says which.
    std::uint64_t shape = 0;
    Version last_write = 0;
    Version durable_version = 0;  // all writes up to this one are durable
    Aging aging;
    std::uint64_t durable_end = 0;   // of `cached`, unless `durable` is set
    std::optional<Journal> durable;  // what is durable, when that is no prefix of `cached`
    bool torn = false;
    Journal durable_journal() const { return durable ? *durable : cached.prefix(durable_end); }
  };
  struct Running {
    std::uint32_t handle = 0;
    Sync sync;
  };
  // The file that is about to be written to.
  Stored& written(File file);
  // Must precede every change that is neither an append nor a drop from the front.
  Stored& change_shape(File file);

  boost::container::flat_map<File, Stored> files_;
  boost::container::small_vector<Running, 2> running_;
  Version version_ = 0;
  std::uint32_t next_handle_ = 1;
  bool full_ = false;
  bool tear_ = false;
};

}  // namespace sim
