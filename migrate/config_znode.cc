#include "migrate/config_znode.h"

#include <fmt/format.h>

namespace migrate {

std::optional<sim::ConfigResource> resource_of_znode(std::string_view path) {
  constexpr std::string_view kConfigRoot = "/config/";
  if (!path.starts_with(kConfigRoot)) return std::nullopt;
  path.remove_prefix(kConfigRoot.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view type = path.substr(0, slash);
  const std::string_view name = path.substr(slash + 1);
  if (type == "topics")
    return sim::ConfigResource{sim::ConfigResourceType::Topic, std::string(name)};
  if (type != "brokers") return std::nullopt;
  return sim::ConfigResource{sim::ConfigResourceType::Broker,
                             name == "<default>" ? std::string() : std::string(name)};
}

std::string path_of_config(const sim::ConfigResource& resource, std::string_view key) {
  return fmt::format("configs/{}/{}/{}", sim::name_of(resource.type),
                     resource.name.empty() ? "<default>" : resource.name, key);
}

sim::Family kind_of_config(const sim::ConfigResource& resource) {
  return resource.type == sim::ConfigResourceType::Topic ? sim::Family::TopicConfigs
                                                         : sim::Family::BrokerConfigs;
}

}  // namespace migrate
