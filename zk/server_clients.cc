#include "zk/server_clients.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/match.h"
#include "zk/notice.h"
#include "zk/prep.h"
#include "zk/server_history.h"
#include "zk/torn_multi.h"

namespace zk {

// ── Connections and sessions ────────────────────────────────────────────────────────────────────

void ClientConnections::open(Environment& environment) {
  open_ = true;
  // SessionTrackerImpl.initializeNextSessionId: the server above, the time of its start below.
  const auto started = static_cast<std::uint64_t>(environment.now.milliseconds());
  const auto server = static_cast<std::uint64_t>(environment.config.myid.value());
  last_session_ = SessionId(static_cast<std::int64_t>(((started << 24) >> 8) | (server << 56)));
}

void ClientConnections::close(Environment& environment) {
  open_ = false;
  for (const auto& [connection, client] : connections_) environment.disconnect(connection);
  connections_.clear();
  by_session_.clear();
  touched_.clear();
  watches_ = WatchManager();
}

SessionId ClientConnections::next_session(const Environment& environment) {
  do {
    last_session_ = SessionId(last_session_.value() + 1);
  } while (environment.history.database().session_timeouts_ms.contains(last_session_));
  return last_session_;
}

void ClientConnections::drop(Connections::iterator at) {
  const auto session = by_session_.find(at->second.session);
  if (session != by_session_.end() && session->second == at->first) by_session_.erase(session);
  watches_.remove(at->first);
  connections_.erase(at);
}

void ClientConnections::on_disconnected(sim::ConnectionId connection) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) drop(found);
}

ClientConnections::Connections::iterator ClientConnections::find(SessionId session) {
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? connections_.end() : connections_.find(found->second);
}

void ClientConnections::touch(const Connection& connection) {
  if (connection.phase == Phase::Established) touched_[connection.session] = connection.timeout_ms;
}

std::vector<std::pair<SessionId, std::int32_t>> ClientConnections::take_touched() {
  std::vector<std::pair<SessionId, std::int32_t>> taken(touched_.begin(), touched_.end());
  touched_.clear();
  return taken;
}

void ClientConnections::refuse(Environment& environment, sim::ConnectionId over, sim::NodeId client,
                               bool expired) {
  if (expired) environment.send(client, over, sim::Payload::of(ConnectResponse{}));
  environment.disconnect(over);
}

ClientConnections::ToLeader ClientConnections::on_connect(Environment& environment,
                                                          sim::NodeId from, sim::ConnectionId over,
                                                          const ConnectRequest& request) {
  if (request.last_zxid_seen > environment.history.last_processed()) {
    refuse(environment, over, from, false);  // the client must try another server
    return {};
  }
  const bool resumes = request.session != kNoSession;
  if (resumes && request.password != password_of(request.session)) {
    refuse(environment, over, from, true);
    return {};
  }
  if (resumes) {  // a session has one connection: the client's former one is history
    if (const auto former = find(request.session); former != connections_.end()) {
      environment.disconnect(former->first);
      drop(former);
    }
  }
  Connection made{.client = from,
                  .phase = resumes ? Phase::Revalidating : Phase::Creating,
                  .session = resumes ? request.session : next_session(environment),
                  .timeout_ms = environment.config.negotiated(request.timeout_ms),
                  .seen = request.last_zxid_seen,
                  .identities = request.identities,
                  .queue = {}};
  const SessionId session = made.session;
  const std::int32_t timeout_ms = made.timeout_ms;
  by_session_[session] = over;
  connections_.insert_or_assign(over, std::move(made));
  if (resumes) return {sim::Payload::of(Revalidate{session, timeout_ms})};
  return {sim::Payload::of(Forwarded{
      .asked = Asked::NewSession, .session = session, .cxid = 0, .timeout_ms = timeout_ms})};
}

void ClientConnections::establish(Environment& environment, Connections::iterator at) {
  Connection& connection = at->second;
  connection.phase = Phase::Established;
  touch(connection);
  environment.send(connection.client, at->first,
                   sim::Payload::of(ConnectResponse{connection.timeout_ms, connection.session,
                                                    password_of(connection.session)}));
}

void ClientConnections::on_revalidated(Environment& environment, const Revalidated& answer) {
  const auto at = find(answer.session);
  if (at == connections_.end() || at->second.phase != Phase::Revalidating) return;
  if (!answer.valid) {
    refuse(environment, at->first, at->second.client, true);
    drop(at);
    return;
  }
  environment.notify(SessionResumed{environment.config.myid, answer.session, at->second.client,
                                    at->second.seen, environment.history.last_processed()});
  establish(environment, at);
}

// ── What clients ask ────────────────────────────────────────────────────────────────────────────

ClientConnections::ToLeader ClientConnections::on_message(Environment& environment,
                                                          sim::NodeId from, sim::ConnectionId over,
                                                          const sim::Payload& message) {
  sim::check(open_, "only a server with a leader listens to clients");
  if (const auto* const connect = message.get_if<ConnectRequest>()) {
    return on_connect(environment, from, over, *connect);
  }
  const auto at = connections_.find(over);
  if (at == connections_.end()) {  // said before it learnt that it was closed
    environment.disconnect(over);
    return {};
  }
  Connection& connection = at->second;
  touch(connection);
  if (message.get_if<ClientPing>() != nullptr) {
    environment.send(from, over,
                     sim::Payload::of(ClientPong{environment.history.last_processed()}));
    return {};
  }
  if (const auto* const request = message.get_if<ClientRequest>()) {
    const bool is_sync = std::holds_alternative<Sync>(request->request);
    const bool waits = is_sync || is_write(request->request);
    connection.queue.push_back({request->xid, message, waits});
    if (!waits) {
      drain(environment, at);
      return {};
    }
    return {sim::Payload::of(Forwarded{.asked = is_sync ? Asked::Barrier : Asked::Operation,
                                       .session = connection.session,
                                       .cxid = request->xid,
                                       .request = is_sync ? sim::Payload() : message,
                                       .identities = connection.identities})};
  }
  if (const auto* const close = message.get_if<CloseSession>()) {
    connection.queue.push_back({close->xid, message, true});
    return {sim::Payload::of(Forwarded{
        .asked = Asked::EndOfSession, .session = connection.session, .cxid = close->xid})};
  }
  sim::check(message.get_if<SetWatches>() != nullptr, "clients speak only what clients speak");
  connection.queue.push_back({0, message, false});
  drain(environment, at);
  return {};
}

void ClientConnections::drain(Environment& environment, Connections::iterator at) {
  while (!at->second.queue.empty() && !at->second.queue.front().waits) {
    const Queued next = std::move(at->second.queue.front());
    at->second.queue.pop_front();
    if (const auto* const watches = next.message.get_if<SetWatches>()) {
      set_watches(environment, at, *watches);
    } else {
      const auto& request = next.message.as<ClientRequest>();
      answer(environment, at, next.xid, read(environment, at->first, at->second, request));
    }
  }
}

void ClientConnections::answer(Environment& environment, Connections::iterator at, std::int32_t xid,
                               Response response) {
  environment.send(at->second.client, at->first,
                   sim::Payload::of(ClientReply{xid, std::move(response)}));
}

Response ClientConnections::read(Environment& environment, sim::ConnectionId over,
                                 const Connection& connection, const ClientRequest& request) {
  const Tree& tree = environment.history.database().tree;
  Response response{.zxid = environment.history.last_processed()};
  const std::string_view path = path_of(request.request);
  const bool watch = request.watching == Watching::Yes;
  const auto refuse_with = [&](ErrorCode error) {
    response.error = error;
    return response;
  };
  if (!is_valid_path(path)) return refuse_with(ErrorCode::BadArguments);
  const bool exists_only = std::holds_alternative<Exists>(request.request);
  const Znode* const znode = tree.find(path);
  if (znode == nullptr) {
    if (exists_only && watch) watches_.add(WatchKind::OfData, path, over);
    return refuse_with(ErrorCode::NoNode);
  }
  const AclList* const acl = znode->acl == kOpenUnsafeAclId ? nullptr : tree.acl(*znode);
  const auto may = [&](Perm perm) {
    return acl == nullptr || permits(*acl, perm, connection.identities);
  };
  const bool readable =
      may(Perm::Read) || (std::holds_alternative<GetAcl>(request.request) && may(Perm::Admin));
  if (!readable && !exists_only) return refuse_with(ErrorCode::NoAuth);

  const Stat stat = *tree.stat(path);
  const auto no_read = [] { sim::unreachable("only reads are answered from the tree"); };
  sim::match(
      request.request,
      [&](const GetData&) {
        if (watch) watches_.add(WatchKind::OfData, path, over);
        response.result = GotData{znode->data, stat};
      },
      [&](const Exists&) {
        if (watch) watches_.add(WatchKind::OfData, path, over);
        response.result = stat;
      },
      [&](const GetChildren&) {
        if (watch) watches_.add(WatchKind::OfChildren, path, over);
        response.result = GotChildren{tree.children(path), stat};
      },
      // Simplified: hashes of digest identities are not masked for those without ADMIN.
      [&](const GetAcl&) { response.result = GotAcl{acl ? *acl : open_acl_unsafe(), stat}; },
      [&](const Create&) { no_read(); }, [&](const Delete&) { no_read(); },
      [&](const SetData&) { no_read(); }, [&](const SetAcl&) { no_read(); },
      [&](const Check&) { no_read(); }, [&](const Multi&) { no_read(); },
      [&](const Sync&) { no_read(); });
  return response;
}

// ── Watches ─────────────────────────────────────────────────────────────────────────────────────

void ClientConnections::tell(Environment& environment, sim::ConnectionId over,
                             const Connection& connection, WatchedEvent event) {
  environment.notify(WatchTriggered{environment.config.myid, connection.client, event});
  environment.send(connection.client, over, sim::Payload::of(WatchNotification{std::move(event)}));
}

void ClientConnections::fire(Environment& environment, const Applied& applied) {
  if (watches_.empty()) return;
  for (const Change& change : applied.changes) {
    for (WatchManager::Fired& fired : watches_.fire(change)) {
      const auto at = connections_.find(fired.watcher);
      sim::check(at != connections_.end(), "a watch is gone with its connection");
      if (environment.config.behaviour.watch_lost) continue;
      tell(environment, at->first, at->second, std::move(fired.event));
    }
  }
}

// What happened while the client was away is told now; the rest is armed again
// (DataTree.setWatches).
void ClientConnections::set_watches(Environment& environment, Connections::iterator at,
                                    const SetWatches& asked) {
  const Tree& tree = environment.history.database().tree;
  const auto tell_now = [&](WatchedEventType type, const std::string& path) {
    tell(environment, at->first, at->second, {type, KeeperState::SyncConnected, path});
  };
  for (const std::string& path : asked.data) {
    const Znode* const znode = tree.find(path);
    if (znode == nullptr) {
      tell_now(WatchedEventType::NodeDeleted, path);
    } else if (znode->stat.mzxid > asked.relative_zxid) {
      tell_now(WatchedEventType::NodeDataChanged, path);
    } else {
      watches_.add(WatchKind::OfData, path, at->first);
    }
  }
  for (const std::string& path : asked.exist) {
    if (tree.find(path) != nullptr) {
      tell_now(WatchedEventType::NodeCreated, path);
    } else {
      watches_.add(WatchKind::OfData, path, at->first);
    }
  }
  for (const std::string& path : asked.child) {
    const Znode* const znode = tree.find(path);
    if (znode == nullptr) {
      tell_now(WatchedEventType::NodeDeleted, path);
    } else if (znode->stat.pzxid > asked.relative_zxid) {
      tell_now(WatchedEventType::NodeChildrenChanged, path);
    } else {
      watches_.add(WatchKind::OfChildren, path, at->first);
    }
  }
}

// ── What comes back ─────────────────────────────────────────────────────────────────────────────

void ClientConnections::on_applied(Environment& environment, const LoggedTxn& logged,
                                   const Applied& applied) {
  fire(environment, applied);
  const auto at = find(logged.header.client_id);
  if (at == connections_.end()) return;
  Connection& connection = at->second;
  if (std::holds_alternative<CreateSessionTxn>(logged.txn)) {
    if (connection.phase != Phase::Creating) return;
    environment.notify(
        SessionOpened{environment.config.myid, connection.session, connection.client});
    establish(environment, at);
    return;
  }
  const bool ends = std::holds_alternative<CloseSessionTxn>(logged.txn);
  const bool awaited = !connection.queue.empty() && connection.queue.front().waits &&
                       connection.queue.front().xid == logged.header.cxid;
  if (awaited && !ends) {
    connection.queue.pop_front();
    answer(environment, at, logged.header.cxid,
           response_to(logged, applied, environment.history.database().tree));
    drain(environment, at);
  }
  if (ends) {  // Simplified: the closing client is not answered, only disconnected; it does not
               // listen
    environment.disconnect(at->first);
    drop(at);
  }
}

void ClientConnections::on_synced(Environment& environment, const Synced& synced) {
  const auto at = find(synced.session);
  if (at == connections_.end() || at->second.queue.empty()) return;
  const Queued& front = at->second.queue.front();
  if (!front.waits || front.xid != synced.cxid) return;
  at->second.queue.pop_front();
  answer(environment, at, synced.cxid, Response{.zxid = environment.history.last_processed()});
  drain(environment, at);
}

namespace {

OpResponse op_response(const SubTxn& sub, const Tree& tree, const std::optional<Stat>& stat) {
  const auto created = [&](const std::string& path) {
    // Simplified: the stat is that after the whole multi; ZooKeeper's create in a multi gives none
    // at all.
    return OpResponse{ErrorCode::Ok, Created{path, tree.stat(path).value_or(Stat())}};
  };
  return sim::match(
      sub, [&](const CreateTxn& txn) { return created(txn.path); },
      [&](const Create2Txn& txn) { return created(txn.path); },
      [&](const CreateContainerTxn& txn) { return created(txn.path); },
      [&](const CreateTtlTxn& txn) { return created(txn.path); },
      [&](const DeleteTxn&) { return OpResponse{}; },
      [&](const DeleteContainerTxn&) { return OpResponse{}; },
      [&](const SetDataTxn& txn) {
        return OpResponse{ErrorCode::Ok, stat ? *stat : tree.stat(txn.path).value_or(Stat())};
      },
      [&](const CheckTxn&) { return OpResponse{}; },
      [&](const ErrorTxn& txn) { return OpResponse{txn.error, {}}; },
      [&](const UndoneTxn&) { return OpResponse{}; });
}

Response multi_response(Response response, const MultiTxn& multi, const Applied& applied,
                        const Tree& tree) {
  MultiResult result;
  const bool failed = multi.failed();
  for (std::size_t at = 0; at < multi.txns.size(); ++at) {
    const SubTxn& sub = multi.txns[at];
    if (is_torn_mark(sub)) continue;
    const auto* const error = std::get_if<ErrorTxn>(&sub);
    if (!failed) {
      const bool known = at < applied.multi.size();
      result.results.push_back(
          op_response(sub, tree, known ? applied.multi[at].stat : std::optional<Stat>()));
    } else {
      const ErrorCode code = error != nullptr ? error->error : ErrorCode::Ok;
      if (response.ok()) response.error = code;  // the first that failed
      result.results.push_back({code, {}});
    }
  }
  response.result = std::move(result);
  return response;
}

}  // namespace

Response response_to(const LoggedTxn& logged, const Applied& applied, const Tree& tree) {
  Response response{.zxid = logged.header.zxid};
  const auto with_stat = [&](const std::string& path) {
    response.result = applied.result.stat ? *applied.result.stat : tree.stat(path).value_or(Stat());
  };
  const auto with_created = [&](const std::string& path) {
    response.result = Created{path, tree.stat(path).value_or(Stat())};
  };
  sim::match(
      logged.txn, [](const CreateSessionTxn&) {}, [](const CloseSessionTxn&) {},
      [&](const ErrorTxn& txn) { response.error = txn.error; },
      [&](const CreateTxn& txn) { with_created(txn.path); },
      [&](const Create2Txn& txn) { with_created(txn.path); },
      [&](const CreateContainerTxn& txn) { with_created(txn.path); },
      [&](const CreateTtlTxn& txn) { with_created(txn.path); }, [](const DeleteTxn&) {},
      [](const DeleteContainerTxn&) {}, [&](const SetDataTxn& txn) { with_stat(txn.path); },
      [&](const ReconfigTxn& txn) { with_stat(txn.path); },
      [&](const SetAclTxn& txn) { with_stat(txn.path); }, [](const CheckTxn&) {},
      [&](const MultiTxn& multi) { response = multi_response(response, multi, applied, tree); });
  return response;
}

void ClientConnections::digest_into(sim::Digest& digest) const {
  digest.add(connections_.size());
  for (const auto& [over, connection] : connections_) {
    sim::digest_into(digest, over);
    sim::digest_into(digest, connection.phase);
    sim::digest_into(digest, connection.session);
    digest.add(connection.queue.size());
    for (const Queued& queued : connection.queue) {
      sim::digest_into(digest, queued.xid);
      sim::digest_into(digest, queued.waits);
    }
  }
  sim::digest_into(digest, touched_);
  sim::digest_into(digest, last_session_);
  watches_.digest_into(digest);
}

}  // namespace zk
