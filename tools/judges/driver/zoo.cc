#include "tools/judges/driver/zoo.h"

#include <fmt/format.h>

#include "sim/base/match.h"
#include "zk/behaviour.h"
#include "zk/migration_reader_tree.h"
#include "zk/server_clients.h"

namespace judge {
namespace {

constexpr zk::SessionId kSession{1};

std::string described(const zk::Op& op) {
  return sim::match(
      op, [](const zk::Create& create) { return "create " + create.path; },
      [](const zk::Delete& remove) {
        return fmt::format("delete {}@{}", remove.path, remove.version.value());
      },
      [](const zk::SetData& set) {
        return fmt::format("setData {}@{}", set.path, set.version.value());
      },
      [](const zk::Check& check) {
        return fmt::format("check {}@{}", check.path, check.version.value());
      });
}

}  // namespace

zk::Response Zoo::answer(const zk::Request& request) {
  if (!zk::is_write(request)) return zk::answer(tree_, "", request);
  last_ = last_.next();
  zk::LoggedTxn logged{.header = {.client_id = kSession, .zxid = last_}};
  logged.txn = prep_.prepare(tree_, request, kSession, {}, last_, zk::ServerBehaviour{});
  const zk::Applied applied = tree_.apply(logged.header, logged.txn);
  prep_.applied(last_);
  return zk::response_to(logged, applied, tree_);
}

std::string describe(const zk::Request& request) {
  return sim::match(
      request, [](const zk::Create& each) { return described(each); },
      [](const zk::Delete& each) { return described(each); },
      [](const zk::SetData& each) { return described(each); },
      [](const zk::Check& each) { return described(each); },
      [](const zk::Multi& multi) {
        std::string text = "multi";
        for (const zk::Op& op : multi.ops) text += " " + described(op);
        return text;
      },
      [](const auto& read) {
        return fmt::format("{} {}", std::remove_cvref_t<decltype(read)>::kName, read.path);
      });
}

}  // namespace judge
