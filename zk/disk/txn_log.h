#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"
#include "zk/disk/input.h"
#include "zk/txn.h"

// Transaction log files: `log.<first zxid in hex>`. zookeeper.md §3.4 (FileTxnLog).
//
//   header │ Adler-32 i64 │ length i32 │ payload │ 'B' │ … │ zeros up to the preallocated size
namespace zk::disk {

constexpr std::int32_t kLogMagic = 0x5a4b4c47;  // "ZKLG"

struct LogHeader {
  std::int32_t magic = kLogMagic;
  std::int32_t version = 2;
  std::int64_t dbid = 0;
  bool operator==(const LogHeader&) const = default;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("magic", &LogHeader::magic), field("version", &LogHeader::version),
                 field("dbid", &LogHeader::dbid));
  }
};

struct LogEntry {
  std::uint64_t offset = 0;  // of the entry in the file
  LoggedTxn txn;
};

// Why a file has no further entry.
enum class LogEnd : std::uint8_t {
  Clean,    // the file ends, or zeros begin
  TornTail  // the file ends inside an entry, or the entry's end mark is missing: a crash while
            // writing
};

// Reads one file entry by entry.
class LogReader {
 public:
  // A Problem when the file cannot be read or its header is not a log's. An empty file is one
  // without entries.
  static sim::Expected<LogReader> open(const std::filesystem::path& file);
  static sim::Expected<LogReader> of(Input input, std::string name);

  // The next entry, or nothing at the end (then `end` says which). A Problem where a server refuses
  // to start: a complete entry whose checksum or content is wrong.
  sim::Expected<std::optional<LogEntry>> next();

  LogEnd end() const { return end_; }
  // Where the next entry would start.
  std::uint64_t offset() const { return offset_; }
  // Whether the file has no byte at all, as after a crash between creating and writing it.
  bool is_empty_file() const { return empty_file_; }
  const std::string& name() const { return name_; }

 private:
  LogReader(Input input, std::string name) : input_(std::move(input)), name_(std::move(name)) {}
  sim::Expected<void> read_header();
  std::unexpected<sim::Problem> damaged(std::uint64_t offset, std::string what) const;

  Input input_;
  std::string name_;
  std::uint64_t offset_ = 0;
  std::optional<Zxid> last_;
  LogEnd end_ = LogEnd::Clean;
  bool ended_ = false;
  bool empty_file_ = false;
};

// One entry as it stands in a file.
sim::Bytes encode_entry(const LoggedTxn& txn);
sim::Bytes encode_log_header(const LogHeader& header = {});

// Writes transactions as a server does: a file begins with its first transaction and is named after
// it.
class LogWriter {
 public:
  // `preallocate`: grow the file by this many bytes of zeros whenever fewer than 4096 are left, as
  // a server does (`zookeeper.preAllocSize`, there 64 MiB); 0: do not.
  explicit LogWriter(std::filesystem::path folder, std::uint64_t preallocate = 0);

  sim::Expected<void> append(const LoggedTxn& txn);
  // The next transaction begins a new file.
  void roll();
  // What was appended is handed to the operating system. Called by `roll` and the destructor as
  // well.
  sim::Expected<void> flush();
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  sim::Expected<void> write(sim::ByteView bytes);
  sim::Expected<void> pad();
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path folder_;
  std::uint64_t preallocate_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::uint64_t written_ = 0;
  std::uint64_t size_ = 0;
  std::vector<std::filesystem::path> files_;
};

// "log.1f3" is 0x1f3; nothing for any other name.
std::optional<Zxid> parse_log_name(const std::string& name);
std::string log_name(Zxid first);

}  // namespace zk::disk
