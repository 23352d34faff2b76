#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "sim/base/problem.h"
#include "zk/client.h"
#include "zk/live/connect_options.h"
#include "zk/request.h"

namespace zk::live {

// The port to a running ensemble: the requests, answers and watches of `zk::Client`, spoken through the Apache
// ZooKeeper C client. The client's own threads only post what arrived into one queue, which the caller drains on its own
// thread. What makes of the simulated client and this one the same port is held by `tests/contracts`.
//
// It can write, unlike `Connection`: no verb that plans or reads may use it.
//
// What the C client does not tell, and so no caller of the port may rely on:
//   - `Response::zxid` is that of the transaction only for requests whose answer has a stat (create, setData), and 0
//     for all others;
//   - setACL is answered without the stat, and a create in a multi without one;
//   - a `Check` outside a multi cannot be sent: it is answered with Unimplemented.
class Client {
 public:
  // Called on a thread of the client's after each event that `next` will give: for who waits for several clients.
  using Arrival = std::function<void()>;

  // Waits until the session stands and the credentials are sent. A Problem says what to do when that fails.
  static sim::Expected<Client> open(const ConnectOptions& options, Arrival arrival = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();  // as `close`

  // Sends the request now or, while not connected, with the next connection. Its Reply comes by `next`, in the order of
  // submission: ConnectionLoss says that what became of it is unknown, SessionExpired that the session was over.
  void submit(CallId call, Request request, Watching watching = Watching::No);
  // The next event; nothing when none comes in time. Watches come before any reply that shows the new state.
  std::optional<ClientEvent> next(std::chrono::milliseconds patience);
  // Ends the session, and with it its ephemerals; waits at most three seconds. Calls still open are lost.
  void close();

  SessionId session() const;
  // The timeout that the server granted.
  std::chrono::milliseconds granted_timeout() const;

 private:
  class State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zk::live
