#include <gtest/gtest.h>

#include "sim/kafka/application/client_notice.h"
#include "sim/kafka/application/delivery_invariants.h"
#include "sim/kafka/broker_notice.h"

// broker.P24 on notices that no program of ours gives: the switches of client.* are seen by the promise
// that they break (P17, P23) before the balance is drawn.
namespace sim {
namespace {

const TopicPartition kOrders{"orders", PartitionId{0}};

Violations tell(DeliveryMemory& memory, Payload notice) {
  return check_delivery_notice(notice, Instant{}, memory);
}

DeliveryMemory three_records_read() {
  DeliveryMemory memory;
  memory.declare("billing", {});
  EXPECT_TRUE(
      tell(memory, Payload::of(ClientPositionSet{"billing", kOrders, Offset{0}, "reset"})).empty());
  EXPECT_TRUE(tell(memory, Payload::of(ClientConsumed{"billing", kOrders, Offset{0}, 3,
                                                      RecordToken{7}, BrokerId{1}}))
                  .empty());
  return memory;
}

Violations process(DeliveryMemory& memory, std::int64_t offset) {
  return tell(memory,
              Payload::of(ClientProcessed{
                  "billing", {kOrders, Offset{offset}, LeaderEpoch{0}, RecordToken{7 + offset}}}));
}

TEST(DeliveryInvariants, ARecordThatIsPassedOverIsSeenAsSoonAsALaterOneIsProcessed) {
  DeliveryMemory memory = three_records_read();
  EXPECT_TRUE(process(memory, 0).empty());
  const Violations found = process(memory, 2);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].invariant, "broker.P24");
  EXPECT_NE(found[0].what.find("orders-0 at offset 1"), std::string::npos) << found[0].what;
}

TEST(DeliveryInvariants, TheAccountBalancesAndARecordThatIsInNoColumnIsSeen) {
  DeliveryMemory memory = three_records_read();
  for (const std::int64_t offset : {0, 1, 2}) EXPECT_TRUE(process(memory, offset).empty());
  EXPECT_TRUE(check_delivery_at_end({}, Instant{}, memory).empty());
  --memory.groups["billing"].partitions[kOrders].account.processed_ok;
  const Violations found = check_delivery_at_end({}, Instant{}, memory);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].invariant, "broker.P24");
}

}  // namespace
}  // namespace sim
