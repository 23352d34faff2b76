#include "zk/server_environment.h"

#include <algorithm>
#include <bit>

#include "sim/base/check.h"
#include "zk/notice.h"
#include "zk/server_clients.h"
#include "zk/server_history.h"

namespace zk {

std::int32_t ServerConfig::negotiated(std::int32_t timeout_ms) const {
  const auto tick_ms = static_cast<std::int32_t>(tick_time.milliseconds());
  const std::int32_t low = min_session_timeout_ms < 0 ? tick_ms * 2 : min_session_timeout_ms;
  const std::int32_t high = max_session_timeout_ms < 0 ? tick_ms * 20 : max_session_timeout_ms;
  return std::clamp(timeout_ms, low, std::max(low, high));
}

sim::NodeId ServerConfig::node_of(ServerId server) const {
  for (const Peer& peer : ensemble) {
    if (peer.server == server) return peer.node;
  }
  sim::unreachable("every server that is spoken of is a member of the ensemble");
}

std::uint32_t ServerConfig::bit_of(ServerId server) const {
  for (std::size_t at = 0; at < ensemble.size(); ++at) {
    if (ensemble[at].server == server) return std::uint32_t{1} << at;
  }
  return 0;  // no voter
}

bool ServerConfig::is_quorum(std::uint32_t bits) const {
  return static_cast<std::size_t>(std::popcount(bits)) * 2 > ensemble.size();
}

void DiskGate::issue(sim::Effects& effects, sim::NodeId self, Zxid logged) {
  ++issued_;
  effects.emplace_back(sim::Sync{kDiskLane, *wanted_});
  const DiskDone done{issued_, wanted_->contain(kLogFile) ? logged : Zxid()};
  effects.emplace_back(sim::Send{kDiskLane, self, sim::kDatagram, sim::Payload::of(done)});
  wanted_.reset();
}

DiskGate::Ticket DiskGate::request(sim::Effects& effects, sim::NodeId self, sim::Files files,
                                   Zxid logged) {
  if (wanted_) {
    files = {std::min(files.first, wanted_->first), std::max(files.last, wanted_->last)};
  }
  wanted_ = files;
  if (issued_ == done_) {
    issue(effects, self, logged);
    return issued_;
  }
  return issued_ + 1;
}

void DiskGate::on_done(sim::Effects& effects, sim::NodeId self, const DiskDone& done, Zxid logged) {
  sim::check(done.ticket == done_ + 1, "fsyncs are done in the order in which they were asked for");
  done_ = done.ticket;
  if (wanted_) issue(effects, self, logged);
}

void DiskGate::digest_into(sim::Digest& digest) const {
  digest.add(issued_);
  digest.add(done_);
  digest.add(wanted_ ? 1U + wanted_->first.value() + 256U * wanted_->last.value() : 0U);
}

DiskGate::Ticket Environment::sync(sim::Files files) {
  return disk.request(effects, self(), files, history.last_logged());
}

void deliver(Environment& environment, const sim::Payload& txn) {
  const auto& logged = txn.as<LoggedTxn>();
  const Applied applied = environment.history.apply(txn, environment.config.behaviour);
  environment.notify(Committed{environment.config.myid, logged.header.zxid,
                               environment.history.database().tree.digest(), txn});
  environment.clients.on_applied(environment, logged, applied);
}

}  // namespace zk
