#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/problem.h"
#include "zk/acl.h"
#include "zk/live/connect_options.h"
#include "zk/stat.h"
#include "zk/txn.h"

namespace zk::live {

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

}  // namespace zk::live
