#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/problem.h"
#include "zk/acl.h"
#include "zk/stat.h"
#include "zk/txn.h"

namespace zk::live {

// Where and how to connect.
struct ConnectOptions {
  std::string hosts;                       // "host:port[,host:port…][/chroot]", IPv6 in brackets
  std::string chroot;                      // appended to a chroot in `hosts`; empty or "/a/b"
  std::optional<std::string> digest_auth;  // "user:password"
  std::chrono::milliseconds session_timeout{30'000};
  std::chrono::milliseconds connect_timeout{15'000};
};

// What is asked of one znode.
enum class Ask : std::uint8_t {
  Children,
  Data,
  Acl,
  Stat
};

struct Question {
  Ask ask = Ask::Stat;
  std::string path;  // below the chroot; "/" is the chroot itself
};

// What the server said; only what was asked for is filled in, and only if `error` is Ok.
struct Answer {
  Question question;
  ErrorCode error = ErrorCode::Ok;
  Stat stat;
  Data data;
  std::vector<std::string> children;
  AclList acl;
};

// One session with an ensemble through the Apache ZooKeeper C client, read-only: there is no way to
// write. The client's own threads only queue what arrives; all decisions are the caller's, on the
// caller's thread. zookeeper.md §4.2–§4.4.
class Connection {
 public:
  // Waits until the session stands and the credentials are sent. A Problem says what to do when
  // that fails.
  static sim::Expected<Connection> open(const ConnectOptions& options);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();  // ends the session; waits at most three seconds

  // Sends a question; its answer comes by `next`. Answers come in the order of the questions unless
  // a connection is lost: then each lost one is answered with ConnectionLoss or OperationTimeout.
  void ask(Question question);
  // The next answer; nothing when none came within the session's timeout and a half, or when the
  // session has expired and nothing is outstanding.
  std::optional<Answer> next();

  bool expired() const;
  // The timeout that the server granted.
  std::chrono::milliseconds granted_timeout() const;
  const std::string& target() const;  // for messages

 private:
  class State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What a person can do whose ensemble this client cannot talk to (no TLS, no SASL).
extern const char* const kCopyFilesInstead;

}  // namespace zk::live
