#include "sim/kafka/canonical.h"

#include <fmt/format.h>

#include <iterator>

#include "sim/kafka/image_text.h"

namespace sim {
namespace {

using image_text::put_fields;
using image_text::put_text;

// The lines of one image, each handed on as soon as it is complete.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& line) : line_(line) {}

  void features(const FeaturesPart& features) {
    line("feature metadata.version {}", level_of(features.metadata_version));
    for (const FeatureLevel& feature : features.finalized) {
      line("feature {} {}", text(feature.name), feature.level);
    }
    line("zk-migration-state {}", image_text::name_or_number(features.zk_migration_state));
  }

  void cluster(const ClusterPart& cluster) {
    for (const BrokerRegistration& broker : cluster.brokers) values("broker", broker);
    for (const ControllerRegistration& node : cluster.controllers) values("controller", node);
  }

  void topics(const TopicsPart& topics) {
    for (const Topic& topic : topics) {
      line("topic {} id={}", text(topic.name()), topic.id().describe());
      const std::string name = text(topic.name());
      for (const auto& [id, partition] : topic.partitions()) {
        values(fmt::format("partition {} {}", name, id.value()), partition);
      }
    }
  }

  void configs(const ConfigsPart& configs) {
    for (const ResourceConfigs& held : configs.resources) {
      for (const auto& [key, value] : held.values) {
        line("config {} {} {}={}", image_text::name_or_number(held.resource.type),
             text(held.resource.name), text(key), text(value));
      }
    }
  }

  void client_quotas(const ClientQuotasPart& quotas) {
    for (const ClientQuota& quota : quotas.entities) {
      const std::string entity = image_text::of_entity(quota.entity);
      for (const auto& [key, value] : quota.values) {
        // The bits tell apart what prints alike: the many NaNs.
        line("quota {} {}={} bits={:016x}", entity, text(key), value.describe(), value.bits());
      }
    }
  }

  void producer_ids(const ProducerIdsPart& ids) {
    line("producer-ids next={}", ids.next_producer_id.value());
  }

  void security(const AclsPart& acls, const ScramPart& scram, const DelegationTokensPart& tokens) {
    for (const Acl& acl : acls.acls) values("acl", acl);
    for (const ScramCredential& credential : scram.credentials) values("scram", credential);
    for (const DelegationToken& token : tokens.tokens) values("token", token);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    buffer_.clear();
    fmt::format_to(std::back_inserter(buffer_), format, std::forward<Args>(args)...);
    line_(buffer_);
  }
  template <class Value>
  void values(std::string_view what, const Value& value) {
    buffer_.assign(what);
    put_fields(buffer_, value);
    line_(buffer_);
  }
  static std::string text(std::string_view raw) {
    std::string out;
    put_text(out, raw);
    return out;
  }

  const std::function<void(std::string_view)>& line_;
  std::string buffer_;
};

}  // namespace

void canonical_lines(const MetadataImage& image,
                     const std::function<void(std::string_view)>& line) {
  Lines lines(line);
  lines.features(image.features());
  lines.cluster(image.cluster());
  lines.topics(image.topics());
  lines.configs(image.configs());
  lines.client_quotas(image.client_quotas());
  lines.producer_ids(image.producer_ids());
  lines.security(image.acls(), image.scram(), image.tokens());
}

std::string canonical_text(const MetadataImage& image) {
  std::string text;
  canonical_lines(image, [&](std::string_view line) {
    text += line;
    text += '\n';
  });
  return text;
}

}  // namespace sim
