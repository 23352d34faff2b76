#include "zk/disk/txn_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "zk/disk/jute.h"
#include "zk/disk/txn_codec.h"

namespace zk::disk {
namespace {

using sim::Expected;
using sim::Problem;

constexpr std::string_view kLogPrefix = "log.";
constexpr std::uint8_t kEndOfRecord = 0x42;  // 'B'
constexpr std::size_t kEntryHead = 12;       // checksum, length
constexpr std::uint64_t kLogHeaderBytes = 16;
// How near its end a server lets a file come before it preallocates again (FilePadding).
constexpr std::uint64_t kPaddingMargin = 4096;

}  // namespace

Expected<LogReader> LogReader::open(const std::filesystem::path& file) {
  auto input = Input::open(file);
  if (!input) return std::unexpected(input.error());
  return of(*std::move(input), file.string());
}

Expected<LogReader> LogReader::of(Input input, std::string name) {
  LogReader reader(std::move(input), std::move(name));
  if (auto ok = reader.read_header(); !ok) return std::unexpected(ok.error());
  return reader;
}

Expected<void> LogReader::read_header() {
  if (input_.at_end()) {
    ended_ = empty_file_ = true;
    return {};
  }
  JuteDecoder<Input> jute(input_);
  const auto header = jute.read<LogHeader>("header");
  if (!header) {
    // As a server sees it: the file ends before anything in it.
    ended_ = true;
    end_ = LogEnd::TornTail;
    return {};
  }
  if (header->magic != kLogMagic) {
    return damaged(0, "this is no transaction log: the magic is wrong");
  }
  if (header->version != 2) {
    return damaged(4, fmt::format("transaction log version {} is unknown; 2 is", header->version));
  }
  offset_ = kLogHeaderBytes;
  return {};
}

std::unexpected<Problem> LogReader::damaged(std::uint64_t offset, std::string what) const {
  if (last_) {
    what += fmt::format("; all transactions up to {} were read", zk::describe(*last_));
  }
  return std::unexpected(Problem{
      .place = {.source = name_, .offset = offset},
      .what = std::move(what),
      .remedy =
          "A server refuses to start from this file, too. Take the files of another member of the "
          "ensemble, or read as of an earlier zxid (--at)."});
}

Expected<std::optional<LogEntry>> LogReader::next() {
  if (ended_) return std::nullopt;
  const auto finish = [&](LogEnd how) {
    ended_ = true;
    end_ = how;
    return std::optional<LogEntry>();
  };
  if (input_.at_end()) return finish(LogEnd::Clean);
  const auto head = input_.take(kEntryHead);
  if (!head) {
    // A few zeros where an entry would start are the end of a preallocated file.
    const auto rest = input_.take(input_.left(kEntryHead));
    for (const std::uint8_t byte : *rest) {
      if (byte != 0) return finish(LogEnd::TornTail);
    }
    return finish(LogEnd::Clean);
  }
  sim::ByteReader fields(*head);
  const std::int64_t stored = *fields.i64();
  const std::int32_t length = *fields.i32();
  if (length == 0 && stored == 0) return finish(LogEnd::Clean);
  if (length == 0 || length == -1) return finish(LogEnd::TornTail);
  if (length < 0) {
    return damaged(offset_ + 8, fmt::format("an entry has the impossible length {}", length));
  }
  const std::size_t size = static_cast<std::size_t>(length);
  const auto bytes = input_.take(size + 1);
  if (!bytes || bytes->back() != kEndOfRecord) return finish(LogEnd::TornTail);
  const sim::ByteView payload = bytes->first(size);
  const std::uint32_t computed = adler32(1, payload);
  if (stored != std::int64_t{computed}) {
    return damaged(offset_,
                   fmt::format("the checksum of this entry is {:#x}, but its bytes sum to {:#x}",
                               stored, computed));
  }
  auto txn = decode_txn(payload);
  if (!txn) {
    return damaged(offset_ + kEntryHead + txn.error().offset,
                   "a transaction with a good checksum makes no sense: " + txn.error().what);
  }
  LogEntry entry{.offset = offset_, .txn = *std::move(txn)};
  last_ = entry.txn.header.zxid;
  offset_ += kEntryHead + size + 1;
  return entry;
}

sim::Bytes encode_log_header(const LogHeader& header) {
  sim::ByteWriter out;
  jute_encode(out, header);
  return out.take();
}

sim::Bytes encode_entry(const LoggedTxn& txn) {
  const sim::Bytes payload = encode_txn(txn);
  sim::ByteWriter out;
  out.i64(std::int64_t{adler32(1, payload)});
  out.i32(static_cast<std::int32_t>(payload.size()));
  out.append(payload);
  out.u8(kEndOfRecord);
  return out.take();
}

LogWriter::LogWriter(std::filesystem::path folder, std::uint64_t preallocate)
    : folder_(std::move(folder)), preallocate_(preallocate) {}

Expected<void> LogWriter::append(const LoggedTxn& txn) {
  if (!file_) {
    const std::filesystem::path path = folder_ / log_name(txn.header.zxid);
    errno = 0;
    file_.reset(std::fopen(path.c_str(), "wb"));
    files_.push_back(path);
    written_ = size_ = 0;
    if (auto ok = write(encode_log_header()); !ok) return ok;
    size_ = written_;
  }
  if (auto ok = pad(); !ok) return ok;
  return write(encode_entry(txn));
}

void LogWriter::roll() {
  file_.reset();
}

Expected<void> LogWriter::flush() {
  return file_ && std::fflush(file_.get()) != 0 ? write({}) : Expected<void>{};
}

Expected<void> LogWriter::write(sim::ByteView bytes) {
  if (file_ && std::ferror(file_.get()) == 0 &&
      std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size()) {
    written_ += bytes.size();
    return {};
  }
  const std::string why = std::error_code(errno, std::generic_category()).message();
  return std::unexpected(
      Problem{.place = {.source = files_.back().string(), .offset = written_},
              .what = "cannot write this transaction log: " + why,
              .remedy = "Check the folder, its permissions and the free space."});
}

Expected<void> LogWriter::pad() {
  if (preallocate_ == 0 || written_ + kPaddingMargin < size_) return {};
  // From the position when that is beyond the file's end, else one step further (FilePadding).
  const std::uint64_t base = written_ > size_ ? written_ + preallocate_ : size_ + preallocate_;
  size_ = written_ > size_ ? base - base % preallocate_ : base;
  if (auto ok = flush(); !ok) return ok;
  std::error_code error;
  std::filesystem::resize_file(files_.back(), size_, error);
  if (!error) return {};
  errno = error.value();
  return std::unexpected(Problem{.place = {.source = files_.back().string(), .offset = written_},
                                 .what = "cannot preallocate this log: " + error.message(),
                                 .remedy = "Check the free space."});
}

std::optional<Zxid> parse_log_name(const std::string& name) {
  std::string_view rest = name;
  if (!rest.starts_with(kLogPrefix)) return std::nullopt;
  rest.remove_prefix(kLogPrefix.size());
  std::uint64_t zxid = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), zxid, 16);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return Zxid(static_cast<std::int64_t>(zxid));
}

std::string log_name(Zxid first) {
  return fmt::format("{}{:x}", kLogPrefix, static_cast<std::uint64_t>(first.value()));
}

}  // namespace zk::disk
