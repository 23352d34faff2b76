#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "sim/base/described.h"
#include "sim/base/id.h"
#include "sim/core/core.h"
#include "sim/kafka/rpc_admin.h"
#include "sim/kafka/rpc_control.h"
#include "sim/kafka/rpc_data.h"
#include "sim/kafka/rpc_groups.h"
#include "sim/kafka/rpc_membership.h"
#include "sim/kafka/rpc_transactions.h"

// Kafka's remote calls. A body is a plain struct with Kafka's field names; what travels is the body
// in an envelope, `Request<FetchRequest>` or `Response<FetchResponse>`, over a connection that the
// caller opened. The envelope adds the correlation id and nothing else: who asks is the
// connection's peer
// (`Received::from`), and a request that needs a broker's identity has a field for it, as in Kafka.
//
//   if (const auto* request = received.message.get_if<Request<FetchRequest>>()) {
//     effects.push_back(reply(received, *request, FetchResponse{…}));
//   }
namespace sim {

// Given by the caller, once per request of one process; the answer bears the same. An answer whose
// correlation id nobody waits for is dropped: its request timed out, or belongs to a former
// connection.
struct CorrelationTag {};
using CorrelationId = Ordinal<CorrelationTag, std::int32_t>;

template <class Body>
concept RequestBody = Named<Body> && Described<Body> && requires { typename Body::Response; };

template <RequestBody Body>
struct Request {
  static constexpr std::string_view kName = Body::kName;
  CorrelationId correlation{};
  Body body;
  static constexpr auto fields(auto&& visit) {
    return visit(field("correlationId", &Request::correlation), field("body", &Request::body));
  }
};

template <class Body>
struct Response {
  static constexpr std::string_view kName = Body::kName;
  CorrelationId correlation{};
  Body body;
  static constexpr auto fields(auto&& visit) {
    return visit(field("correlationId", &Response::correlation), field("body", &Response::body));
  }
};

// Where an answer goes that is given later than its request was read: a parked fetch or produce.
struct ReplyTo {
  NodeId node{};
  ConnectionId over;
  CorrelationId correlation{};
  bool operator==(const ReplyTo&) const = default;
  static constexpr auto fields(auto&& visit) {
    return visit(field("node", &ReplyTo::node), field("over", &ReplyTo::over),
                 field("correlationId", &ReplyTo::correlation));
  }
};

template <RequestBody Body>
ReplyTo reply_to(const Received& received, const Request<Body>& request) {
  return {.node = received.from, .over = received.over, .correlation = request.correlation};
}

// The answer to a request, ready to be sent back over the connection that it came by.
template <class ResponseBody>
Send reply(const ReplyTo& to, ResponseBody body) {
  return {.lane = kMainLane,
          .to = to.node,
          .over = to.over,
          .message = Payload::of(Response<ResponseBody>{to.correlation, std::move(body)})};
}
template <RequestBody Body>
Send reply(const Received& received, const Request<Body>& request, typename Body::Response body) {
  return reply(reply_to(received, request), std::move(body));
}

}  // namespace sim
