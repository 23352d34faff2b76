#include "zk/live/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <utility>

#include "zk/live/probe.h"

namespace zk::live {

const char* const kCopyFilesInstead =
    "This client speaks neither TLS nor SASL. Copy the files instead, from any one server of the "
    "ensemble: the "
    "snapshot.* files of <dataDir>/version-2 and the log.* files of <dataLogDir>/version-2 (or "
    "dataDir, if "
    "dataLogDir is not set) into one folder, and give that folder.";

namespace {

using sim::Expected;
using sim::Problem;
using std::chrono::milliseconds;

void log_line(const char* line) {
  spdlog::debug("ZooKeeper client: {}", line);
}

Problem unreachable_problem(const std::string& hosts) {
  std::string what = "no ZooKeeper server answered";
  std::string remedy = "Check the addresses and that a server is running.";
  switch (probe(hosts)) {
    case Probe::UnknownHost:
      what = "no host of this name is known to this machine";
      remedy = "Check the spelling, or name the server by its IP address.";
      break;
    case Probe::NobodyListens:
      what += ": nobody accepts connections there";
      break;
    case Probe::SpeaksTls:
      what += ": what listens there speaks TLS (a secureClientPort)";
      remedy = fmt::format("If the servers have a plain clientPort as well, give that. {}",
                           kCopyFilesInstead);
      break;
    case Probe::Listens:
      what += ", though something accepts connections there";
      remedy = fmt::format(
          "It may be no ZooKeeper, one without a quorum, one that refuses this address "
          "(maxClientCnxns), or one that wants SASL. {}",
          kCopyFilesInstead);
      break;
  }
  return {.severity = sim::Severity::Malformed,
          .place = {.source = hosts},
          .what = std::move(what),
          .remedy = std::move(remedy)};
}

}  // namespace

zk::Stat stat_of(const ::Stat& stat) {
  return {.czxid = Zxid(stat.czxid),
          .mzxid = Zxid(stat.mzxid),
          .ctime = WallTime(stat.ctime),
          .mtime = WallTime(stat.mtime),
          .version = DataVersion(stat.version),
          .cversion = ChildVersion(stat.cversion),
          .aversion = AclVersion(stat.aversion),
          .ephemeral_owner = SessionId(stat.ephemeralOwner),
          .data_length = stat.dataLength,
          .num_children = stat.numChildren,
          .pzxid = Zxid(stat.pzxid)};
}

AclList acl_of(const ::ACL_vector& acl) {
  AclList list;
  for (std::int32_t i = 0; i < acl.count; ++i) {
    list.push_back({acl.data[i].perms, acl.data[i].id.scheme, acl.data[i].id.id});
  }
  return list;
}

Expected<std::unique_ptr<Session>> Session::open(const ConnectOptions& options, Watcher watcher) {
  std::unique_ptr<Session> session(new Session(options.hosts + options.chroot, std::move(watcher)));
  if (auto started = session->start(options); !started) return std::unexpected(started.error());
  return session;
}

Expected<void> Session::start(const ConnectOptions& options) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
  handle_ = zookeeper_init2(target_.c_str(), &Session::on_event,
                            static_cast<int>(options.session_timeout.count()), nullptr, this,
                            ZOO_NO_LOG_CLIENTENV, &log_line);
  if (handle_ == nullptr) {
    // The client resolves the names first, and leaves nothing of use in errno when it cannot.
    if (probe(target_) == Probe::UnknownHost) return std::unexpected(unreachable_problem(target_));
    return std::unexpected(Problem{.severity = sim::Severity::Usage,
                                   .place = {.source = target_},
                                   .what = "this is no ZooKeeper address",
                                   .remedy = "Write host:port[,host:port…][/chroot]."});
  }
  if (!connects(options.connect_timeout) || is_over()) {
    return std::unexpected(unreachable_problem(target_));
  }
  if (!options.digest_auth) return {};
  return authenticate(*options.digest_auth, options.connect_timeout);
}

void Session::close() {
  // Completions may still run while it closes: whoever waits for them is still there.
  if (handle_ != nullptr) zookeeper_close(std::exchange(handle_, nullptr));
}

SessionId Session::id() const {
  return SessionId(handle_ == nullptr ? 0 : zoo_client_id(handle_)->client_id);
}

bool Session::dead() const {
  return state_ == ZOO_EXPIRED_SESSION_STATE || state_ == ZOO_AUTH_FAILED_STATE;
}

bool Session::is_over() const {
  const std::lock_guard lock(mutex_);
  return dead();
}

milliseconds Session::granted_timeout() const {
  return milliseconds(handle_ == nullptr ? 0 : zoo_recv_timeout(handle_));
}

// Whether the session stands in time. The client tries again and again; where nobody listens at all, or TLS is
// spoken, a person is told so soon.
bool Session::connects(milliseconds limit) {
  constexpr milliseconds kPatience{3000};
  const auto settled = [&] { return state_ == ZOO_CONNECTED_STATE || dead(); };
  const milliseconds first = std::min(limit, kPatience);
  if (wait_for(first, settled)) return true;
  return probe(target_) == Probe::Listens && wait_for(limit - first, settled);
}

Expected<void> Session::authenticate(const std::string& credentials, milliseconds limit) {
  const int rc = zoo_add_auth(handle_, "digest", credentials.data(),
                              static_cast<int>(credentials.size()), &Session::on_auth, this);
  wait_for(limit, [&] { return rc != ZOK || auth_result_.has_value() || dead(); });
  const std::lock_guard lock(mutex_);
  if (rc == ZOK && auth_result_ == ZOK) return {};
  return std::unexpected(
      Problem{.severity = sim::Severity::Malformed,
              .place = {.source = target_},
              .what = fmt::format("the server did not accept the digest credentials: {}",
                                  zerror(auth_result_.value_or(rc))),
              .remedy = "Write them as user:password."});
}

void Session::on_auth(int rc, const void* context) {
  auto* session = const_cast<Session*>(static_cast<const Session*>(context));
  {
    const std::lock_guard lock(session->mutex_);
    session->auth_result_ = rc;
  }
  session->changed_.notify_all();
}

namespace {

// The client's numbers for states are its own; those of watches and of expiry are the wire's.
KeeperState keeper_state(int state) {
  if (state == ZOO_EXPIRED_SESSION_STATE) return KeeperState::Expired;
  if (state == ZOO_AUTH_FAILED_STATE) return KeeperState::AuthFailed;
  return state == ZOO_CONNECTED_STATE ? KeeperState::SyncConnected : KeeperState::Disconnected;
}

}  // namespace

void Session::on_event(zhandle_t*, int type, int state, const char* path, void* context) {
  auto* session = static_cast<Session*>(context);
  const bool about_session = type == ZOO_SESSION_EVENT;
  if (about_session) {
    {
      const std::lock_guard lock(session->mutex_);
      session->state_ = state;
    }
    session->changed_.notify_all();
  }
  if (!session->watcher_) return;
  session->watcher_(
      {.type = about_session ? WatchedEventType::None : static_cast<WatchedEventType>(type),
       .state = keeper_state(state),
       .path = about_session ? "" : path});
}

}  // namespace zk::live
