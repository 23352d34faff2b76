#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "sim/kafka/disk/batch_bytes.h"
#include "sim/kafka/disk/compression.h"
#include "sim/kafka/disk/group_record_codec.h"
#include "tests/support/golden.h"

// Logs of `__consumer_offsets` for tests: batches as a broker would write them.
namespace tests {

inline sim::VersionedGroupRecord commit_of(std::string group, std::int32_t partition,
                                           std::int64_t offset, std::int64_t at_ms = 1000) {
  return {sim::OffsetCommitEntry{
              {.group = std::move(group), .topic = "t", .partition = sim::PartitionId(partition)},
              sim::OffsetCommitValue{.offset = sim::Offset(offset), .commit_timestamp = at_ms}},
          1, 3};
}

inline sim::VersionedGroupRecord tombstone_of(std::string group, std::int32_t partition) {
  return {sim::OffsetCommitEntry{
              {.group = std::move(group), .topic = "t", .partition = sim::PartitionId(partition)},
              std::nullopt},
          1, -1};
}

class GroupLogBuilder {
 public:
  struct How {
    sim::Compression compression = sim::Compression::None;
    std::optional<std::int64_t> producer;  // of a transaction
    std::int32_t epoch = 0;
    std::int64_t timestamp = 1000;
  };
  GroupLogBuilder& batch(const std::vector<sim::VersionedGroupRecord>& records, How how) {
    sim::BatchHeader header = header_of(records.size(), how);
    header.attributes =
        static_cast<std::int16_t>(static_cast<int>(how.compression) | (how.producer ? 0x10 : 0));
    sim::ByteWriter body;
    std::int32_t index = 0;
    for (const auto& record : records) {
      const auto bytes = sim::encode_group_record(record);
      sim::write_raw_record(
          body, 0, index++, sim::ByteView(bytes.key),
          bytes.value ? std::optional<sim::ByteView>(*bytes.value) : std::nullopt);
    }
    append(header, sim::compress(how.compression, body.view()));
    return *this;
  }
  GroupLogBuilder& batch(const std::vector<sim::VersionedGroupRecord>& records) {
    return batch(records, How());
  }
  // COMMIT or ABORT.
  GroupLogBuilder& marker(std::int64_t producer, bool commit) {
    sim::BatchHeader header = header_of(1, {.producer = producer});
    header.attributes = 0x30;
    sim::ByteWriter key;
    key.i16(0);
    key.i16(commit ? 1 : 0);
    sim::ByteWriter value;
    value.i16(0);
    value.i32(7);
    sim::ByteWriter body;
    sim::write_raw_record(body, 0, 0, key.view(), value.view());
    append(header, body.take());
    return *this;
  }
  // What compaction leaves out.
  GroupLogBuilder& gap(std::int64_t offsets) {
    next_ += offsets;
    return *this;
  }
  GroupLogBuilder& raw(const sim::Bytes& bytes, std::int64_t offsets) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    next_ += offsets;
    return *this;
  }
  const sim::Bytes& bytes() const { return bytes_; }
  sim::Bytes& bytes() { return bytes_; }
  const std::vector<std::size_t>& starts() const { return starts_; }

  // As a partition's directory below `folder`, in one segment.
  std::filesystem::path write(const std::filesystem::path& folder, int partition = 0) const {
    const auto directory = folder / ("__consumer_offsets-" + std::to_string(partition));
    std::filesystem::create_directories(directory);
    std::ofstream out(directory / "00000000000000000000.log", std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes_.data()),
              static_cast<std::streamsize>(bytes_.size()));
    return directory;
  }

 private:
  sim::BatchHeader header_of(std::size_t records, const How& how) const {
    sim::BatchHeader header;
    header.base_offset = sim::Offset(next_);
    header.partition_leader_epoch = sim::LeaderEpoch(how.epoch);
    header.base_timestamp = how.timestamp;
    header.max_timestamp = how.timestamp;
    header.producer_id = how.producer.value_or(-1);
    header.producer_epoch = how.producer ? 3 : -1;
    header.records_count = static_cast<std::int32_t>(records);
    header.last_offset_delta = header.records_count - 1;
    return header;
  }
  void append(const sim::BatchHeader& header, const sim::Bytes& body) {
    starts_.push_back(bytes_.size());
    sim::ByteWriter out;
    sim::write_batch_bytes(out, header, body);
    const auto view = out.view();
    bytes_.insert(bytes_.end(), view.begin(), view.end());
    next_ = header.next_offset().value();
  }

  sim::Bytes bytes_;
  std::vector<std::size_t> starts_;
  std::int64_t next_ = 0;
};

}  // namespace tests
