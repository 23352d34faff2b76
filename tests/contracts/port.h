#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "zk/request.h"

// The port to a ZooKeeper ensemble as its users see it: requests and answers as values. One suite holds the simulated
// ensemble with its client, and a real server with the C client, to it.
namespace contracts {

struct SessionOptions {
  std::string chroot;
  std::chrono::milliseconds timeout{6000};
};

// One session, in its user's hands.
class Session {
 public:
  virtual ~Session() = default;
  virtual zk::CallId submit(zk::Request request, zk::Watching watching) = 0;
  // The answer; throws when there is none within a minute.
  virtual zk::Response wait(zk::CallId call) = 0;
  // What has fired since the last call of this; waits until it is at least so many events.
  virtual std::vector<zk::WatchedEvent> fired(std::size_t at_least) = 0;
  virtual zk::SessionId id() const = 0;
  // Ends it, and waits until the ensemble has heard it.
  virtual void close() = 0;

  zk::CallId submit(zk::Request request) { return submit(std::move(request), zk::Watching::No); }
  zk::Response ask(zk::Request request, zk::Watching watching = zk::Watching::No) {
    return wait(submit(std::move(request), watching));
  }
};

class Ensemble {
 public:
  virtual ~Ensemble() = default;
  virtual std::unique_ptr<Session> session(SessionOptions options) = 0;
  // From `silence` to `speak`, nothing passes between servers and clients; what is sent may arrive later, or be lost.
  virtual void silence() = 0;
  virtual void speak() = 0;
  // Lets this time pass.
  virtual void pass(std::chrono::milliseconds time) = 0;
};

}  // namespace contracts
