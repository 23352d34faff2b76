#include "scenarios/forked_work.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <deque>
#include <optional>

#include "sim/base/check.h"

namespace scenarios {
namespace {

// A child always has its next task waiting, so that it never waits for the caller.
constexpr std::size_t kTasksAhead = 2;
constexpr int kLookEveryMs = 500;

// What travels between caller and child: a task's number; and back, that number, the size of the
// result, the result.
struct ResultHead {
  std::uint64_t task = 0;
  std::uint64_t size = 0;
};

bool send_all(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    // The other end may be gone: that is an answer here, not a signal.
    const ssize_t sent = send(to, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

template <class T>
bool send_value(int to, const T& value) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  return send_all(to, bytes.data(), bytes.size());
}

bool receive_task(int from, std::uint64_t& task) {
  std::array<char, sizeof task> bytes;
  for (std::size_t have = 0; have < bytes.size();) {
    const ssize_t got = recv(from, bytes.data() + have, bytes.size() - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
  }
  std::memcpy(&task, bytes.data(), sizeof task);
  return true;
}

[[noreturn]] void be_child(int caller, const ForkedWork& what) {
  // A terminal's interrupt reaches the whole group; it is the caller who decides what it means.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_DFL);
  for (std::uint64_t task = 0; receive_task(caller, task);) {
    const std::string result = what.work(task);
    if (!send_value(caller, ResultHead{task, result.size()}) ||
        !send_all(caller, result.data(), result.size())) {
      break;
    }
  }
  _exit(0);
}

class Child {
 public:
  // `siblings` are the sockets of the other children. The new child must not hold them: as long as
  // it did, those children could not learn that the caller is gone.
  Child(const ForkedWork& what, std::span<const int> siblings) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
    process_ = fork();
    if (process_ == 0) {
      close(ends[0]);
      for (const int sibling : siblings) close(sibling);
      be_child(ends[1], what);
    }
    close(ends[1]);
    socket_ = ends[0];
    if (process_ < 0) hang_up();
  }
  Child(Child&& other) noexcept { *this = std::move(other); }
  Child& operator=(Child&& other) noexcept {
    std::swap(process_, other.process_);
    std::swap(socket_, other.socket_);
    std::swap(received_, other.received_);
    std::swap(at_, other.at_);
    return *this;
  }
  ~Child() {
    if (process_ <= 0) return;
    hang_up();
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  bool alive() const { return socket_ >= 0; }
  int socket() const { return socket_; }
  const std::deque<std::uint64_t>& tasks() const { return at_; }
  void give(std::uint64_t task) {
    // Should it be dead, that is learnt when its socket is read.
    static_cast<void>(send_value(socket_, task));
    at_.push_back(task);
  }
  // Takes what has come; false when the child is gone.
  bool receive() {
    std::array<char, 65536> bytes;
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    received_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }
  // The next whole result.
  std::optional<std::pair<std::uint64_t, std::string>> next_result() {
    ResultHead head;
    if (received_.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, received_.data(), sizeof head);
    if (received_.size() - sizeof head < head.size) return std::nullopt;
    sim::check(!at_.empty() && at_.front() == head.task, "a child answers its tasks in order");
    at_.pop_front();
    std::string result = received_.substr(sizeof head, head.size);
    received_.erase(0, sizeof head + head.size);
    return std::pair{head.task, std::move(result)};
  }
  // How it ended. Requires that it is gone.
  std::string last_words() {
    hang_up();
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    if (WIFSIGNALED(status)) {
      return fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return fmt::format("exit code {}", WEXITSTATUS(status));
  }

 private:
  void hang_up() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  pid_t process_ = -1;
  int socket_ = -1;
  std::string received_;
  std::deque<std::uint64_t> at_;  // its tasks; the first is the one it is at
};

class Pool {
 public:
  Pool(std::span<const std::uint64_t> tasks, unsigned jobs, const ForkedWork& what)
      : what_(what), waiting_(tasks.begin(), tasks.end()) {
    const std::size_t wanted = std::min<std::size_t>(std::max(jobs, 1U), tasks.size());
    for (std::size_t i = 0; i < wanted; ++i) add_child();
  }

  std::vector<LostTask> run() {
    while (!stopped_ &&
           std::ranges::any_of(children_, [](const Child& c) { return !c.tasks().empty(); })) {
      std::vector<pollfd> polled;
      for (const Child& child : children_) polled.push_back({child.socket(), POLLIN, 0});
      const int ready = poll(polled.data(), polled.size(), kLookEveryMs);
      stopped_ = what_.stop();
      if (ready <= 0) continue;
      for (std::size_t i = 0; i < polled.size() && !stopped_; ++i) {
        // A death renumbers the children: then they are asked anew.
        if (polled[i].revents != 0 && !hear(i)) break;
      }
    }
    return std::move(lost_);
  }

 private:
  void add_child() {
    std::vector<int> siblings;
    for (const Child& child : children_) siblings.push_back(child.socket());
    Child child(what_, siblings);
    if (!child.alive()) return;  // no more processes to be had: the others do it all
    feed(child);
    children_.push_back(std::move(child));
  }
  void feed(Child& child) {
    while (child.tasks().size() < kTasksAhead && !waiting_.empty()) {
      child.give(waiting_.front());
      waiting_.pop_front();
    }
  }
  // False when the child was dead, and is gone from the list.
  bool hear(std::size_t index) {
    Child& child = children_[index];
    const bool alive = child.receive();
    // What came together with the result that ended it all is no longer asked for.
    while (auto result = child.next_result()) {
      stopped_ = !what_.done(result->first, std::move(result->second));
      if (stopped_) return true;
    }
    if (alive) {
      feed(child);
      return true;
    }
    std::deque<std::uint64_t> left = child.tasks();
    const std::string how = child.last_words();
    if (!left.empty()) {
      lost_.push_back({left.front(), how});
      waiting_.insert(waiting_.begin(), left.begin() + 1, left.end());
    }
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
    if (!waiting_.empty()) add_child();
    return false;
  }

  const ForkedWork& what_;
  std::deque<std::uint64_t> waiting_;
  std::vector<Child> children_;
  std::vector<LostTask> lost_;
  bool stopped_ = false;
};

}  // namespace

std::vector<LostTask> run_forked(std::span<const std::uint64_t> tasks, unsigned jobs,
                                 const ForkedWork& what) {
  return Pool(tasks, jobs, what).run();
}

}  // namespace scenarios
