#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/match.h"
#include "tests/contracts/live_port.h"
#include "tests/contracts/port.h"
#include "tests/contracts/simulated_port.h"

// The simulated ensemble and a real server are asked the same, whatever it is, and must answer the same: errors, data,
// stats, paths, watches. What may differ is named here: the value of a zxid (not its order), of a session's id and of a
// time; and what the C client does not tell (zk/live/client.h).
namespace contracts {
namespace {

using zk::CreateMode;
using zk::Watching;

struct Step {
  zk::Request request;
  Watching watching = Watching::No;
};
void showValue(const Step& step, std::ostream& out) {
  out << zk::name_of(step.request) << ' ' << sim::describe_value(step.request)
      << (step.watching == Watching::Yes ? " watching" : "");
}

std::string any_path() {
  return *rc::gen::element<std::string>("/a", "/b", "/a/a", "/a/b", "/b/a", "/a/a/a");
}
zk::Data any_data() {
  return *rc::gen::element<zk::Data>(std::nullopt, "", "x", std::string("\0y", 2));
}
template <class Version>
Version any_version() {
  return Version(*rc::gen::weightedElement<int>({{4, -1}, {3, 0}, {2, 1}, {1, 2}}));
}
zk::AclList any_acl() {
  return *rc::gen::weightedElement<zk::AclList>(
      {{6, zk::open_acl_unsafe()}, {1, zk::read_acl_unsafe()}});
}

zk::Create any_create() {
  const auto mode = *rc::gen::weightedElement<CreateMode>({{6, CreateMode::Persistent},
                                                           {2, CreateMode::Ephemeral},
                                                           {2, CreateMode::PersistentSequential},
                                                           {1, CreateMode::EphemeralSequential}});
  return {.path = any_path(), .data = any_data(), .acl = any_acl(), .mode = mode};
}
zk::Op any_op() {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return zk::Delete{any_path(), any_version<zk::DataVersion>()};
    case 1:
      return zk::SetData{any_path(), any_data(), any_version<zk::DataVersion>()};
    case 2:
      return zk::Check{any_path(), any_version<zk::DataVersion>()};
    default:
      return any_create();
  }
}
Step any_step() {
  const Watching watching = *rc::gen::element(Watching::No, Watching::Yes);
  switch (*rc::gen::inRange(0, 12)) {
    case 0:
      return {zk::GetData{any_path()}, watching};
    case 1:
      return {zk::Exists{any_path()}, watching};
    case 2:
      return {zk::GetChildren{any_path()}, watching};
    case 3:
      return {zk::GetAcl{any_path()}};
    case 4:
      return {zk::SetAcl{any_path(), any_acl(), any_version<zk::AclVersion>()}};
    case 5:
      return {zk::Delete{any_path(), any_version<zk::DataVersion>()}};
    case 6:
      return {zk::SetData{any_path(), any_data(), any_version<zk::DataVersion>()}};
    case 7:
    case 8: {
      zk::Multi multi;
      const int count = *rc::gen::inRange(1, 5);
      for (int i = 0; i < count; ++i) multi.ops.push_back(any_op());
      return {std::move(multi)};
    }
    default:
      return {any_create()};
  }
}

// Which zxid of the one side is which of the other: one to one, and in the same order.
class SameZxids {
 public:
  void match(zk::Zxid simulated, zk::Zxid live) {
    const auto [at, is_new] = live_of_.emplace(simulated, live);
    RC_ASSERT(at->second == live);
    if (!is_new) return;
    if (at != live_of_.begin()) RC_ASSERT(std::prev(at)->second < live);
    if (std::next(at) != live_of_.end()) RC_ASSERT(live < std::next(at)->second);
  }

 private:
  std::map<zk::Zxid, zk::Zxid> live_of_;
};

class BothSides {
 public:
  explicit BothSides(const std::string& root) {
    ours_ = begin(*simulated_, root);
    theirs_ = begin(*live_, root);
  }

  void step(const Step& step) {
    const zk::Response ours = ours_->ask(step.request, step.watching);
    const zk::Response theirs = theirs_->ask(step.request, step.watching);
    RC_ASSERT(ours.error == theirs.error);
    // The C client tells of setACL only that it was done.
    if (!std::holds_alternative<zk::SetAcl>(step.request)) compare(ours.result, theirs.result);
    auto fired_here = ours_->fired(0);
    auto fired_there = theirs_->fired(0);
    std::ranges::sort(fired_here);  // of one transaction's watches, none comes first
    std::ranges::sort(fired_there);
    RC_ASSERT(fired_here == fired_there);
  }

 private:
  static std::unique_ptr<Session> begin(Ensemble& ensemble, const std::string& root) {
    RC_ASSERT(ensemble.session({})->ask(zk::Create{.path = root, .data = ""}).ok());
    return ensemble.session({.chroot = root});
  }
  void compare(const zk::Result& ours, const zk::Result& theirs) {
    RC_ASSERT(ours.index() == theirs.index());
    sim::match(
        ours, [](std::monostate) {},
        [&](const zk::Created& created) {
          const auto& other = std::get<zk::Created>(theirs);
          RC_ASSERT(created.path == other.path);
          compare(created.stat, other.stat);
        },
        [&](const zk::Stat& stat) { compare(stat, std::get<zk::Stat>(theirs)); },
        [&](const zk::GotData& got) {
          const auto& other = std::get<zk::GotData>(theirs);
          RC_ASSERT(got.data == other.data);
          compare(got.stat, other.stat);
        },
        [&](const zk::GotChildren& got) {
          const auto& other = std::get<zk::GotChildren>(theirs);
          RC_ASSERT(got.children == other.children);
          compare(got.stat, other.stat);
        },
        [&](const zk::GotAcl& got) {
          const auto& other = std::get<zk::GotAcl>(theirs);
          RC_ASSERT(got.acl == other.acl);
          compare(got.stat, other.stat);
        },
        [&](const zk::MultiResult& multi) {
          const auto& other = std::get<zk::MultiResult>(theirs);
          RC_ASSERT(multi.results.size() == other.results.size());
          for (std::size_t at = 0; at < multi.results.size(); ++at)
            compare(multi.results[at], other.results[at]);
        });
  }
  void compare(const zk::OpResponse& ours, const zk::OpResponse& theirs) {
    RC_ASSERT(ours.error == theirs.error);
    RC_ASSERT(ours.value.index() == theirs.value.index());
    if (const auto* const created = std::get_if<zk::Created>(&ours.value)) {
      RC_ASSERT(created->path == std::get<zk::Created>(theirs.value).path);
    }
    if (const auto* const stat = std::get_if<zk::Stat>(&ours.value))
      compare(*stat, std::get<zk::Stat>(theirs.value));
  }
  void compare(const zk::Stat& ours, const zk::Stat& theirs) {
    zxids_.match(ours.czxid, theirs.czxid);
    zxids_.match(ours.mzxid, theirs.mzxid);
    zxids_.match(ours.pzxid, theirs.pzxid);
    RC_ASSERT((ours.ephemeral_owner == ours_->id()) == (theirs.ephemeral_owner == theirs_->id()));
    RC_ASSERT((ours.ephemeral_owner == zk::kNoSession) ==
              (theirs.ephemeral_owner == zk::kNoSession));
    const auto rest = [](const zk::Stat& stat) {
      return std::tuple{stat.version, stat.cversion, stat.aversion, stat.data_length,
                        stat.num_children};
    };
    RC_ASSERT(rest(ours) == rest(theirs));
  }

  std::unique_ptr<SimulatedEnsemble> simulated_ = std::make_unique<SimulatedEnsemble>();
  std::unique_ptr<LiveEnsemble> live_ = std::make_unique<LiveEnsemble>();
  std::unique_ptr<Session> ours_;
  std::unique_ptr<Session> theirs_;
  SameZxids zxids_;
};

TEST(LockStep, WhateverIsAskedTheRealServerAnswersTheSame) {
  if (!tests::ZooKeeperServer::is_installed()) GTEST_SKIP() << "needs the Debian package zookeeper";
  int runs = 0;
  rc::check("the real server answers the same", [&] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 60);
    const auto steps = *rc::gen::container<std::vector<Step>>(count, rc::gen::exec(any_step));
    BothSides both("/lock-step-" + std::to_string(++runs));
    for (const Step& step : steps) both.step(step);
  });
}

}  // namespace
}  // namespace contracts
