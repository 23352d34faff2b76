#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/kafka/compare.h"
#include "sim/kafka/image.h"

// Where in an image the content of a config znode stands.
namespace migrate {

// "/config/topics/orders" → the resource; nothing for users, clients and ips.
std::optional<sim::ConfigResource> resource_of_znode(std::string_view path);
// "configs/TOPIC/orders/retention.ms", as sim::compare writes it.
std::string path_of_config(const sim::ConfigResource& resource, std::string_view key);
sim::Family kind_of_config(const sim::ConfigResource& resource);

}  // namespace migrate
