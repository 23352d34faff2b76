#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kafka/application/client_application.h"
#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/application/delivery_invariants.h"
#include "sim/kafka/application/transaction_invariants.h"
#include "sim/kafka/broker_notice.h"
#include "tests/sim/kafka/scripted_cluster.h"

namespace sim {

// Three brokers, `orders` with one partition and a record every 10 ms, `dlq`, `results` and the retry topics, and one
// client program, watched by the checkers of deliveries and transactions; where it writes in transactions, somebody reads
// what that leads to.
//
//   producer ─► orders ─► program ─► dlq, results ─► reader of committed data
class ApplicationWorld {
 public:
  static constexpr NodeId kProducer{200};
  static constexpr NodeId kClient{201};
  static constexpr NodeId kReader{202};

  explicit ApplicationWorld(ClientProgram program, ClientBehaviour behaviour = {},
                            BrokerBehaviour brokers = {})
      : cluster(3, brokers) {
    payloads_ = std::make_shared<PayloadTable>();
    program.dead_letter_topic = "dlq";
    if (program.uses_transactions()) {
      program.output_topic = "results";
      program.transactional_id = "billing-1";
      transactions.timeouts["billing-1"] = program.transaction_timeout;
    }
    config_ = {.name = "consumer-1",
               .group = "billing",
               .self = kClient,
               .brokers = cluster.book,
               .topics = {"orders"},
               .program = std::move(program),
               .payloads = payloads_,
               .reset = OffsetReset::Earliest,
               .max_poll_records = 10,
               .behaviour = behaviour};
    memory.declare("billing", config_.program);
    cluster.create("__consumer_offsets", 4, {2, 3, 1});
    cluster.create("orders", 1, {1, 2, 3});
    cluster.create("dlq", 1, {2, 3, 1});
    if (config_.program.uses_transactions()) {
      cluster.create("__transaction_state", 4, {3, 1, 2});
      cluster.create("results", 2, {1, 3, 2});
    }
    for (const RetryTopic& retry : config_.program.retry_topics)
      cluster.create(retry.topic, 1, {3, 1, 2});
    cluster.world.on_notice = [this](const Payload& notice) {
      seen_ += notice.name() == awaited_ ? 1 : 0;
      for (Violation& found : check_delivery_notice(notice, cluster.world.now, memory))
        violations.push_back(std::move(found));
      for (Violation& found :
           check_transaction_notice(notice, cluster.world.now, running(), transactions))
        violations.push_back(std::move(found));
    };
    cluster.world.add(kProducer, Producer({.name = "producer",
                                           .self = kProducer,
                                           .brokers = cluster.book,
                                           .topics = {"orders"},
                                           .interval = Duration{10'000'000}}));
  }

  // The nth record that the producer sends.
  void poison(std::int64_t nth, RecordContent content) {
    payloads_->add({.nth = nth, .below = 1'000'000, .content = std::move(content)});
  }
  ClientApplicationConfig& config() { return config_; }
  ClientApplication& start() {
    config_.life = ++lives_;
    config_.first_letter_token = RecordToken{1'000'000'000LL * lives_};
    client =
        &cluster.world.add(kClient, ClientApplication(config_, cluster.world.durable(kClient)));
    return *client;
  }
  void crash() {
    cluster.world.kill(kClient);
    client = nullptr;
    memory.on_ended("billing", cluster.world.now, "crash", DeliveryMemory::Disk::Kept);
  }
  // Reads what the program writes, and commits it.
  void start_reader() {
    transactions.read_committed.insert("ledger");
    const ClientProgram program{.isolation_level = IsolationLevel::ReadCommitted};
    memory.declare("ledger", program);
    cluster.world.add(kReader, ClientApplication({.name = "consumer-2",
                                                  .group = "ledger",
                                                  .self = kReader,
                                                  .brokers = cluster.book,
                                                  .topics = {"results"},
                                                  .program = program,
                                                  .payloads = payloads_,
                                                  .reset = OffsetReset::Earliest},
                                                 {}));
  }
  std::vector<const Broker*> running() {
    std::vector<const Broker*> brokers;
    for (const auto& [id, process] : cluster.processes) {
      if (cluster.world.running(NodeId{static_cast<std::uint32_t>(id)}))
        brokers.push_back(&process->broker);
    }
    return brokers;
  }
  void run_for(Duration duration) { cluster.world.run_for(duration); }
  // Runs until the nth notice of that name from now on. False: it does not come within a minute.
  bool run_to(std::string_view notice, int nth = 1) {
    awaited_ = notice;
    seen_ = 0;
    for (int i = 0; i < 120'000 && seen_ < nth; ++i) cluster.world.run_for(Duration{500'000});
    return seen_ >= nth;
  }
  template <class T>
  std::vector<T> noticed() const {
    return cluster.world.noticed<T>();
  }
  // Nobody sends any more, and what is under way arrives.
  DeliveryAccount settle(Duration rest = Duration{5'000'000'000}) {
    cluster.world.kill(kProducer);
    cluster.world.run_for(rest);
    for (Violation& found : check_transactions_at_end(running(), cluster.world.now, transactions))
      violations.push_back(std::move(found));
    memory.late_results = transactions.late;
    for (Violation& found : check_delivery_at_end(running(), cluster.world.now, memory))
      violations.push_back(std::move(found));
    return memory.total("billing");
  }
  std::string why() const {
    std::string text;
    for (const Violation& found : violations) text += found.invariant + ": " + found.what + "\n";
    return text;
  }

  ScriptedCluster cluster;
  DeliveryMemory memory;
  TransactionMemory transactions;
  Violations violations;
  ClientApplication* client = nullptr;

 private:
  std::shared_ptr<PayloadTable> payloads_;
  ClientApplicationConfig config_;
  std::uint32_t lives_ = 0;
  std::string_view awaited_;
  int seen_ = 0;
};

}  // namespace sim
