#include "kraft/disk/metadata_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kafka/delta.h"

namespace kraft {
namespace {

// A record that says whether a broker is fenced.
struct Fencing {
  sim::BrokerId broker;
  bool fenced = false;
};
std::optional<Fencing> fencing_of(const sim::Record& record) {
  if (const auto* registered = std::get_if<sim::RegisterBrokerRecord>(&record))
    return Fencing{registered->broker_id, registered->fenced};
  if (const auto* unregistered = std::get_if<sim::UnregisterBrokerRecord>(&record))
    return Fencing{unregistered->broker_id, true};
  if (const auto* changed = std::get_if<sim::BrokerRegistrationChangeRecord>(&record)) {
    if (changed->fenced == sim::FencingChange::None) return std::nullopt;
    return Fencing{changed->broker_id, changed->fenced == sim::FencingChange::Fence};
  }
  return std::nullopt;
}

// Folds batches to an image; remembers the last record that counts as the image's provenance.
class Folding {
 public:
  explicit Folding(std::optional<sim::Offset> until = {}) : until_(until) {}
  Folding(const Folding&) = delete;  // its callback knows its place
  Folding& operator=(const Folding&) = delete;

  void add(RecordBatch& batch, const BatchSource& source) {
    if (until_ && !source.in_checkpoint && batch.header.last_offset() > *until_) {
      if (batch.header.base_offset > *until_) return;
      std::erase_if(batch.records,
                    [&](const LogRecord& record) { return record.offset > *until_; });
    }
    source_ = &source;
    position_ = batch.position;
    const sim::Provenance reached{
        .last_contained_offset = until_ && !source.in_checkpoint
                                     ? std::min(*until_, batch.header.last_offset())
                                     : batch.header.last_offset(),
        .last_contained_epoch = epoch_of(batch.header),
        .last_contained_log_time_ms = batch.header.max_timestamp};
    const bool is_control = batch.header.is_control();
    records_.add(batch, source);
    // Nothing is published in the middle of a transaction, and Raft's own records make no image.
    if (!source.in_checkpoint && !is_control && !records_.open_transaction()) provenance_ = reached;
  }

  LoadedMetadata finish(MetadataLogRead log, std::optional<MetaProperties> node) {
    if (provenance_.last_contained_offset == sim::Offset(-1) && log.checkpoint) {
      provenance_ = {.last_contained_offset = log.checkpoint->offset.plus(-1),
                     .last_contained_epoch = log.checkpoint->epoch,
                     .last_contained_log_time_ms = log.checkpoint_timestamp};
    }
    LoadedMetadata loaded{.image = delta_.apply(provenance_),
                          .log = std::move(log),
                          .node = std::move(node),
                          .open_transaction = {},
                          .problems = std::move(problems_),
                          .quotas_removed = std::move(quotas_removed_),
                          .configs_of_deleted_topics = std::move(configs_of_deleted_topics_),
                          .unfenced_in_vain = std::move(unfenced_in_vain_),
                          .back_in_zookeeper_mode = std::move(back_in_zookeeper_mode_),
                          .migration_state_at = migration_state_at_};
    loaded.problems.insert(loaded.problems.end(), records_.problems().begin(),
                           records_.problems().end());
    if (const auto& open = records_.open_transaction()) {
      loaded.open_transaction = LoadedMetadata::OpenTransaction{
          .begin = open->begin, .name = open->name, .records = open->records.size()};
    }
    return loaded;
  }

 private:
  void apply(const AppliedRecord& applied) {
    const auto* const quota = std::get_if<sim::ClientQuotaRecord>(&applied.record.record);
    if (quota != nullptr && quota->remove) quotas_removed_.insert(sim::quota_entity(*quota));
    if (const auto* const removed = std::get_if<sim::RemoveTopicRecord>(&applied.record.record))
      note_configs_of(removed->topic_id);
    if (const auto* const config = std::get_if<sim::ConfigRecord>(&applied.record.record)) {
      const auto of =
          configs_of_deleted_topics_.find({config->resource_type, config->resource_name});
      if (of != configs_of_deleted_topics_.end()) of->second.erase(config->name);
    }
    if (const auto fencing = fencing_of(applied.record.record))
      unfenced_in_vain_.erase(fencing->broker);
    if (const auto* const broker = std::get_if<sim::RegisterBrokerRecord>(&applied.record.record))
      note_mode(*broker);
    if (std::holds_alternative<sim::ZkMigrationStateRecord>(applied.record.record))
      migration_state_at_ = applied.offset;
    const sim::Place place{.source = source_->file, .offset = position_, .line = {}, .column = {}};
    auto replayed = delta_.replay(applied.record.record, place);
    if (replayed) return;
    sim::Problem problem = std::move(replayed).error();
    problem.what = fmt::format("record at offset {}: {}", applied.offset.value(), problem.what);
    problems_.push_back(std::move(problem));
  }

  void note_configs_of(const sim::Uuid& topic_id) {
    const sim::Topic* const topic = delta_.now().topics.find(topic_id);
    if (topic == nullptr) return;
    const sim::ConfigResource resource{sim::ConfigResourceType::Topic, topic->name()};
    const auto* const configs = delta_.now().configs.find(resource);
    if (configs == nullptr) return;
    for (const auto& [key, value] : configs->values)
      configs_of_deleted_topics_[resource][key] = value;
  }

  void note_mode(const sim::RegisterBrokerRecord& broker) {
    const bool was_in_kraft_mode = in_kraft_mode_.contains(broker.broker_id);
    if (!broker.is_migrating_zk_broker) {
      in_kraft_mode_.insert(broker.broker_id);
      back_in_zookeeper_mode_.erase(broker.broker_id);
    } else if (was_in_kraft_mode) {
      back_in_zookeeper_mode_.insert(broker.broker_id);
    }
  }

  void aborted(const AppliedRecord& applied) {
    const auto fencing = fencing_of(applied.record.record);
    if (!fencing) return;
    unfenced_in_vain_.erase(fencing->broker);
    if (!fencing->fenced) unfenced_in_vain_[fencing->broker] = applied.offset;
  }

  std::optional<sim::Offset> until_;
  sim::MetadataDelta delta_{sim::MetadataImage{}};
  AppliedRecords records_{[this](const AppliedRecord& applied) { apply(applied); },
                          [this](const AppliedRecord& applied) { aborted(applied); }};
  sim::Provenance provenance_;
  const BatchSource* source_ = nullptr;
  std::uint64_t position_ = 0;
  std::vector<sim::Problem> problems_;
  std::set<sim::QuotaEntity> quotas_removed_;
  std::map<sim::ConfigResource, std::map<std::string, std::string>> configs_of_deleted_topics_;
  std::map<sim::BrokerId, sim::Offset> unfenced_in_vain_;
  std::set<sim::BrokerId> in_kraft_mode_;  // at some time
  std::set<sim::BrokerId> back_in_zookeeper_mode_;
  std::optional<sim::Offset> migration_state_at_;
};

// The directory as it would be had no checkpoint above the offset been made.
sim::Expected<void> forget_checkpoints_above(sim::Offset until, MetadataDir& dir) {
  std::erase_if(dir.checkpoints,
                [&](const CheckpointFile& file) { return file.id.offset > until.next(); });
  const bool from_the_beginning =
      !dir.segments.empty() && dir.segments.front().base == sim::Offset(0);
  if (from_the_beginning || !dir.checkpoints.empty()) return {};
  return std::unexpected(sim::Problem{
      .severity = sim::Severity::Unknown,
      .place = {.source = dir.path.string()},
      .what = fmt::format("the metadata as of offset {} is not in these files: they begin above it",
                          until.value()),
      .remedy = "Take the files of another controller, or older ones from a backup."});
}

}  // namespace

sim::Expected<LoadedMetadata> load_metadata(const std::filesystem::path& path,
                                            const LoadOptions& options) {
  auto dir = open_metadata_dir(path);
  if (!dir) return std::unexpected(dir.error());
  if (options.until) {
    if (auto begins = forget_checkpoints_above(*options.until, *dir); !begins) {
      return std::unexpected(begins.error());
    }
  }
  Folding folding(options.until);
  MetadataLogRead log = read_metadata_log(
      *dir, [&](RecordBatch& batch, const BatchSource& source) { folding.add(batch, source); });
  LoadedMetadata loaded = folding.finish(std::move(log), dir->meta_properties);
  loaded.quorum_state = dir->quorum_state;
  return loaded;
}

sim::Expected<LoadedMetadata> load_metadata_file(const std::filesystem::path& file) {
  auto reader = SegmentReader::open(file);
  if (!reader) return std::unexpected(std::move(reader).error());
  Folding folding;
  MetadataLogRead log;
  const std::string name = file.string();
  const bool in_checkpoint = file.extension() == ".checkpoint";
  log.checkpoint = parse_checkpoint_name(file.filename().string());
  auto stop = read_batches(*reader, [&](RecordBatch& batch) {
    ++log.batches;
    log.records += batch.records.size();
    log.end = batch.header.next_offset();
    log.epoch = epoch_of(batch.header);
    folding.add(batch, {.file = name, .in_checkpoint = in_checkpoint});
  });
  if (log.checkpoint) log.end = log.checkpoint->offset;
  if (stop && stop->kind == Stop::Kind::TornTail && !in_checkpoint) {
    log.torn_tail = std::move(stop);
  } else if (stop) {
    log.damage = std::move(stop)->problem;
  }
  return folding.finish(std::move(log), std::nullopt);
}

}  // namespace kraft
