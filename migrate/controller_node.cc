#include "migrate/controller_node.h"

#include <algorithm>
#include <utility>

#include "migrate/propagator.h"
#include "sim/base/check.h"
#include "sim/base/match.h"

namespace migrate {
namespace {

LeaderAndEpoch leader_of(const kraft::LeaderAndEpoch& announced) {
  return {announced.leader, announced.epoch};
}

}  // namespace

ControllerNode::ControllerNode(ControllerNodeConfig config, const sim::Durable& durable)
    : config_(std::move(config)), durable_(durable) {}

void ControllerNode::boot(Turn& turn) {
  node_.emplace(config_.node, *durable_, turn.choices);
  durable_.reset();
  if (!config_.driver) return;
  driver_.emplace(*config_.driver);
  zookeeper_.emplace(config_.zookeeper);
  channels_.emplace(sim::NetworkClient::Config{.self = config_.node.self});
  drive(turn, [&](Driver::Context context) { driver_->start(context); });
}

sim::Effects ControllerNode::step(sim::Instant now, sim::Input input, sim::Choices& choices) {
  sim::Effects effects;
  Turn turn{now, choices, effects};
  if (!node_) boot(turn);
  dispatch(turn, input);
  settle(turn);
  return effects;
}

void ControllerNode::dispatch(Turn& turn, const sim::Input& input) {
  const bool wake = std::holds_alternative<sim::Wake>(input);
  if (zookeeper_ && (wake || zookeeper_->owns(input))) {
    take(turn, zookeeper_->handle({turn.now, turn.choices, turn.effects, last_serial_}, input));
    if (!wake) return;
  }
  const auto* const received = std::get_if<sim::Received>(&input);
  if (received != nullptr && node_->receive(turn.now, *received, turn.choices, turn.effects))
    return;
  if (channels_) {
    sim::Context context{turn.now, turn.choices, turn.effects, last_serial_};
    // Answers of brokers are only logged by Kafka: nothing depends on them (migration.md §5.2).
    [[maybe_unused]] const auto answers = channels_->handle(context, input);
  }
  if (!wake) return;
  node_->wake(turn.now, turn.choices, turn.effects);
  if (driver_) drive(turn, [&](Driver::Context context) { driver_->wake(context); });
}

void ControllerNode::settle(Turn& turn) {
  bool moved = true;
  while (moved) {
    moved = deliver_publications(turn);
    moved = deliver_commits(turn) || moved;
  }
}

bool ControllerNode::deliver_publications(Turn& turn) {
  std::vector<kraft::Publication> publications = node_->take_publications();
  const std::vector<kraft::LeaderAndEpoch> leaders = node_->take_leader_changes();
  if (!driver_ || !publisher_installed_) return false;
  if (image_due_) {
    // Not before the loader has caught up with the log (kraft.md §4.2).
    if (!node_->loader().published_any()) return false;
    image_due_ = false;
    const sim::MetadataImage& image = node_->image();
    // Nothing looks at the delta of a snapshot that arrives before this node leads.
    auto delta = std::make_shared<const sim::MetadataDelta>(image);
    drive(turn, [&](Driver::Context context) {
      driver_->on_metadata_update(context, std::move(delta), image, true);
    });
    drive(turn, [&](Driver::Context context) {
      driver_->on_controller_change(context, leader_of(node_->leader_and_epoch()));
    });
    return true;
  }
  for (kraft::Publication& publication : publications) {
    auto delta = std::make_shared<const sim::MetadataDelta>(std::move(publication.delta));
    const bool is_snapshot = publication.kind == kraft::Publication::Kind::Snapshot;
    drive(turn, [&](Driver::Context context) {
      driver_->on_metadata_update(context, std::move(delta), publication.image, is_snapshot);
    });
  }
  for (const kraft::LeaderAndEpoch& leader : leaders) {
    drive(turn, [&](Driver::Context context) {
      driver_->on_controller_change(context, leader_of(leader));
    });
  }
  return !publications.empty() || !leaders.empty();
}

bool ControllerNode::deliver_commits(Turn& turn) {
  bool moved = false;
  for (auto it = writes_.begin(); it != writes_.end();) {
    const kraft::WriteStatus status = node_->write_status(it->second);
    if (status.state == kraft::WriteStatus::State::Waiting) {
      ++it;
      continue;
    }
    const TicketId ticket = it->first;
    it = writes_.erase(it);
    moved = true;
    std::expected<sim::OffsetAndEpoch, std::string> outcome =
        sim::OffsetAndEpoch{status.epoch, status.offset};
    if (status.state == kraft::WriteStatus::State::Failed) {
      outcome = std::unexpected(std::string(sim::name_of(status.error)));
    }
    drive(turn, [&](Driver::Context context) {
      driver_->on_commit(context, ticket, std::move(outcome));
    });
    break;  // the driver may have written again: begin anew
  }
  return moved;
}

void ControllerNode::act(Turn& turn, DriverActions actions) {
  for (DriverAction& action : actions) {
    sim::match(
        action,
        [&](ZkBatch& batch) {
          take(turn, zookeeper_->submit({turn.now, turn.choices, turn.effects, last_serial_},
                                        batch.ticket, std::move(batch.requests)));
        },
        [&](const BeginMigration& begin) {
          watch_write(begin.ticket, node_->begin_migration(turn.now, turn.choices, turn.effects));
        },
        [&](AppendMigrationRecords& append) {
          // The copy writes every record in version 0, whatever metadata.version allows (migration.md §3.4).
          kraft::Records records;
          records.reserve(append.records.size());
          for (sim::Record& record : append.records) records.push_back({std::move(record), 0});
          watch_write(append.ticket, node_->accept_batch(std::move(records), turn.now, turn.choices,
                                                         turn.effects));
        },
        [&](const CompleteMigration& complete) {
          watch_write(complete.ticket,
                      node_->complete_migration(turn.now, turn.choices, turn.effects));
        },
        [&](AbortMigration& abort) {
          turn.effects.push_back(
              sim::Exit{sim::kMainLane, "fatal fault: the migration was aborted: " + abort.why});
        },
        [&](const InstallPublisher&) {
          publisher_installed_ = true;
          image_due_ = true;
        },
        [&](SendRequests& send) {
          sim::Context context{turn.now, turn.choices, turn.effects, last_serial_};
          std::map<sim::BrokerId, sim::BrokerEpoch> generations;
          for (const sim::BrokerRegistration& broker : reachable_zk_brokers(send.image)) {
            generations.emplace(broker.broker_id, broker.broker_epoch);
          }
          channels_->set_brokers(context, generations, config_.brokers);
          channels_->enqueue(context, std::move(send.requests));
        },
        [&](sim::Payload& notice) { turn.effects.push_back(sim::Notify{std::move(notice)}); });
  }
}

void ControllerNode::take(Turn& turn, zk::KafkaClientEvents events) {
  for (zk::KafkaClientEvent& event : events) {
    // The driver sets no watch and leaves no ephemeral: a new session is nothing that it would notice.
    if (auto* const done = std::get_if<zk::BatchDone>(&event)) {
      drive(turn, [&](Driver::Context context) {
        driver_->on_zk_answer(context, done->batch, std::move(done->responses));
      });
    }
  }
}

std::optional<sim::Instant> ControllerNode::deadline() const {
  if (!node_) return sim::Instant(0);
  std::optional<sim::Instant> earliest = node_->next_deadline();
  const auto consider = [&](std::optional<sim::Instant> at) {
    if (at && (!earliest || *at < *earliest)) earliest = at;
  };
  if (driver_) consider(driver_->deadline());
  if (zookeeper_) consider(zookeeper_->deadline());
  if (channels_) consider(channels_->deadline());
  if (earliest == sim::Instant::never()) earliest.reset();
  return earliest;
}

void ControllerNode::digest_into(sim::Digest& digest) const {
  if (node_) node_->digest_into(digest);
  if (driver_) driver_->digest_into(digest);
  if (zookeeper_) zookeeper_->digest_into(digest);
  if (channels_) channels_->digest_into(digest);
  digest.add(std::uint64_t{writes_.size()});
  digest.add(std::uint64_t{publisher_installed_});
  digest.add(std::uint64_t{image_due_});
}

}  // namespace migrate
