#include "sim/kafka/disk/group_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "sim/base/match.h"
#include "sim/kafka/disk/compression.h"
#include "sim/kafka/disk/legacy_messages.h"
#include "sim/kafka/metadata_cache.h"

namespace sim {
namespace {

namespace fs = std::filesystem;

constexpr std::int16_t kAbortType = 0;
constexpr std::int16_t kCommitType = 1;
constexpr std::string_view kSwapEnding = ".log.swap";

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

Problem at(std::size_t offset, std::string what, Severity severity = Severity::Malformed) {
  return {.severity = severity,
          .place = {.source = {}, .offset = offset, .line = {}, .column = {}},
          .what = std::move(what),
          .remedy = {}};
}

// Where in a batch a record begins that lies there as it is; of what is compressed, only the batch
// is known.
struct Whereabouts {
  bool compressed = false;
  std::size_t key_at = 0;
  std::size_t value_at = 0;
};

void read_group_content(const std::optional<ByteView>& key, const std::optional<ByteView>& value,
                        const Whereabouts& where, GroupLogRecord& record) {
  record.key_size = key ? static_cast<std::int32_t>(key->size()) : -1;
  record.value_size = value ? static_cast<std::int32_t>(value->size()) : -1;
  if (!key) {
    record.content =
        at(where.compressed ? 0 : where.value_at, "a record of __consumer_offsets has no key");
    return;
  }
  auto decoded = decode_group_record(*key, value);
  if (decoded) {
    record.content = *std::move(decoded);
    return;
  }
  Problem problem = std::move(decoded.error().problem);
  const std::size_t within = problem.place.offset.value_or(0);
  problem.place.offset =
      where.compressed ? 0 : within + (decoded.error().in_value ? where.value_at : where.key_at);
  problem.what =
      fmt::format("the record at log offset {}: {}", record.offset.value(), problem.what);
  record.content = std::move(problem);
}

void read_control(const RawRecord& raw, GroupLogRecord& record) {
  record.key_size = raw.key ? static_cast<std::int32_t>(raw.key->size()) : -1;
  record.value_size = raw.value ? static_cast<std::int32_t>(raw.value->size()) : -1;
  ByteReader key(raw.key.value_or(ByteView{}));
  const auto version = key.i16();
  const auto type = key.i16();
  if (!version || !type) {
    record.content = at(raw.value_at, fmt::format("the control record at log offset {} has no type",
                                                  record.offset.value()));
    return;
  }
  if (*type != kAbortType && *type != kCommitType) {
    record.content = OtherControl{.type = *type};
    return;
  }
  ByteReader value(raw.value.value_or(ByteView{}));
  const auto value_version = value.i16();
  const auto coordinator_epoch = value.i32();
  if (!value_version || !coordinator_epoch) {
    record.content =
        at(raw.value_at,
           fmt::format("the transaction marker at log offset {} has no coordinator epoch",
                       record.offset.value()));
    return;
  }
  record.content = TransactionMarker{
      .outcome = *type == kCommitType ? GroupsImage::Outcome::Commit : GroupsImage::Outcome::Abort,
      .coordinator_epoch = *coordinator_epoch};
}

Expected<void> read_old_messages(const BatchView& batch,
                                 const std::function<void(GroupLogRecord&)>& sink) {
  return read_legacy_messages(batch.header, batch.bytes, [&](const LegacyMessage& message) {
    GroupLogRecord record;
    record.offset = message.offset;
    record.timestamp = message.timestamp;
    // Only the message is named: how far its key lies behind its beginning says nobody anything.
    read_group_content(message.key, message.value, {.compressed = true}, record);
    sink(record);
  });
}

}  // namespace

std::optional<PartitionId> parse_group_log_name(std::string_view directory_name) {
  const std::size_t dash = kGroupMetadataTopic.size();
  if (!directory_name.starts_with(kGroupMetadataTopic) ||
      !directory_name.substr(dash).starts_with('-'))
    return std::nullopt;
  const auto number = whole_number<std::int32_t>(directory_name.substr(dash + 1));
  if (!number || *number < 0) return std::nullopt;
  return PartitionId(*number);
}

bool is_group_log(const fs::path& directory) {
  std::error_code ignored;
  const fs::path named = fs::absolute(directory, ignored).lexically_normal();
  const fs::path last = named.has_filename() ? named.filename() : named.parent_path().filename();
  return parse_group_log_name(last.string()).has_value();
}

Expected<void> read_group_batch(const BatchView& batch,
                                const std::function<void(GroupLogRecord&)>& sink) {
  if (batch.is_legacy()) return read_old_messages(batch, sink);
  const BatchHeader& header = batch.header;
  const auto compression = header.compression();
  if (!compression) {
    return std::unexpected(
        at(kBatchCrcStart,
           fmt::format(
               "the batch at log offset {} is compressed in a way that Kafka 3.9 does not know",
               header.base_offset.value()),
           Severity::Unknown));
  }
  ByteView records = batch.bytes.subspan(kBatchHeaderBytes);
  Bytes unpacked;
  const bool compressed = *compression != Compression::None;
  if (compressed) {
    if (auto done = decompress(*compression, records, unpacked); !done) {
      done.error().place.offset = kBatchHeaderBytes;
      return done;
    }
    records = unpacked;
  }
  const std::size_t begin = compressed ? 0 : kBatchHeaderBytes;
  WireReader in(records);
  RawRecord raw;
  for (std::int32_t i = 0; i < header.records_count; ++i) {
    if (!read_raw_record(in, raw))
      return std::unexpected(at(compressed ? 0 : begin + in.failed_at(), in.what()));
    GroupLogRecord record;
    record.offset = header.base_offset.plus(raw.offset_delta);
    record.timestamp = header.timestamp_of(raw.timestamp_delta);
    record.header_keys = raw.header_keys;
    if (header.is_control()) {
      read_control(raw, record);
    } else {
      const Whereabouts where{.compressed = compressed,
                              .key_at = begin + raw.value_at - (raw.key ? raw.key->size() : 0),
                              .value_at = begin + raw.value_at};
      read_group_content(raw.key, raw.value, where, record);
    }
    sink(record);
  }
  if (!in.empty()) {
    return std::unexpected(at(compressed ? 0 : begin + in.position(),
                              fmt::format("{} bytes are left after the {} records of the batch",
                                          in.remaining(), header.records_count)));
  }
  return {};
}

std::optional<Offset> base_of_segment(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t dot = std::min(name.find('.'), name.size());
  const std::string_view ending = std::string_view(name).substr(dot);
  if (ending != ".log" && ending != kSwapEnding) return std::nullopt;
  const auto base = whole_number<std::int64_t>(std::string_view(name).substr(0, dot));
  return base ? std::optional(Offset(*base)) : std::nullopt;
}

Expected<std::vector<fs::path>> group_log_segments(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored)) {
    return refused(Severity::Usage, directory.string(), "there is no such directory",
                   "Check the path.");
  }
  std::map<Offset, fs::path> segments;
  std::map<Offset, fs::path> swapped;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const auto base = base_of_segment(entry.path());
    if (!base || !entry.is_regular_file(ignored)) continue;
    (entry.path().string().ends_with(kSwapEnding) ? swapped : segments)
        .emplace(*base, entry.path());
  }
  segments.merge(swapped);
  if (segments.empty()) {
    return refused(Severity::Malformed, directory.string(),
                   "there is no log segment in this directory",
                   "Copy the directory with its .log files.");
  }
  std::vector<fs::path> sorted;
  for (auto& [base, path] : segments) sorted.push_back(std::move(path));
  return sorted;
}

namespace {

// Reads one segment after the other into what a GroupLogRead says.
class GroupLogReading {
 public:
  explicit GroupLogReading(GroupLogRead& read) : read_(read) {}

  Expected<void> segment(const fs::path& file, bool is_last) {
    auto reader = BatchReader::open(file, LogKind::Compacted);
    if (!reader) return std::unexpected(std::move(reader).error());
    const Offset base = base_of_segment(file).value();
    if (read_.segments++ == 0) {
      read_.start = base;
      read_.end = base;
    }
    reader->expect(std::max(base, read_.end));
    BatchView view;
    for (;;) {
      while (reader->next(view)) batch(view, *reader);
      if (!reader->stop()) return {};
      if (reader->stop()->kind == Stop::Kind::TornTail && is_last) {
        read_.torn_tail = reader->stop();
        return {};
      }
      read_.damage.push_back(reader->stop()->problem);
      if (!reader->skip_to_next_sound_batch()) return {};
    }
  }

 private:
  void batch(const BatchView& view, BatchReader& reader) {
    const BatchHeader& header = view.header;
    auto done = read_group_batch(
        view, [&](GroupLogRecord& record) { apply(record, view, reader.source()); });
    ++read_.batches;
    if (view.is_legacy()) ++read_.old_messages;
    if (header.is_compressed()) ++read_.compressed[std::string(header.compression_name())];
    read_.end = header.next_offset();
    if (header.partition_leader_epoch > read_.epoch) read_.epoch = header.partition_leader_epoch;
    if (done) return;
    Problem problem = std::move(done).error();
    note(std::move(problem), view, reader.source());
  }

  void note(Problem problem, const BatchView& view, const std::string& source) {
    problem.place.source = source;
    problem.place.offset = view.position + problem.place.offset.value_or(0);
    if (problem.severity == Severity::Unknown) {
      read_.unknown.push_back(std::move(problem));
    } else {
      if (problem.remedy.empty()) problem.remedy = "Take this partition from another replica.";
      read_.damage.push_back(std::move(problem));
    }
  }

  void apply(GroupLogRecord& record, const BatchView& view, const std::string& source) {
    ++read_.records;
    read_.last_timestamp = std::max(read_.last_timestamp, record.timestamp);
    const BatchHeader& header = view.header;
    match(
        record.content,
        [&](VersionedGroupRecord& versioned) {
          const RecordPlace place{.offset = record.offset,
                                  .epoch = header.partition_leader_epoch,
                                  .timestamp = record.timestamp};
          std::optional<GroupsImage::Transaction> transaction;
          if (header.is_transactional()) {
            transaction = GroupsImage::Transaction{.producer = ProducerId(header.producer_id),
                                                   .epoch = header.producer_epoch};
          }
          read_.image.apply(std::move(versioned), place, transaction);
        },
        [&](const TransactionMarker& marker) {
          read_.image.end_transaction(ProducerId(header.producer_id), marker.outcome);
        },
        [](const OtherControl&) {},
        [&](Problem& problem) { note(std::move(problem), view, source); });
  }

  GroupLogRead& read_;
};

}  // namespace

Expected<GroupLogRead> read_group_log(const fs::path& directory) {
  const auto segments = group_log_segments(directory);
  if (!segments) return std::unexpected(segments.error());
  GroupLogRead read;
  read.directory = directory;
  read.partition = parse_group_log_name(directory.filename().string()).value_or(PartitionId(-1));
  GroupLogReading reading(read);
  for (const fs::path& file : *segments) {
    if (auto done = reading.segment(file, &file == &segments->back()); !done)
      read.damage.push_back(std::move(done).error());
  }
  return read;
}

std::map<TopicPartition, Offset> read_offset_checkpoint(const fs::path& file) {
  std::map<TopicPartition, Offset> offsets;
  std::ifstream in(file);
  std::int64_t version = -1;
  std::int64_t count = -1;
  if (!(in >> version >> count) || version != 0 || count < 0) return offsets;
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  while (in >> topic >> partition >> offset)
    offsets[{.topic = topic, .partition = PartitionId(partition)}] = Offset(offset);
  // A file that was cut while it was copied says nothing that can be relied on.
  if (static_cast<std::int64_t>(offsets.size()) != count) offsets.clear();
  return offsets;
}

}  // namespace sim
