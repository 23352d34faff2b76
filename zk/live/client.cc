#include "zk/live/client.h"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/base/match.h"
#include "zk/live/mailbox.h"
#include "zk/live/session.h"

namespace zk::live {
namespace {

using sim::Expected;
using std::chrono::milliseconds;

// A list of ACLs as the C client wants it: it points into the list given, which must outlive it.
class AclVector {
 public:
  explicit AclVector(const AclList& list) {
    for (const Acl& acl : list) {
      entries_.push_back(
          {acl.perms, {const_cast<char*>(acl.scheme.c_str()), const_cast<char*>(acl.id.c_str())}});
    }
    vector_ = {static_cast<std::int32_t>(entries_.size()), entries_.data()};
  }
  AclVector(const AclVector&) = delete;
  AclVector& operator=(const AclVector&) = delete;
  const ::ACL_vector* get() const { return &vector_; }

 private:
  std::vector<::ACL> entries_;
  ::ACL_vector vector_{};
};

const char* bytes_of(const Data& data) {
  return data ? data->data() : nullptr;
}
// -1 is null, 0 is empty.
int length_of(const Data& data) {
  return data ? static_cast<int>(data->size()) : -1;
}

std::string text(const char* value) {
  return value == nullptr ? "" : value;
}

SessionState session_state(KeeperState state) {
  switch (state) {
    case KeeperState::SyncConnected:
      return SessionState::Connected;
    case KeeperState::Disconnected:
      return SessionState::Disconnected;
    case KeeperState::AuthFailed:
    case KeeperState::Expired:
      return SessionState::Expired;
  }
  sim::unreachable("a state of a session has a name");
}

}  // namespace

class Client::State {
 public:
  explicit State(Arrival arrival) : arrival_(std::move(arrival)) {}

  Expected<void> open(const ConnectOptions& options) {
    auto session = Session::open(options, [this](const WatchedEvent& event) { on_event(event); });
    if (!session) return std::unexpected(std::move(session).error());
    session_ = *std::move(session);
    return {};
  }

  void submit(CallId id, Request request, Watching watching);

  void close() {
    if (session_->handle() == nullptr) return;
    session_->close();
    post_state(SessionState::Closed);
  }

  std::optional<ClientEvent> next(milliseconds patience) { return events_.take(patience); }
  SessionId session() const { return session_->id(); }
  milliseconds granted_timeout() const { return session_->granted_timeout(); }

 private:
  // A call on its way: what the C client points into until its completion has run.
  struct Call {
    State* state;
    CallId id;
    Request request;
    std::vector<zoo_op_result_t> results;  // of a multi
    std::vector<std::string> paths;        // room for those that it creates
    std::vector<::Stat> stats;             // of its setData
  };

  // Each answers with what the C client says at once: ZOK, and a completion will come; else none will.
  int send(Call& call, const Create& request);
  int send(Call& call, const Multi& request);

  // ── On the client's threads ──
  void on_event(const WatchedEvent& event) {
    if (event.type != WatchedEventType::None) {
      post(WatchFired{event});
    } else {
      post_state(session_state(event.state));
    }
  }
  // Each watcher of the C client is told of the session; ours wants to hear it once.
  void post_state(SessionState state) {
    if (last_state_.exchange(state) != state) post(SessionStateChanged{state});
  }
  void post(ClientEvent event) {
    events_.put(std::move(event));
    if (arrival_) arrival_();
  }
  static Call* call_of(const void* context) {
    return const_cast<Call*>(static_cast<const Call*>(context));
  }
  // Posts the reply and frees the call.
  static void finish(Call* call, int rc, Result result = {}, Zxid zxid = Zxid());
  static void on_done(int rc, const void* context) { finish(call_of(context), rc); }
  static void on_path(int rc, const char*, const void* context) { finish(call_of(context), rc); }
  static void on_created(int rc, const char* path, const ::Stat* stat, const void* context);
  static void on_stat(int rc, const ::Stat* stat, const void* context);
  static void on_data(int rc, const char* value, int length, const ::Stat* stat,
                      const void* context);
  static void on_children(int rc, const String_vector* names, const ::Stat* stat,
                          const void* context);
  static void on_acl(int rc, ACL_vector* acl, ::Stat* stat, const void* context);
  static void on_multi(int rc, const void* context);

  Arrival arrival_;
  std::atomic<SessionState> last_state_{SessionState::Disconnected};
  Mailbox<ClientEvent> events_;       // outlives the session, whose last completions fill it
  std::unique_ptr<Session> session_;  // not null once open
};

// ── Requests ────────────────────────────────────────────────────────────────────────────────────

void Client::State::submit(CallId id, Request request, Watching watching) {
  auto* const call = new Call{this, id, std::move(request), {}, {}, {}};  // deleted by `finish`
  zhandle_t* const handle = session_->handle();
  if (handle == nullptr) return finish(call, ZSESSIONEXPIRED);
  const int watch = watching == Watching::Yes ? 1 : 0;
  const int rc = sim::match(
      call->request, [&](const Create& create) { return send(*call, create); },
      [&](const Delete& remove) {
        return zoo_adelete(handle, remove.path.c_str(), remove.version.value(), &on_done, call);
      },
      [&](const SetData& set) {
        return zoo_aset(handle, set.path.c_str(), bytes_of(set.data), length_of(set.data),
                        set.version.value(), &on_stat, call);
      },
      [&](const SetAcl& set) {
        AclVector acl(set.acl);
        // The C client takes it without const, and leaves it as it is.
        return zoo_aset_acl(handle, set.path.c_str(), set.version.value(),
                            const_cast<::ACL_vector*>(acl.get()), &on_done, call);
      },
      [&](const Check&) { return static_cast<int>(ZUNIMPLEMENTED); },
      [&](const Multi& multi) { return send(*call, multi); },
      [&](const GetData& get) { return zoo_aget(handle, get.path.c_str(), watch, &on_data, call); },
      [&](const Exists& exists) {
        return zoo_aexists(handle, exists.path.c_str(), watch, &on_stat, call);
      },
      [&](const GetChildren& get) {
        return zoo_aget_children2(handle, get.path.c_str(), watch, &on_children, call);
      },
      [&](const GetAcl& get) { return zoo_aget_acl(handle, get.path.c_str(), &on_acl, call); },
      [&](const Sync& sync) { return zoo_async(handle, sync.path.c_str(), &on_path, call); });
  if (rc != ZOK) finish(call, rc);
}

int Client::State::send(Call& call, const Create& create) {
  const AclVector acl(create.acl);
  const int mode = static_cast<int>(create.mode);
  const bool has_ttl = create.mode == CreateMode::PersistentWithTtl ||
                       create.mode == CreateMode::PersistentSequentialWithTtl;
  return has_ttl ? zoo_acreate2_ttl(session_->handle(), create.path.c_str(), bytes_of(create.data),
                                    length_of(create.data), acl.get(), mode, create.ttl_ms,
                                    &on_created, &call)
                 : zoo_acreate2(session_->handle(), create.path.c_str(), bytes_of(create.data),
                                length_of(create.data), acl.get(), mode, &on_created, &call);
}

int Client::State::send(Call& call, const Multi& multi) {
  constexpr std::size_t kRoomForSuffix =
      256;  // a sequence number has ten digits; the chroot is cut off in the buffer
  const std::size_t count = multi.ops.size();
  call.results.resize(count);
  call.paths.resize(count);
  call.stats.resize(count);
  std::vector<zoo_op_t> ops(count);
  std::vector<std::unique_ptr<AclVector>> acls;
  for (std::size_t at = 0; at < count; ++at) {
    sim::match(
        multi.ops[at],
        [&](const Create& create) {
          std::string& room = call.paths[at];
          room.resize(create.path.size() + kRoomForSuffix);
          acls.push_back(std::make_unique<AclVector>(create.acl));
          zoo_create_op_init(&ops[at], create.path.c_str(), bytes_of(create.data),
                             length_of(create.data), acls.back()->get(),
                             static_cast<int>(create.mode), room.data(),
                             static_cast<int>(room.size()));
        },
        [&](const Delete& op) {
          zoo_delete_op_init(&ops[at], op.path.c_str(), op.version.value());
        },
        [&](const SetData& op) {
          zoo_set_op_init(&ops[at], op.path.c_str(), bytes_of(op.data), length_of(op.data),
                          op.version.value(), &call.stats[at]);
        },
        [&](const Check& op) { zoo_check_op_init(&ops[at], op.path.c_str(), op.version.value()); });
  }
  return zoo_amulti(session_->handle(), static_cast<int>(count), ops.data(), call.results.data(),
                    &on_multi, &call);
}

// ── Answers ─────────────────────────────────────────────────────────────────────────────────────

namespace {

// The C client's own troubles, in the words of the port: an answer that did not come is a connection lost, a handle that
// can no longer be used is a session that is over.
ErrorCode error_of(int rc) {
  switch (rc) {
    case ZCLOSING:
    case ZOPERATIONTIMEOUT:
      return ErrorCode::ConnectionLoss;
    case ZINVALIDSTATE:
      return ErrorCode::SessionExpired;
    default:
      return static_cast<ErrorCode>(rc);
  }
}

}  // namespace

void Client::State::finish(Call* call, int rc, Result result, Zxid zxid) {
  Reply reply{call->id, {.zxid = zxid, .error = error_of(rc), .result = std::move(result)}};
  call->state->post(std::move(reply));
  delete call;
}

void Client::State::on_created(int rc, const char* path, const ::Stat* stat, const void* context) {
  if (rc != ZOK) return finish(call_of(context), rc);
  const zk::Stat told = stat_of(*stat);
  finish(call_of(context), rc, Created{text(path), told}, told.czxid);
}

void Client::State::on_stat(int rc, const ::Stat* stat, const void* context) {
  if (rc != ZOK) return finish(call_of(context), rc);
  Call* const call = call_of(context);
  const zk::Stat told = stat_of(*stat);
  const bool wrote = std::holds_alternative<SetData>(call->request);
  finish(call, rc, told, wrote ? told.mzxid : Zxid());
}

void Client::State::on_data(int rc, const char* value, int length, const ::Stat* stat,
                            const void* context) {
  if (rc != ZOK) return finish(call_of(context), rc);
  GotData got{.data = std::nullopt, .stat = stat_of(*stat)};
  if (length >= 0) got.data.emplace(value, static_cast<std::size_t>(length));
  finish(call_of(context), rc, std::move(got));
}

void Client::State::on_children(int rc, const String_vector* names, const ::Stat* stat,
                                const void* context) {
  if (rc != ZOK) return finish(call_of(context), rc);
  GotChildren got{.children = {names->data, names->data + names->count}, .stat = stat_of(*stat)};
  std::ranges::sort(got.children);
  finish(call_of(context), rc, std::move(got));
}

void Client::State::on_acl(int rc, ACL_vector* acl, ::Stat* stat, const void* context) {
  if (rc != ZOK) return finish(call_of(context), rc);
  GotAcl got{.acl = acl_of(*acl), .stat = stat_of(*stat)};
  finish(call_of(context), rc, std::move(got));
}

void Client::State::on_multi(int rc, const void* context) {
  Call* const call = call_of(context);
  const Multi& multi = std::get<Multi>(call->request);
  MultiResult result;
  for (std::size_t at = 0; at < multi.ops.size(); ++at) {
    OpResponse& op = result.results.emplace_back();
    op.error = static_cast<ErrorCode>(call->results[at].err);
    if (rc != ZOK) continue;
    if (std::holds_alternative<Create>(multi.ops[at]))
      op.value = Created{text(call->results[at].value), {}};
    if (std::holds_alternative<SetData>(multi.ops[at])) op.value = stat_of(call->stats[at]);
  }
  // Where no server answered, no operation has a result of its own.
  const bool answered = rc == ZOK || std::ranges::any_of(result.results, [](const OpResponse& op) {
                          return op.error != ErrorCode::Ok;
                        });
  finish(call, rc, answered ? Result(std::move(result)) : Result());
}

// ── The port ────────────────────────────────────────────────────────────────────────────────────

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Expected<Client> Client::open(const ConnectOptions& options, Arrival arrival) {
  auto state = std::make_unique<State>(std::move(arrival));
  if (auto opened = state->open(options); !opened)
    return std::unexpected(std::move(opened).error());
  return Client(std::move(state));
}

void Client::submit(CallId call, Request request, Watching watching) {
  state_->submit(call, std::move(request), watching);
}
std::optional<ClientEvent> Client::next(milliseconds patience) {
  return state_->next(patience);
}
void Client::close() {
  state_->close();
}
SessionId Client::session() const {
  return state_->session();
}
milliseconds Client::granted_timeout() const {
  return state_->granted_timeout();
}

}  // namespace zk::live
