#include "sim/kafka/disk/batch_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/kafka/disk/legacy_messages.h"

namespace sim {
namespace {

// So many zeros at the end of the last batch, where records never have them, were left by a crash.
constexpr std::size_t kUnwrittenBytes = 8;
constexpr std::size_t kMagicAt = 16;

Problem here(std::string what) {
  return Problem{
      .severity = Severity::Malformed, .place = {}, .what = std::move(what), .remedy = {}};
}

const char* remedy_of(LogKind log, Stop::Kind kind) {
  if (log == LogKind::Metadata) {
    return kind == Stop::Kind::TornTail
               ? "Kafka cuts this off when it starts; nothing in it was acknowledged here."
               : "Take this file from another controller of the quorum.";
  }
  return kind == Stop::Kind::TornTail
             ? "Kafka cuts this off when it starts, and fetches it again if another replica has it."
             : "Take this partition from another replica.";
}

}  // namespace

Expected<BatchReader> BatchReader::open(const std::filesystem::path& file, LogKind kind) {
  auto window = ByteWindow::open(file);
  if (!window) return std::unexpected(std::move(window).error());
  return BatchReader(*std::move(window), kind);
}

bool BatchReader::stopped(Stop::Kind kind, Problem problem) {
  problem.place.source = window_.source();
  problem.place.offset = window_.position() + problem.place.offset.value_or(0);
  if (problem.remedy.empty()) problem.remedy = remedy_of(kind_, kind);
  stop_ = Stop{.kind = kind, .problem = std::move(problem), .unread = window_.remaining()};
  return false;
}

bool BatchReader::reject(Problem problem) {
  check(handed_out_ > 0, "only a batch that was handed out can be rejected");
  skippable_ = std::exchange(handed_out_, 0);
  return stopped(Stop::Kind::Damage, std::move(problem));
}

Expected<BatchHeader> BatchReader::header_at(ByteView start) const {
  const bool legacy = kind_ == LogKind::Compacted && (start[kMagicAt] == 0 || start[kMagicAt] == 1);
  if (legacy) return read_legacy_header(start);
  if (start.size() < kBatchHeaderBytes) return std::unexpected(here({}));
  return read_batch_header(start);
}

bool BatchReader::next(BatchView& batch) {
  window_.advance(std::exchange(handed_out_, 0));
  batch.bytes = {};
  skippable_ = stop_ ? skippable_ : 0;
  if (stop_ || window_.remaining() == 0) return false;
  const ByteView start = window_.peek(kBatchHeaderBytes);
  const bool oldest_is_shorter =
      kind_ == LogKind::Compacted && start.size() >= kLegacyHeaderBytes && start[kMagicAt] < 2;
  if (start.size() < kBatchHeaderBytes && !oldest_is_shorter) return cut_header(start.size());
  auto header = header_at(start);
  if (!header) return bad_header(std::move(header).error());
  batch.header = *header;
  batch.position = window_.position();
  if (header->size > window_.remaining()) return too_long(*header);
  batch.bytes = window_.peek(header->size);
  return check_whole(batch);
}

bool BatchReader::cut_header(std::size_t bytes) {
  return stopped(Stop::Kind::TornTail,
                 here(fmt::format("the file ends {} bytes into the header of a batch", bytes)));
}

bool BatchReader::bad_header(Problem problem) {
  stopped(Stop::Kind::Damage, std::move(problem));
  const std::uint64_t rest = window_.remaining();
  if (rest_is_zero()) {
    stop_->kind = Stop::Kind::TornTail;
    stop_->problem.what = fmt::format("the last {} bytes of the file are zero", rest);
    stop_->problem.remedy = "They are preallocated space; nothing is missing.";
  }
  return false;
}

bool BatchReader::too_long(const BatchHeader& header) {
  stopped(Stop::Kind::TornTail, here(fmt::format("the file ends {} bytes into a batch of {} bytes",
                                                 window_.remaining(), header.size)));
  if (sound_batch_follows(header.base_offset)) {
    stop_->kind = Stop::Kind::Damage;
    stop_->problem.what =
        "the length of a batch is wrong: it leads past the end of the file, but more "
        "batches follow";
    stop_->problem.remedy = remedy_of(kind_, Stop::Kind::Damage);
  }
  return false;
}

bool BatchReader::check_whole(BatchView& batch) {
  if (batch.bytes.size() < batch.header.size) {
    batch.bytes = {};
    return stopped(Stop::Kind::TornTail, here("the file was cut while it was read"));
  }
  skippable_ = batch.bytes.size();
  batch.crc_valid = batch.is_legacy() ? legacy_crc_is_valid(batch.header, batch.bytes)
                                      : crc_is_valid(batch.header, batch.bytes);
  if (!batch.crc_valid) {
    const bool unwritten_end = batch.bytes.size() == window_.remaining() &&
                               std::ranges::all_of(batch.bytes.last(kUnwrittenBytes),
                                                   [](std::uint8_t byte) { return byte == 0; });
    return stopped(unwritten_end ? Stop::Kind::TornTail : Stop::Kind::Damage,
                   here(fmt::format("the checksum of the batch at log offset {} is wrong",
                                    batch.header.base_offset.value())));
  }
  if (auto problem = out_of_order(batch.header))
    return stopped(Stop::Kind::Damage, *std::move(problem));
  expected_ = batch.header.next_offset();
  if (batch.header.partition_leader_epoch >= epoch_) epoch_ = batch.header.partition_leader_epoch;
  handed_out_ = batch.bytes.size();
  return true;
}

std::optional<Problem> BatchReader::out_of_order(const BatchHeader& header) const {
  const bool compacted = kind_ == LogKind::Compacted;
  if (expected_ &&
      (compacted ? header.base_offset < *expected_ : header.base_offset != *expected_)) {
    return here(fmt::format("a batch starts at log offset {} where {} is next",
                            header.base_offset.value(), expected_->value()));
  }
  const std::int64_t most = static_cast<std::int64_t>(header.last_offset_delta) + 1;
  if (header.records_count < 0 ||
      (compacted ? header.records_count > most : header.records_count != most)) {
    return here(fmt::format("a batch says it has {} records but ends {} offsets after its base",
                            header.records_count, header.last_offset_delta));
  }
  // Kafka before 0.11, and messages in its formats, know no epoch.
  const bool has_epoch = !compacted || header.partition_leader_epoch.value() >= 0;
  if (has_epoch && header.partition_leader_epoch < epoch_) {
    return here(fmt::format("a batch of epoch {} follows one of epoch {}",
                            header.partition_leader_epoch.value(), epoch_.value()));
  }
  return std::nullopt;
}

void BatchReader::go_on() {
  stop_.reset();
  skippable_ = 0;
  at_sound_batch_ = false;
  expected_.reset();
  epoch_ = LeaderEpoch(-1);
}

bool BatchReader::skip_damaged() {
  if (!stop_ || skippable_ == 0) return false;
  window_.advance(skippable_);
  go_on();
  return true;
}

bool BatchReader::skip_to_next_sound_batch() {
  if (!stop_ || stop_->kind != Stop::Kind::Damage) return false;
  if (skip_damaged()) return true;
  if (!at_sound_batch_ && window_.remaining() > 0) sound_batch_follows(Offset(INT64_MIN));
  if (!at_sound_batch_) return false;
  go_on();
  return true;
}

bool BatchReader::rest_is_zero() {
  while (window_.remaining() > 0) {
    const ByteView bytes = window_.peek(ByteWindow::kChunkBytes);
    if (bytes.empty()) return true;
    const auto written = std::ranges::find_if(bytes, [](std::uint8_t byte) { return byte != 0; });
    if (written != bytes.end()) return false;
    window_.advance(bytes.size());
  }
  return true;
}

bool BatchReader::sound_batch_follows(Offset after) {
  window_.advance(std::min<std::uint64_t>(1, window_.remaining()));
  for (; window_.remaining() >= kBatchHeaderBytes; window_.advance(1)) {
    const ByteView start = window_.peek(kBatchHeaderBytes);
    if (start.size() < kBatchHeaderBytes) return false;
    const auto header = read_batch_header(start);
    if (!header || header->size > window_.remaining() || header->base_offset <= after) continue;
    const ByteView bytes = window_.peek(header->size);
    if (bytes.size() == header->size && crc_is_valid(*header, bytes)) {
      at_sound_batch_ = true;
      return true;
    }
  }
  return false;
}

}  // namespace sim
