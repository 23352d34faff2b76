#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "sim/base/problem.h"
#include "zk/acl.h"
#include "zk/live/connect_options.h"
#include "zk/request.h"
#include "zk/stat.h"

// Of the C client, so that nobody else needs its header.
struct _zhandle;
struct Stat;
struct ACL_vector;

namespace zk::live {

// A session of the Apache ZooKeeper C client: what `Connection` (questions) and `Client` (requests) stand on.
// zookeeper.md §4.2.
class Session {
 public:
  // Told of every watch that fires and of every change of the session's state, on a thread of the client's.
  using Watcher = std::function<void(const WatchedEvent&)>;

  // Waits until the session stands and the credentials are sent. A Problem says what to do when
  // that fails.
  static sim::Expected<std::unique_ptr<Session>> open(const ConnectOptions& options,
                                                      Watcher watcher = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { close(); }

  // Ends the session; waits at most three seconds. Every call still open completes before it returns.
  void close();

  // Null once closed.
  _zhandle* handle() const { return handle_; }
  SessionId id() const;
  // Whether a server has said that it is over: expired, or its credentials refused.
  bool is_over() const;
  // The timeout that the server granted.
  std::chrono::milliseconds granted_timeout() const;
  const std::string& target() const { return target_; }  // for messages

 private:
  Session(std::string target, Watcher watcher)
      : target_(std::move(target)), watcher_(std::move(watcher)) {}
  sim::Expected<void> start(const ConnectOptions& options);
  bool connects(std::chrono::milliseconds limit);
  sim::Expected<void> authenticate(const std::string& credentials, std::chrono::milliseconds limit);
  bool dead() const;  // requires the mutex
  static void on_event(_zhandle* handle, int type, int state, const char* path, void* context);
  static void on_auth(int rc, const void* context);

  template <class Condition>
  bool wait_for(std::chrono::milliseconds limit, Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, condition);
  }

  std::string target_;
  Watcher watcher_;
  _zhandle* handle_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<int> auth_result_;
  int state_ = 0;
};

// What the C client hands over, as our own.
zk::Stat stat_of(const ::Stat& stat);
AclList acl_of(const ::ACL_vector& acl);

}  // namespace zk::live
