#include "sim/kafka/rpc.h"

#include <gtest/gtest.h>

namespace sim {
namespace {

TEST(Rpc, AnAnswerReturnsOverItsConnectionWithItsCorrelationId) {
  const Request<FetchRequest> request{CorrelationId{7}, {}};
  const Received received{NodeId{3}, {NodeId{3}, 1}, Payload::of(request)};
  const Send answer =
      reply(received, request, FetchResponse{.error_code = ErrorCode::NotController});
  EXPECT_EQ(answer.to, NodeId{3});
  EXPECT_EQ(answer.over, received.over);
  const auto& response = answer.message.as<Response<FetchResponse>>();
  EXPECT_EQ(response.correlation, CorrelationId{7});
  EXPECT_EQ(response.body.error_code, ErrorCode::NotController);
}

TEST(Rpc, AMessageIsNamedAfterItsBodyAndPrintsWithKafkasFieldNames) {
  const Payload message = Payload::of(Request<LeaderAndIsrRequest>{
      CorrelationId{1},
      {.header = {.controller_id = BrokerId{3000}, .is_kraft_controller = true}}});
  EXPECT_EQ(message.name(), "kafka.LeaderAndIsrRequest");
  EXPECT_NE(message.describe().find("controllerId=3000 isKRaftController=true"), std::string::npos);
}

TEST(Rpc, ErrorCodesBearKafkasNamesAndNumbers) {
  EXPECT_EQ(name_of(ErrorCode::UnknownServerError), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(name_of(ErrorCode::None), "NONE");
  EXPECT_EQ(name_of(ErrorCode::StaleBrokerEpoch), "STALE_BROKER_EPOCH");
  EXPECT_EQ(static_cast<int>(ErrorCode::StaleBrokerEpoch), 77);
  EXPECT_EQ(name_of(ErrorCode::InvalidRegistration), "INVALID_REGISTRATION");
  EXPECT_EQ(static_cast<int>(ErrorCode::InvalidRegistration), 119);
  EXPECT_EQ(name_of(ErrorCode::VoterNotFound), "VOTER_NOT_FOUND");
}

TEST(Rpc, BatchesAreEqualWhenTheirRecordsAre) {
  const LogBatch tokens{.base_offset = Offset{5}, .count = 3, .first_token = RecordToken{40}};
  EXPECT_EQ(tokens.next_offset(), Offset{8});
  EXPECT_EQ(tokens.last_offset(), Offset{7});
  EXPECT_EQ(tokens.token_at(Offset{6}), RecordToken{41});
  LogBatch valued{.count = 1, .value = Payload::of(Response<HeartbeatResponse>{})};
  LogBatch twin{.count = 1, .value = Payload::of(Response<HeartbeatResponse>{})};
  EXPECT_EQ(valued, twin);
  twin.value = Payload::of(Response<HeartbeatResponse>{CorrelationId{1}, {}});
  EXPECT_NE(valued, twin);
  EXPECT_NE(valued, tokens);
}

}  // namespace
}  // namespace sim
