// large_cluster PARTITIONS DIR [ACLS]: writes both stores of a cluster in dual write, DIR/zk-1 and
// DIR/controller-3000, and its nodes' files, DIR/broker-7.properties, as tools/scale measures them; with ACLs
// of so many resources, three entries each.
// Every partition's epoch has drifted, and the log goes on above /migration's offset, as on every
// cluster that runs.
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kraft/disk/metadata_writer.h"
#include "migrate/check/large_tree.h"
#include "sim/kafka/image_records.h"
#include "zk/disk/input.h"
#include "zk/disk/snapshot.h"
#include "zk/migration_reader_tree.h"

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kTime = 1'700'000'000'000;
constexpr sim::RaftEpoch kEpoch(3);
constexpr std::size_t kRecordsPerBatch = 1000;

std::vector<sim::VersionedRecord> records_of(const sim::MetadataImage& image) {
  std::vector<sim::VersionedRecord> records;
  const auto left_out =
      sim::to_records(image, sim::kLatestProduction, [&](sim::VersionedRecord record) {
        if (auto* const partition = std::get_if<sim::PartitionRecord>(&record.record))
          partition->partition_epoch = sim::PartitionEpoch(partition->partition_epoch.value() + 3);
        records.push_back(std::move(record));
      });
  for (const std::string& each : left_out) fmt::print(stderr, "left out: {}\n", each);
  return records;
}

sim::Expected<void> write_log(const fs::path& folder,
                              std::span<const sim::VersionedRecord> records) {
  auto writer = kraft::MetadataDirWriter::create(folder, {.node_id = sim::BrokerId(3000),
                                                          .cluster_id = "Tk3Z2c5KQ0CJLgD8kN0t3A",
                                                          .directory_id = sim::Uuid{3, 3000}});
  if (!writer) return std::unexpected(writer.error());
  sim::Offset at(0);
  while (!records.empty()) {
    const auto batch = records.first(std::min(kRecordsPerBatch, records.size()));
    if (auto done = writer->append(kraft::data_batch(at, kEpoch, kTime, batch)); !done) return done;
    at = at.plus(static_cast<std::int64_t>(batch.size()));
    records = records.subspan(batch.size());
  }
  return writer->finish({.cluster_id = "Tk3Z2c5KQ0CJLgD8kN0t3A",
                         .leader_id = sim::BrokerId(3000),
                         .leader_epoch = kEpoch,
                         .current_voters = {sim::BrokerId(3000)}});
}

sim::Expected<void> write_configurations(const fs::path& folder) {
  for (int id = 0; id < migrate::kLargeTreeBrokers; ++id) {
    const std::string text = fmt::format(
        "broker.id={0}\nbroker.rack={1}\nlisteners=PLAINTEXT://broker-{0}:9092\n"
        "zookeeper.connect=zk:2181\nlog.dirs=/var/lib/kafka\ninter.broker.protocol.version=3.9\n",
        id, static_cast<char>('a' + id % 3));
    const auto written =
        zk::disk::write_file(folder / fmt::format("broker-{}.properties", id), sim::as_bytes(text));
    if (!written) return written;
  }
  const std::string_view controller =
      "process.roles=controller\nnode.id=3000\nlisteners=CONTROLLER://c0:9093\n"
      "controller.quorum.voters=3000@c0:9093\ncontroller.listener.names=CONTROLLER\n"
      "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"
      "zookeeper.metadata.migration.enable=true\nzookeeper.connect=zk:2181\n"
      "log.dirs=/var/lib/kafka/metadata\n";
  return zk::disk::write_file(folder / "controller-3000.properties", sim::as_bytes(controller));
}

sim::Expected<void> write_cluster(std::int64_t partitions, std::int64_t acl_resources,
                                  const fs::path& folder) {
  zk::Tree tree = migrate::large_tree(partitions, acl_resources);
  auto records = records_of(zk::zk_to_image(tree, "", {}).image);
  const auto last = static_cast<std::int64_t>(records.size()) - 1;
  records.push_back({sim::NoOpRecord{}, 0});
  const zk::MigrationZnode migration{
      .kraft_controller_id = sim::BrokerId(3000),
      .kraft_controller_epoch = kEpoch,
      .kraft_metadata = {.epoch = kEpoch, .offset = sim::Offset(last)}};
  (void)tree.apply({.zxid = tree.last_processed_zxid().next(), .time = zk::WallTime(kTime)},
                   zk::CreateTxn{.path = "/migration",
                                 .data = zk::encode(migration),
                                 .acl = zk::open_acl_unsafe(),
                                 .parent_cversion = tree.find("/")->stat.cversion.next()});
  fs::create_directories(folder / "zk-1" / "version-2");
  const auto snapshot =
      zk::disk::write_snapshot({.tree = std::move(tree)}, folder / "zk-1" / "version-2");
  if (!snapshot) return std::unexpected(snapshot.error());
  if (auto files = write_configurations(folder); !files) return files;
  return write_log(folder / "controller-3000", records);
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  const auto partitions = whole_number(argc == 3 || argc == 4 ? argv[1] : "");
  const auto acl_resources = whole_number(argc == 4 ? argv[3] : "0");
  if (!partitions || *partitions < migrate::kLargeTreePartitionsPerTopic || !acl_resources) {
    fmt::print(stderr, "Usage: large_cluster PARTITIONS DIR [ACLS], with {} partitions or more\n",
               migrate::kLargeTreePartitionsPerTopic);
    return 3;
  }
  const auto written = write_cluster(*partitions, *acl_resources, argv[2]);
  if (written) return 0;
  fmt::print(stderr, "large_cluster: {}\n", sim::describe(written.error()));
  return 4;
}
