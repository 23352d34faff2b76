#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/kafka/application/client_behaviour.h"
#include "sim/kafka/application/client_program.h"
#include "sim/kafka/application/client_steps.h"
#include "sim/kafka/application/payload_table.h"
#include "sim/kafka/consumer_client.h"
#include "sim/kafka/producer_client.h"

namespace sim {

struct ClientApplicationConfig {
  std::string name;  // of the process, "consumer-1"
  std::string group;
  NodeId self{};
  AddressBook brokers;
  std::vector<std::string> topics;
  ClientProgram program;
  std::shared_ptr<const PayloadTable> payloads;
  OffsetReset reset = OffsetReset::Latest;  // auto.offset.reset
  std::int32_t max_poll_records = 500;
  Duration processing{1'000'000};    // of one record
  bool waits = false;                // its first life begins with a StartClient
  std::uint32_t life = 1;            // which one of the process this is
  RecordToken first_letter_token{};  // each life of each application has a range of its own
  ClientBehaviour behaviour;
};

// Tells an application that waits that it may begin.
struct StartClient {
  static constexpr std::string_view kName = "client.Start";
  static constexpr auto fields(auto&& visit) { return visit(); }
};

// A client program and the two clients that it uses, as a process: consumer in, and where it writes
// dead letters a producer out.
//
//   poll ─► (deserialise) ─► process ─► (dead letter) ─► commit ─► poll …
//
// What it does next stands in a queue of steps, and each `step` performs one at most: a crash loses
// the queue, and all else that is remembered. What it finds again is what the group has committed,
// what its own disk keeps (the external store, the spool), and what is in topics.
//
// A program with transactions is the loop of KafkaProducer's documentation: an abortable error aborts the transaction and
// goes back to what was read for it, a fatal one ends the program.
//
// Simplified: it names its partitions itself, alone in its group (assign); `ConsumerClient` is where
// a subscription would come in. The external store is the process's own disk, synced with each
// result. A dead letter larger than max.message.bytes and smaller than max.request.size is taken.
class ClientApplication {
 public:
  static constexpr File kStoreFile{0};
  static constexpr File kSpoolFile{1};

  ClientApplication(ClientApplicationConfig config, const Durable& disk);

  Effects step(Instant now, Input input, Choices& choices);
  std::optional<Instant> deadline() const;
  void digest_into(Digest& digest) const;

  bool running() const { return session_.has_value(); }
  const ClientApplicationConfig& config() const { return config_; }

 private:
  // A letter on its way.
  struct Letter {
    PolledRecord record;
    std::string topic;
    BadRecordHandling handling;
    Payload content;                                           // a DeadLetter
    std::optional<std::pair<TopicPartition, Offset>> written;  // in a transaction that is open
    static constexpr auto fields(auto&& visit) {
      return visit(field("record", &Letter::record), field("topic", &Letter::topic),
                   field("content", &Letter::content));
    }
  };
  // What is in memory from one start of the program to its end.
  struct Session {
    ConsumerClient consumer;
    std::optional<ProducerClient> producer;
    bool producer_ready = false;
    Steps steps;
    Instant due = kLongAgo;  // when to look at the first step, or at poll(), again
    // Behind what is processed, skipped, reported or, where that is awaited, in its letter's topic.
    std::map<TopicPartition, Offset> handled;
    std::map<RecordToken, Letter> letters;  // sent and neither acknowledged nor given up
    std::optional<RecordToken> last_letter;
    std::set<RecordOrigin> bad;       // met, and not yet behind what is committed
    std::set<RecordOrigin> lettered;  // with a letter already (position_not_advanced)
    std::deque<PolledRecord> handed_over;
    Instant worker_due = kLongAgo;
    Instant next_commit;
    std::deque<CommitHow> commits;  // asked for, in order
    std::optional<ErrorCode> sync_result;
    Instant commit_again = kLongAgo;
    std::optional<RecordOrigin> storing;
    bool stored = false;
    std::string ends_because;
    // Of a program with transactions. It reads nothing before initTransactions() has returned.
    bool initialized = false;
    std::vector<PolledRecord>
        in_transaction;  // whose results and letters are part of the one that is open
  };
  void begin(Context& context);
  void hear(Context& context);
  void hear_own(Context& context, const Received& received);
  void note_passed(Context& context, const std::vector<OffsetCommitPartition>& committed);
  void advance(Context& context);
  void look_for_work(Instant now);

  // poll()
  void poll(Context& context);
  bool commits_in_poll(Context& context);
  std::vector<PolledRecord> gather(Context& context, std::optional<PolledRecord>& unreadable);
  std::vector<OffsetCommitPartition> committable() const;

  // Steps. True: done with it.
  bool perform(Context& context, Step& step);
  bool process(Context& context, Step& step);
  bool split(Context& context, Step& step);
  // Both push what comes next in front of the other steps.
  void attempt(Context& context, const PolledRecord& record, std::int32_t attempt);
  void meet_bad(Context& context, const PolledRecord& record, std::int32_t attempt,
                BadRecordHandling handling, Poison poison);
  Steps steps_for_bad(const PolledRecord& record, std::int32_t attempt, BadRecordHandling handling,
                      const Failure& failure) const;
  void execute(Context& context, const PolledRecord& record, std::int32_t attempt);
  bool send_letter(Context& context, Step& step);
  bool await_commit(Context& context, Step& step);
  bool letters_hold_back(const std::vector<OffsetCommitPartition>& offsets) const;
  void ask_for_commit(const Step& step);

  // Letters
  DeadLetter letter_about(const Step& step, Instant now) const;
  void end_letter(Context& context, RecordToken token, const TopicPartition& id, Offset offset,
                  ErrorCode error);
  void fail_letter(Context& context, RecordToken token, ErrorCode error);

  void step_over(const PolledRecord& record);

  // Transactions
  TransactionManager* transactions();
  void begin_transaction();
  bool produce(Context& context, Step& step);
  bool send_offsets(Step& step);
  bool await_transaction(Context& context, Step& step);
  void on_transaction_committed(Context& context, const Step& step);
  bool meet_transaction_error();
  void rewind();

  // Ends
  void throw_out(std::string why);
  void die(Context& context, std::string why);
  void end(Context& context);

  const RecordContent* content_of(const PolledRecord& record) const;

  ClientApplicationConfig config_;
  std::optional<Session> session_;
  std::uint32_t last_serial_ = 0;
  Instant start_at_;
  RecordToken next_letter_;
  std::map<TopicPartition, Offset> store_;  // what the external store says is next to read
  std::int64_t results_ = 0;                // stored with their offset or apart from it
};

}  // namespace sim
