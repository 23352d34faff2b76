#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "scenarios/initial.h"
#include "sim/base/problem.h"
#include "zk/live/connect_options.h"
#include "zk/migration_reader_tree.h"
#include "zk/tree.h"

// An ensemble that may be written to, and the cluster in it that a world is built around.
namespace scenarios::live {

// The znode, below the chroot, by which somebody says that all else there may be overwritten; and what it must hold.
inline constexpr std::string_view kMarkerPath = "/zk2kraft-scratch";
inline constexpr std::string_view kMarkerContent = "may-be-overwritten";

// A Problem unless the marker stands there. Only reads.
sim::Expected<void> check_marker(const zk::live::ConnectOptions& options);

// The cluster as it stands in the ensemble.
struct FoundCluster {
  zk::Tree tree;  // below the chroot
  zk::ClusterView view;
  // As registered at the first look, by processes that since have gone: a snapshot remembers their sessions.
  std::map<sim::BrokerId, zk::ClusterView::Broker> registered;
};
// Reads it, again until nobody of a former life is registered any more. A Problem if somebody lives there, if it is no
// cluster, or cannot be read whole.
sim::Expected<FoundCluster> find_cluster(const zk::live::ConnectOptions& options,
                                         std::chrono::seconds patience,
                                         const std::function<void(const std::string&)>& tell,
                                         const std::function<bool()>& interrupted);

// The tree as it is now. A Problem if it cannot be read whole.
sim::Expected<zk::Tree> read_whole(const zk::live::ConnectOptions& options);

// The beginning of a world around it: its brokers migrate and have nothing but their sessions to make; the quorum is
// empty. A broker that is assigned partitions, and was not registered, gets a listener of its own invention.
sim::Expected<Initial> initial_of(const FoundCluster& found, const std::string& described,
                                  std::optional<std::string> password_secret);

}  // namespace scenarios::live
