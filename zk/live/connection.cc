#include "zk/live/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
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
      remedy = kCopyFilesInstead;
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

class Connection::State {
 public:
  explicit State(std::string target) : target_(std::move(target)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    // Completions may still run while it closes; they need the queue, so it is closed first.
    if (handle_ != nullptr) zookeeper_close(handle_);
  }

  Expected<void> open(const ConnectOptions& options) {
    zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
    handle_ = zookeeper_init2(target_.c_str(), &State::on_event,
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
    if (!connects(options.connect_timeout) || dead()) {
      return std::unexpected(unreachable_problem(target_));
    }
    return options.digest_auth ? authenticate(*options.digest_auth, options.connect_timeout)
                               : Expected<void>{};
  }

  void ask(Question question) {
    auto* asked = new Asked{this, std::move(question)};  // deleted by its completion
    const char* path = asked->question.path.c_str();
    int rc = ZOK;
    switch (asked->question.ask) {
      case Ask::Children:
        rc = zoo_aget_children2(handle_, path, 0, &State::on_children, asked);
        break;
      case Ask::Data:
        rc = zoo_aget(handle_, path, 0, &State::on_data, asked);
        break;
      case Ask::Acl:
        rc = zoo_aget_acl(handle_, path, &State::on_acl, asked);
        break;
      case Ask::Stat:
        rc = zoo_aexists(handle_, path, 0, &State::on_stat, asked);
        break;
    }
    if (rc != ZOK) finish(asked, rc);  // not queued: no completion will come
  }

  std::optional<Answer> next() {
    const milliseconds patience = granted_timeout() * 3 / 2 + milliseconds(1000);
    wait_for(patience, [&] { return !answers_.empty(); });
    const std::lock_guard lock(mutex_);
    if (answers_.empty()) return std::nullopt;
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  bool expired() const {
    const std::lock_guard lock(mutex_);
    return dead();
  }
  milliseconds granted_timeout() const { return milliseconds(zoo_recv_timeout(handle_)); }
  const std::string& target() const { return target_; }

 private:
  struct Asked {
    State* state;
    Question question;
    Answer answer{};
  };

  bool dead() const {
    return session_ == ZOO_EXPIRED_SESSION_STATE || session_ == ZOO_AUTH_FAILED_STATE;
  }

  template <class Condition>
  bool wait_for(milliseconds limit, Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, condition);
  }

  // Whether the session stands in time. The client tries again and again; where nobody listens at all, a
  // person is told so soon.
  bool connects(milliseconds limit) {
    constexpr milliseconds kPatience{3000};
    const auto settled = [&] { return session_ == ZOO_CONNECTED_STATE || dead(); };
    const milliseconds first = std::min(limit, kPatience);
    if (wait_for(first, settled)) return true;
    return probe(target_) > Probe::NobodyListens && wait_for(limit - first, settled);
  }

  Expected<void> authenticate(const std::string& credentials, milliseconds limit) {
    const int rc = zoo_add_auth(handle_, "digest", credentials.data(),
                                static_cast<int>(credentials.size()), &State::on_auth, this);
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

  static void finish(Asked* asked, int rc) {
    asked->answer.question = std::move(asked->question);
    asked->answer.error = static_cast<ErrorCode>(rc);
    State* state = asked->state;
    {
      const std::lock_guard lock(state->mutex_);
      state->answers_.push_back(std::move(asked->answer));
    }
    delete asked;
    state->changed_.notify_all();
  }

  static Asked* asked_of(const void* context) {
    return const_cast<Asked*>(static_cast<const Asked*>(context));
  }
  static void on_children(int rc, const String_vector* names, const ::Stat* stat,
                          const void* context) {
    Asked* asked = asked_of(context);
    if (rc == ZOK) {
      asked->answer.stat = stat_of(*stat);
      asked->answer.children.assign(names->data, names->data + names->count);
    }
    finish(asked, rc);
  }
  static void on_data(int rc, const char* value, int length, const ::Stat* stat,
                      const void* context) {
    Asked* asked = asked_of(context);
    if (rc == ZOK) {
      asked->answer.stat = stat_of(*stat);
      // -1 is null, 0 is empty.
      if (length >= 0) asked->answer.data.emplace(value, static_cast<std::size_t>(length));
    }
    finish(asked, rc);
  }
  static void on_acl(int rc, ACL_vector* acl, ::Stat* stat, const void* context) {
    Asked* asked = asked_of(context);
    if (rc == ZOK) {
      asked->answer.stat = stat_of(*stat);
      for (std::int32_t i = 0; i < acl->count; ++i) {
        asked->answer.acl.push_back(
            {acl->data[i].perms, acl->data[i].id.scheme, acl->data[i].id.id});
      }
    }
    finish(asked, rc);
  }
  static void on_stat(int rc, const ::Stat* stat, const void* context) {
    Asked* asked = asked_of(context);
    if (rc == ZOK) asked->answer.stat = stat_of(*stat);
    finish(asked, rc);
  }
  static void on_auth(int rc, const void* context) {
    auto* state = const_cast<State*>(static_cast<const State*>(context));
    {
      const std::lock_guard lock(state->mutex_);
      state->auth_result_ = rc;
    }
    state->changed_.notify_all();
  }
  static void on_event(zhandle_t*, int type, int session_state, const char*, void* context) {
    if (type != ZOO_SESSION_EVENT) return;
    auto* state = static_cast<State*>(context);
    {
      const std::lock_guard lock(state->mutex_);
      state->session_ = session_state;
    }
    state->changed_.notify_all();
  }

  std::string target_;
  zhandle_t* handle_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Answer> answers_;
  std::optional<int> auth_result_;
  int session_ = 0;
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Expected<Connection> Connection::open(const ConnectOptions& options) {
  auto state = std::make_unique<State>(options.hosts + options.chroot);
  if (auto ok = state->open(options); !ok) return std::unexpected(ok.error());
  return Connection(std::move(state));
}

void Connection::ask(Question question) {
  state_->ask(std::move(question));
}
std::optional<Answer> Connection::next() {
  return state_->next();
}
bool Connection::expired() const {
  return state_->expired();
}
milliseconds Connection::granted_timeout() const {
  return state_->granted_timeout();
}
const std::string& Connection::target() const {
  return state_->target();
}

}  // namespace zk::live
