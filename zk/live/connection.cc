#include "zk/live/connection.h"

#include <zookeeper/zookeeper.h>

#include <utility>

#include "zk/live/mailbox.h"
#include "zk/live/session.h"

namespace zk::live {

using sim::Expected;
using std::chrono::milliseconds;

class Connection::State {
 public:
  explicit State(std::unique_ptr<Session> session) : session_(std::move(session)) {}

  void ask(Question question) {
    auto* asked = new Asked{this, std::move(question)};  // deleted by its completion
    const char* path = asked->question.path.c_str();
    int rc = ZOK;
    switch (asked->question.ask) {
      case Ask::Children:
        rc = zoo_aget_children2(session_->handle(), path, 0, &State::on_children, asked);
        break;
      case Ask::Data:
        rc = zoo_aget(session_->handle(), path, 0, &State::on_data, asked);
        break;
      case Ask::Acl:
        rc = zoo_aget_acl(session_->handle(), path, &State::on_acl, asked);
        break;
      case Ask::Stat:
        rc = zoo_aexists(session_->handle(), path, 0, &State::on_stat, asked);
        break;
    }
    if (rc != ZOK) finish(asked, rc);  // not queued: no completion will come
  }

  std::optional<Answer> next() {
    return answers_.take(session_->granted_timeout() * 3 / 2 + milliseconds(1000));
  }
  const Session& session() const { return *session_; }

 private:
  struct Asked {
    State* state;
    Question question;
    Answer answer{};
  };

  static void finish(Asked* asked, int rc) {
    asked->answer.question = std::move(asked->question);
    asked->answer.error = static_cast<ErrorCode>(rc);
    asked->state->answers_.put(std::move(asked->answer));
    delete asked;
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
      asked->answer.acl = acl_of(*acl);
    }
    finish(asked, rc);
  }
  static void on_stat(int rc, const ::Stat* stat, const void* context) {
    Asked* asked = asked_of(context);
    if (rc == ZOK) asked->answer.stat = stat_of(*stat);
    finish(asked, rc);
  }

  Mailbox<Answer> answers_;           // outlives the session, whose last completions fill it
  std::unique_ptr<Session> session_;  // never null
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Expected<Connection> Connection::open(const ConnectOptions& options) {
  auto session = Session::open(options);
  if (!session) return std::unexpected(std::move(session).error());
  return Connection(std::make_unique<State>(*std::move(session)));
}

void Connection::ask(Question question) {
  state_->ask(std::move(question));
}
std::optional<Answer> Connection::next() {
  return state_->next();
}
bool Connection::expired() const {
  return state_->session().is_over();
}
milliseconds Connection::granted_timeout() const {
  return state_->session().granted_timeout();
}
const std::string& Connection::target() const {
  return state_->session().target();
}

}  // namespace zk::live
