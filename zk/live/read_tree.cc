#include "zk/live/read_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "zk/tree_builder.h"

namespace zk::live {
namespace {

using sim::Expected;
using sim::Problem;
using Step = Progress::Step;

// What tells one state of a znode from another; setACL moves no zxid, so its version is part of it.
struct Fingerprint {
  Zxid czxid;
  Zxid mzxid;
  Zxid pzxid;
  AclVersion aversion;
  bool operator==(const Fingerprint&) const = default;
};
Fingerprint fingerprint(const Stat& stat) {
  return {stat.czxid, stat.mzxid, stat.pzxid, stat.aversion};
}

// What is known of one znode from its (up to) three answers.
struct Collected {
  Stat stat;  // of the latest answer that had one
  Data data;
  AclList acl;
  std::optional<Fingerprint> seen;
  bool torn = false;  // its own answers disagree: read again
  std::optional<ErrorCode> refused;
};

bool is_lost(ErrorCode error) {
  return error == ErrorCode::ConnectionLoss || error == ErrorCode::OperationTimeout;
}

class Reader {
 public:
  Reader(Connection& connection, const LiveOptions& options)
      : connection_(connection), options_(options) {}

  // Nothing when the session expired on the way.
  Expected<std::optional<LiveRead>> read() {
    step_ = Step::Reading;
    collect("/");
    if (auto going = drain(); !going || !*going) return none(going);
    if (!znodes_.contains("/")) return std::unexpected(no_chroot());
    LiveRead result;
    while (result.rounds < options_.max_rounds) {
      ++result.rounds;
      round_ = result.rounds;
      if (auto going = verify(); !going || !*going) return none(going);
      if (changed_.empty()) break;
      result.unsettled.assign(changed_.begin(), changed_.end());
      if (result.rounds == options_.max_rounds) break;
      if (auto going = read_changed(); !going || !*going) return none(going);
    }
    result.consistent = changed_.empty();
    if (result.consistent) result.unsettled.clear();
    if (!znodes_.contains("/")) return std::unexpected(no_chroot());
    build(result);
    return std::optional<LiveRead>(std::move(result));
  }

 private:
  static Expected<std::optional<LiveRead>> none(const Expected<bool>& going) {
    if (!going) return std::unexpected(going.error());
    return std::optional<LiveRead>();
  }

  void collect(const std::string& path) {
    znodes_[path] = {};
    for (const Ask ask : {Ask::Children, Ask::Data, Ask::Acl}) waiting_.push_back({ask, path});
  }

  // Sends what is waiting and takes in every answer, never with more on the way than allowed. False
  // when the session is gone.
  Expected<bool> drain() {
    done_ = 0;
    while (!waiting_.empty() || outstanding_ > 0) {
      while (!waiting_.empty() && outstanding_ < options_.max_outstanding) {
        connection_.ask(std::move(waiting_.front()));
        waiting_.pop_front();
        ++outstanding_;
      }
      std::optional<Answer> answer = connection_.next();
      if (!answer) {
        if (connection_.expired()) return false;
        return std::unexpected(Problem{.place = {.source = connection_.target()},
                                       .what = "the servers stopped answering",
                                       .remedy = "Check the ensemble's health and try again."});
      }
      --outstanding_;
      if (answer->error == ErrorCode::SessionExpired || connection_.expired()) return false;
      if (answer->error == ErrorCode::SessionClosedRequireSaslAuth) {
        return std::unexpected(Problem{.place = {.source = connection_.target()},
                                       .what = "the servers demand SASL authentication",
                                       .remedy = kCopyFilesInstead});
      }
      if (is_lost(answer->error)) {
        waiting_.push_back(std::move(answer->question));  // the library reconnects by itself
        continue;
      }
      take(*std::move(answer));
    }
    return true;
  }

  void take(Answer answer) {
    const std::string path = answer.question.path;
    report_progress(answer.question.ask);
    if (answer.question.ask == Ask::Stat) {
      compare(path, answer);
      return;
    }
    const auto found = znodes_.find(path);
    if (found == znodes_.end()) return;  // an earlier answer said that it is gone
    Collected& znode = found->second;
    if (answer.error == ErrorCode::NoNode) {
      gone_.insert(path);
      znodes_.erase(found);
      return;
    }
    if (answer.error != ErrorCode::Ok) {
      // An ACL may be hidden while the content is not; that alone makes no znode unreadable.
      if (answer.question.ask != Ask::Acl) znode.refused = answer.error;
      return;
    }
    const Fingerprint seen = fingerprint(answer.stat);
    if (znode.seen && *znode.seen != seen) znode.torn = true;
    znode.seen = seen;
    znode.stat = answer.stat;
    if (answer.question.ask == Ask::Data) znode.data = std::move(answer.data);
    if (answer.question.ask == Ask::Acl) znode.acl = std::move(answer.acl);
    for (const std::string& name : answer.children) {
      const std::string child = path == "/" ? "/" + name : path + "/" + name;
      if (!znodes_.contains(child)) collect(child);
    }
  }

  // The second look at a znode.
  void compare(const std::string& path, const Answer& answer) {
    const auto found = znodes_.find(path);
    if (found == znodes_.end()) return;
    Collected& znode = found->second;
    if (answer.error != ErrorCode::Ok) {
      changed_.insert(path);
      return;
    }
    const Fingerprint now = fingerprint(answer.stat);
    if (!znode.seen && znode.refused) {  // nothing of it could be read: its stat is all there is
      znode.seen = now;
      znode.stat = answer.stat;
      changed_.insert(path);
    } else if (znode.torn || znode.seen != now) {
      changed_.insert(path);
    }
  }

  Expected<bool> verify() {
    step_ = Step::Verifying;
    // A child that vanished while it was read means that its parent changed as well, so the stats
    // find it.
    changed_.clear();
    for (const auto& [path, znode] : znodes_) waiting_.push_back({Ask::Stat, path});
    return drain();
  }

  Expected<bool> read_changed() {
    step_ = Step::Reading;
    for (const std::string& path : changed_) {
      // What could not be read before will not be readable now; its stat was taken over already.
      const auto found = znodes_.find(path);
      if (found != znodes_.end() && found->second.refused && !found->second.torn) continue;
      collect(path);
    }
    gone_.clear();
    auto going = drain();
    if (going && *going) forget_orphans();
    return going;
  }

  // Everything below a znode that is gone, or that came back under the same name without these
  // children.
  void forget_orphans() {
    std::erase_if(znodes_, [&](const auto& entry) {
      const std::string& path = entry.first;
      for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
           slash = path.rfind('/', slash - 1)) {
        if (gone_.contains(path.substr(0, slash))) return true;
      }
      return false;
    });
  }

  void report_progress(Ask ask) {
    if (ask != Ask::Stat && ask != Ask::Acl) return;
    ++done_;
    constexpr std::uint64_t kEvery = 500;
    if (options_.progress && done_ % kEvery == 1) {
      options_.progress({step_, round_, done_, znodes_.size()});
    }
  }

  void build(LiveRead& result) {
    TreeBuilder tree;
    // Parents sort before children here, as '/' only ever lengthens a path.
    for (auto& [path, znode] : znodes_) {
      if (znode.refused) result.unreadable.push_back({path, *znode.refused});
      result.newest_zxid =
          std::max({result.newest_zxid, znode.stat.czxid, znode.stat.mzxid, znode.stat.pzxid});
      const Stat& stat = znode.stat;
      const AclId acl = tree.acls().use(znode.acl);
      // Shown is 2 * stored - children (zookeeper.md §1.3).
      const auto changes = static_cast<std::uint32_t>(stat.cversion.value());
      const auto children = static_cast<std::uint32_t>(stat.num_children);
      const auto stored = static_cast<std::int32_t>(changes + children) / 2;
      const auto placed = tree.place(std::string(path == "/" ? "" : path),
                                     {.data = std::move(znode.data),
                                      .acl = acl,
                                      .stat = {.czxid = stat.czxid,
                                               .mzxid = stat.mzxid,
                                               .ctime = stat.ctime,
                                               .mtime = stat.mtime,
                                               .version = stat.version,
                                               .cversion = ChildVersion(stored),
                                               .aversion = stat.aversion,
                                               .ephemeral_owner = stat.ephemeral_owner,
                                               .pzxid = stat.pzxid}});
      tree.acls().release(acl);  // `place` counted it, too
      // Only in a view that never settled may a znode stand without its parent.
      if (placed != TreeBuilder::Placed::Placed) result.unsettled.push_back(path);
    }
    result.tree = std::move(tree).finish();
    result.tree.set_last_processed_zxid(result.newest_zxid);
  }

  Problem no_chroot() const {
    return {.severity = sim::Severity::Usage,
            .place = {.source = connection_.target()},
            .what = "the chroot does not exist on these servers",
            .remedy = "Compare with zookeeper.connect in a broker's server.properties."};
  }

  Connection& connection_;
  const LiveOptions& options_;
  std::map<std::string, Collected> znodes_;
  std::deque<Question> waiting_;
  std::uint32_t outstanding_ = 0;
  std::set<std::string> changed_;
  std::set<std::string> gone_;
  Step step_ = Step::Reading;
  std::uint32_t round_ = 1;
  std::uint64_t done_ = 0;
};

}  // namespace

Expected<LiveRead> read_tree(const LiveOptions& options) {
  for (std::uint32_t session = 1; session <= options.max_sessions; ++session) {
    auto connection = Connection::open(options.connect);
    if (!connection) return std::unexpected(connection.error());
    auto result = Reader(*connection, options).read();
    if (!result) return std::unexpected(result.error());
    if (!result->has_value()) continue;  // the session expired: nothing read so far proves anything
    (*result)->sessions = session;
    return **std::move(result);
  }
  return std::unexpected(
      Problem{.place = {.source = options.connect.hosts + options.connect.chroot},
              .what = fmt::format("the session expired {} times before everything was read",
                                  options.max_sessions),
              .remedy = "Give a longer session timeout, or read when the ensemble is less busy."});
}

}  // namespace zk::live
