#include "zk/disk/log_series.h"

#include <fmt/format.h>

#include <utility>

namespace zk::disk {
namespace {

using sim::Expected;
using Kind = Warning::Kind;

// Within an epoch every zxid has its transaction, and an epoch begins with 1. What an older epoch
// lost at its end nobody can tell.
bool follows(Zxid next, Zxid last) {
  return next.epoch() == last.epoch() ? next == Zxid(last.next()) : next.counter() == 1;
}

class Series {
 public:
  Series(Zxid after, std::vector<Warning>& warnings,
         const std::function<Visit(const SeriesEntry&)>& visit)
      : after_(after), last_(after), warnings_(warnings), visit_(visit) {}

  // False when the visitor stopped.
  Expected<bool> read(const LogFile& file, bool is_last_file, FileRead& read) {
    auto reader = LogReader::open(file.path);
    if (!reader) return std::unexpected(reader.error());
    if (reader->is_empty_file()) {
      warn(Kind::EmptyLog, file, 0,
           is_last_file ? "this log is empty, as a crash right after creating it leaves it; a "
                          "server deletes it"
                        : "this log is empty though later ones exist; a server refuses to start");
    }
    for (;;) {
      auto entry = reader->next();
      if (!entry) return std::unexpected(entry.error());
      if (!entry->has_value()) break;
      const Zxid zxid = (*entry)->txn.header.zxid;
      if (zxid <= after_) continue;  // already in the snapshot
      const bool after_gap = check_order(file, **entry);
      if (visit_({file, **entry, after_gap}) == Visit::Stop) return false;
      ++read.transactions;
    }
    if (reader->end() == LogEnd::TornTail) {
      warn(Kind::TornTail, file, reader->offset(),
           "the file ends inside an entry, as after a crash or a copy while the server ran; that "
           "transaction was never acknowledged by this server");
    }
    return true;
  }

 private:
  bool check_order(const LogFile& file, const LogEntry& entry) {
    const Zxid zxid = entry.txn.header.zxid;
    if (zxid <= last_) {
      warn(Kind::OutOfOrder, file, entry.offset,
           fmt::format("transaction {} stands after {}", zk::describe(zxid), zk::describe(last_)));
      return false;
    }
    const Zxid last = std::exchange(last_, zxid);
    if (follows(zxid, last)) return false;
    warn(Kind::Gap, file, entry.offset,
         fmt::format("transaction {} follows {}: those between are missing", zk::describe(zxid),
                     zk::describe(last)));
    return true;
  }
  void warn(Kind kind, const LogFile& file, std::uint64_t offset, std::string what) {
    warnings_.push_back({kind, {.source = file.path.string(), .offset = offset}, std::move(what)});
  }

  Zxid after_;
  Zxid last_;
  std::vector<Warning>& warnings_;
  const std::function<Visit(const SeriesEntry&)>& visit_;
};

}  // namespace

Expected<std::vector<FileRead>> read_series(const std::vector<LogFile>& logs, Zxid after,
                                            std::vector<Warning>& warnings,
                                            const std::function<Visit(const SeriesEntry&)>& visit) {
  Series series(after, warnings, visit);
  std::vector<FileRead> files;
  for (const LogFile& file : logs) {
    files.push_back({file.path, 0});
    const auto more = series.read(file, &file == &logs.back(), files.back());
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
  }
  return files;
}

}  // namespace zk::disk
