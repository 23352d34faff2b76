#include "zk/request.h"

#include "sim/base/match.h"

namespace zk {

std::string_view name_of(CreateMode mode) {
  switch (mode) {
    case CreateMode::Persistent:
      return "PERSISTENT";
    case CreateMode::Ephemeral:
      return "EPHEMERAL";
    case CreateMode::PersistentSequential:
      return "PERSISTENT_SEQUENTIAL";
    case CreateMode::EphemeralSequential:
      return "EPHEMERAL_SEQUENTIAL";
    case CreateMode::Container:
      return "CONTAINER";
    case CreateMode::PersistentWithTtl:
      return "PERSISTENT_WITH_TTL";
    case CreateMode::PersistentSequentialWithTtl:
      return "PERSISTENT_SEQUENTIAL_WITH_TTL";
  }
  return "unknown";
}

std::string_view name_of(WatchedEventType type) {
  switch (type) {
    case WatchedEventType::None:
      return "None";
    case WatchedEventType::NodeCreated:
      return "NodeCreated";
    case WatchedEventType::NodeDeleted:
      return "NodeDeleted";
    case WatchedEventType::NodeDataChanged:
      return "NodeDataChanged";
    case WatchedEventType::NodeChildrenChanged:
      return "NodeChildrenChanged";
  }
  return "unknown";
}

std::string_view name_of(KeeperState state) {
  switch (state) {
    case KeeperState::Disconnected:
      return "Disconnected";
    case KeeperState::SyncConnected:
      return "SyncConnected";
    case KeeperState::AuthFailed:
      return "AuthFailed";
    case KeeperState::Expired:
      return "Expired";
  }
  return "unknown";
}

bool is_write(const Request& request) {
  return sim::match(
      request, [](const Create&) { return true; }, [](const Delete&) { return true; },
      [](const SetData&) { return true; }, [](const SetAcl&) { return true; },
      [](const Check&) { return true; }, [](const Multi&) { return true; },
      [](const GetData&) { return false; }, [](const Exists&) { return false; },
      [](const GetChildren&) { return false; }, [](const GetAcl&) { return false; },
      [](const Sync&) { return false; });
}

std::string_view name_of(const Request& request) {
  return std::visit([]<class T>(const T&) { return T::kName; }, request);
}

std::string_view path_of(const Op& op) {
  return std::visit([](const auto& one) { return std::string_view(one.path); }, op);
}

std::string_view path_of(const Request& request) {
  return std::visit(
      []<class T>(const T& one) -> std::string_view {
        if constexpr (std::same_as<T, Multi>) {
          return {};
        } else {
          return one.path;
        }
      },
      request);
}

}  // namespace zk
