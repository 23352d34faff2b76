// SYNC_KRAFT_TO_ZK, KRAFT_CONTROLLER_TO_BROKER_COMM and DUAL_WRITE: what KRaft decided is written to ZooKeeper,
// noted in /migration, and told to brokers in ZooKeeper mode (migration.md §4, §5).
#include <fmt/format.h>

#include <utility>

#include "migrate/driver.h"
#include "migrate/notice.h"
#include "migrate/propagator.h"
#include "sim/base/check.h"
#include "zk/paths.h"
#include "zk/znodes.h"

namespace migrate {
namespace {

sim::OffsetAndEpoch highest_of(const sim::MetadataImage& image) {
  return {image.provenance().last_contained_epoch, image.provenance().last_contained_offset};
}

bool is_unhandled(zk::MirrorFailure::Kind kind) {
  return kind != zk::MirrorFailure::Kind::ZooKeeper;
}

}  // namespace

zk::MirrorContext Driver::mirror_context() const {
  return {leadership_.znode(), leadership_.migration_zk_version,
          leadership_.zk_controller_epoch_zk_version, leadership_.zk_controller_epoch};
}

zk::MirrorOptions Driver::mirror_options(Context& context) const {
  zk::MirrorOptions options{.password_secret = config_.password_secret,
                            .defects = config_.mirror_defects,
                            .read_defects = config_.read_defects};
  constexpr sim::Site kNonce{"migrate.password_nonce"};
  options.nonce_seed =
      context.choices.bits(kNonce, static_cast<std::uint64_t>(config_.node_id.value()));
  return options;
}

void Driver::sync(Context& context) {
  // An image that lacks something ZooKeeper already has must not be reconciled: a newer one will come.
  if (highest_of(image_) < leadership_.kraft_metadata) return;
  if (config_.defects.failover_reconciles_nothing) {
    transition_to(context, MigrationDriverState::KraftControllerToBrokerComm);
    return;
  }
  task_.emplace<MirrorTask>(
      zk::MirrorWriter::snapshot(image_, mirror_context(), mirror_options(context)), std::nullopt);
  write_on(context, std::get<MirrorTask>(task_));
}

// The gates of MetadataChangeEvent, in Kafka's order (migration.md §2.5).
void Driver::change(Context& context, MetadataChangeEvent event) {
  if (!first_publish_ && event.image.digest() == sim::MetadataImage().digest()) return;
  first_publish_ = true;
  image_ = event.image;
  if (state_ == MigrationDriverState::Uninitialized || state_ == MigrationDriverState::Inactive)
    return;
  if (!allows_dual_write(state_)) {
    // The delta of a snapshot has a ClusterDelta in any case (MetadataDelta.finishSnapshot).
    if (event.is_snapshot || event.delta->changes().any_node()) events_.emplace_back(PollEvent{});
    return;
  }
  if (event.leader != leader_ || !is_copied() || highest_of(image_) < leadership_.kraft_metadata) {
    return;
  }
  zk::MirrorWriter writer =
      event.is_snapshot
          ? zk::MirrorWriter::snapshot(image_, mirror_context(), mirror_options(context))
          : zk::MirrorWriter::delta(*event.delta, mirror_context(), mirror_options(context));
  task_.emplace<MirrorTask>(std::move(writer), std::move(event));
  write_on(context, std::get<MirrorTask>(task_));
}

// Sends what the writer wants sent; when it wants nothing more it has finished or failed.
void Driver::write_on(Context& context, MirrorTask& task) {
  // Adopted after each operation that succeeded, also when a later one fails.
  leadership_ = leadership_.with_migration_zk_version(task.write.context().migration_zk_version);
  if (!task.write.requests().empty()) {
    ask(context, task.write.requests());
    return;
  }
  if (const auto& failure = task.write.failure()) {
    fail_mirror(context, failure->what, is_unhandled(failure->kind));
    return;
  }
  written(context, task);
}

void Driver::proceed(Context& context, MirrorTask& task, std::vector<zk::Response> responses) {
  if (task.step == MirrorTask::Step::Write) {
    task.write.advance(std::move(responses));
    write_on(context, task);
    return;
  }
  const auto* const stat = zk::result_if<zk::Stat>(responses.front());
  if (stat == nullptr) {
    const zk::ErrorCode error = responses.front().error;
    fail_mirror(context,
                fmt::format("writing the checkpoint to /migration: {}", zk::name_of(error)),
                is_auth_failure(error));
    return;
  }
  leadership_ =
      leadership_.with_kraft_metadata(highest_of(image_)).with_migration_zk_version(stat->version);
  checkpointed(context, task);
}

void Driver::written(Context& context, MirrorTask& task) {
  if (!task.change) {
    std::map<std::string, std::int32_t> operations(task.write.counts().begin(),
                                                   task.write.counts().end());
    finish();
    notify(context, sim::Payload::of(Reconciled{config_.node_id, std::move(operations)}));
    transition_to(context, MigrationDriverState::KraftControllerToBrokerComm);
    return;
  }
  task.step = MirrorTask::Step::Checkpoint;
  ask(context, {zk::SetData{std::string(zk::paths::kMigration),
                            zk::encode(leadership_.with_kraft_metadata(highest_of(image_)).znode()),
                            leadership_.migration_zk_version}});
}

void Driver::checkpointed(Context& context, MirrorTask& task) {
  std::int32_t operations = 0;
  for (const auto& [type, count] : task.write.counts()) operations += count;
  const MetadataChangeEvent change = std::move(*task.change);
  finish();
  notify(context,
         sim::Payload::of(Mirrored{config_.node_id, leadership_.kraft_metadata, operations}));
  if (config_.defects.requests_wait_for_zookeeper) send_requests_for(context, change);
}

void Driver::send_requests_for(Context& context, const MetadataChangeEvent& change) {
  const sim::MetadataImage& image = change.image;
  if (change.is_snapshot) {
    context.actions.emplace_back(
        SendRequests{image, leadership_.zk_controller_epoch,
                     requests_for_image(config_.node_id, image, leadership_.zk_controller_epoch)});
    return;
  }
  const auto& changes = change.delta->changes();
  if (changes.any_topic() || changes.any_node()) {
    context.actions.emplace_back(SendRequests{
        image, leadership_.zk_controller_epoch,
        requests_for_delta(config_.node_id, *change.delta, image, leadership_.zk_controller_epoch,
                           config_.propagator_defects)});
  }
}

// ── What Kafka's driver does not do ─────────────────────────────────────────────────────────────

void Driver::fail_mirror(Context& context, std::string why, bool unhandled) {
  fail(context, std::move(why), unhandled);
  repair_due_ = !config_.defects.migration_version_is_never_reread ||
                !config_.defects.failed_change_is_skipped;
}

void Driver::repair(Context& context) {
  if (config_.defects.migration_version_is_never_reread) {
    reconcile_all(context);
    return;
  }
  task_.emplace<RereadTask>();
  ask(context, {zk::GetData{std::string(zk::paths::kMigration)}});
}

void Driver::proceed(Context& context, RereadTask&, std::vector<zk::Response> responses) {
  const auto* const found = zk::result_if<zk::GotData>(responses.front());
  if (found == nullptr) {
    fail_mirror(context, "reading /migration anew", false);
    return;
  }
  finish();
  const auto parsed = zk::parse_migration(found->data.value_or(""));
  if (parsed && parsed->kraft_controller_id == config_.node_id &&
      parsed->kraft_controller_epoch == leadership_.kraft_controller_epoch) {
    leadership_ = leadership_.with_migration_zk_version(found->stat.version);
  }
  reconcile_all(context);
}

// SYNC_KRAFT_TO_ZK does so anyway, at its polls.
void Driver::reconcile_all(Context& context) {
  if (config_.defects.failed_change_is_skipped || !allows_dual_write(state_)) return;
  change(context, {.delta = nullptr, .image = image_, .is_snapshot = true, .leader = leader_});
}

void Driver::send_full_requests(Context& context) {
  if (highest_of(image_) < leadership_.kraft_metadata) return;
  context.actions.emplace_back(
      SendRequests{image_, leadership_.zk_controller_epoch,
                   requests_for_image(config_.node_id, image_, leadership_.zk_controller_epoch)});
  transition_to(context, MigrationDriverState::DualWrite);
}

}  // namespace migrate
