#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "sim/base/check.h"
#include "sim/kafka/disk/batch_reader.h"
#include "sim/kafka/disk/group_log.h"

// Any bytes as a segment of __consumer_offsets: read to their end, over damaged batches, into an
// image; a record that was read is written again and must then read as the same. The first byte
// chooses whether checksums are put right first, so that what lies behind them is reached.
namespace {

// Writes into each batch the checksum that it should have.
sim::Bytes with_good_checksums(sim::ByteView bytes) {
  sim::Bytes mended(bytes.begin(), bytes.end());
  for (std::size_t at = 0; at + sim::kBatchHeaderBytes <= mended.size();) {
    const sim::ByteView rest = sim::ByteView(mended).subspan(at);
    const auto header = sim::read_batch_header(rest);
    if (!header || header->size > rest.size()) break;
    sim::ByteWriter out;
    sim::write_batch_bytes(
        out, *header, rest.subspan(sim::kBatchHeaderBytes, header->size - sim::kBatchHeaderBytes));
    std::copy(out.view().begin(), out.view().end(),
              mended.begin() + static_cast<std::ptrdiff_t>(at));
    at += header->size;
  }
  return mended;
}

void read_all(sim::ByteView bytes) {
  sim::BatchReader reader(bytes, "fuzz", sim::LogKind::Compacted);
  sim::GroupsImage image;
  sim::BatchView view;
  const auto take = [&](sim::GroupLogRecord& record) {
    if (const auto* marker = std::get_if<sim::TransactionMarker>(&record.content)) {
      image.end_transaction(sim::ProducerId(view.header.producer_id), marker->outcome);
    }
    auto* const versioned = std::get_if<sim::VersionedGroupRecord>(&record.content);
    if (versioned == nullptr) return;
    const auto written = sim::encode_group_record(*versioned);
    const auto again = sim::decode_group_record(
        written.key, written.value ? std::optional<sim::ByteView>(*written.value) : std::nullopt);
    sim::check(again.has_value() && *again == *versioned, "what is written reads as the same");
    sim::group_key_json(*versioned);
    sim::group_value_json(*versioned);
    std::optional<sim::GroupsImage::Transaction> transaction;
    if (view.header.is_transactional())
      transaction = {.producer = sim::ProducerId(view.header.producer_id), .epoch = 0};
    image.apply(std::move(*versioned), {.offset = record.offset}, transaction);
  };
  do {
    while (reader.next(view)) {
      const auto read = sim::read_group_batch(view, take);
      (void)read;
    }
  } while (reader.skip_to_next_sound_batch());
  for (const auto& [name, group] : image.groups()) {
    group.state();
    const sim::ExpiryRule rule = group.expiry_rule();
    for (const auto& [partition, commit] : group.offsets) {
      if (commit.value) rule.expires_at(partition.topic, *commit.value, 1000);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const sim::ByteView bytes(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    read_all(bytes);
  } else {
    read_all(with_good_checksums(bytes));
  }
  return 0;
}
