#include "migrate/plan/inputs.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "sim/base/check.h"

namespace migrate {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    sim::check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
               "SHA-256 is there");
  }
  // A line of its own: no two different sequences of lines are one text.
  void line(std::string_view text) {
    const std::string framed = fmt::format("{}:{}\n", text.size(), text);
    sim::check(EVP_DigestUpdate(context_.get(), framed.data(), framed.size()) == 1,
               "SHA-256 takes bytes");
  }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    sim::check(EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1, "SHA-256 ends");
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes.at(i));
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

void add(zk2kraft::Plan& plan, std::string name, Sha256& sum, std::string covers) {
  zk2kraft::PlanInput& input = *plan.add_inputs();
  input.set_name(std::move(name));
  input.set_sha256(sum.hex());
  input.set_covers(std::move(covers));
}

void describe_brokers(const Layout& layout, zk2kraft::Plan& plan) {
  Sha256 sum;
  for (const LaidOutNode& broker : layout.brokers)
    sum.line(fmt::format("{} {}", broker.id.value(), broker.rack));
  add(plan, "brokers", sum, fmt::format("{} brokers and their racks", layout.brokers.size()));
}

void describe_topics(const sim::MetadataImage& image, zk2kraft::Plan& plan) {
  Sha256 sum;
  for (const sim::Topic& topic : image.topics()) {
    sum.line(fmt::format("{} {}", topic.name(), topic.id().describe()));
    for (const auto& [id, partition] : topic.partitions()) {
      std::string replicas = fmt::format("{}:", id.value());
      for (const sim::BrokerId replica : partition.replicas)
        replicas += fmt::format(" {}", replica.value());
      sum.line(replicas);
    }
  }
  add(plan, "topics", sum,
      fmt::format("{} topics, {} partitions and where their replicas lie", image.topics().size(),
                  image.topics().partition_count()));
  Sha256 asked;
  std::size_t own = 0;
  for (const sim::Topic& topic : image.topics()) {
    const auto value = image.configs().value({sim::ConfigResourceType::Topic, topic.name()},
                                             "min.insync.replicas");
    if (!value) continue;
    ++own;
    asked.line(fmt::format("{} {}", topic.name(), *value));
  }
  add(plan, "min.insync.replicas", asked, fmt::format("{} topics have their own", own));
}

bool is_secret(std::string_view key) {
  constexpr std::array<std::string_view, 5> kWords{"password", "secret", "jaas", "credential",
                                                   "keystore.key"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return key.find(word) != std::string_view::npos; });
}

void describe_node(const NodeFacts& node, zk2kraft::Plan& plan) {
  Sha256 sum;
  std::size_t covered = 0;
  for (const std::string& key : node.config->file().keys()) {
    if (is_changed_by_migration(key)) continue;
    ++covered;
    sum.line(key);
    sum.line(is_secret(key) ? "" : node.config->file().get(key).value_or(""));
  }
  add(plan, "node " + node.name, sum,
      fmt::format("{} configs that the migration leaves alone", covered));
}

}  // namespace

bool is_changed_by_migration(std::string_view key) {
  constexpr std::array<std::string_view, 14> kKeys{"process.roles",
                                                   "broker.id",
                                                   "node.id",
                                                   "broker.id.generation.enable",
                                                   "reserved.broker.max.id",
                                                   "inter.broker.protocol.version",
                                                   "log.message.format.version",
                                                   "control.plane.listener.name",
                                                   "inter.broker.listener.name",
                                                   "listener.security.protocol.map",
                                                   "authorizer.class.name",
                                                   "confluent.authorizer.access.rule.providers",
                                                   "super.users",
                                                   "metadata.log.dir"};
  return std::ranges::find(kKeys, key) != kKeys.end() || key.starts_with("zookeeper.") ||
         key.starts_with("controller.") || key.starts_with("password.encoder.") ||
         key.starts_with("listener.name.controller.");
}

void describe_inputs(const ClusterFacts& facts, const Layout& layout, zk2kraft::Plan& plan) {
  Sha256 cluster;
  cluster.line(facts.cluster_id().value_or(""));
  add(plan, "cluster", cluster,
      fmt::format("cluster id {}", facts.cluster_id().value_or("unknown")));
  describe_brokers(layout, plan);
  if (const sim::MetadataImage* image = leading_image(facts)) describe_topics(*image, plan);
  std::vector<const NodeFacts*> nodes = facts.brokers();
  std::ranges::sort(nodes, {}, &NodeFacts::name);
  for (const NodeFacts* node : nodes) {
    if (node->config) describe_node(*node, plan);
  }
  Sha256 all;
  for (const zk2kraft::PlanInput& input : plan.inputs())
    all.line(input.name() + " " + input.sha256());
  plan.set_digest(all.hex());
}

Staleness compare_inputs(const zk2kraft::Plan& plan, const zk2kraft::Plan& now) {
  Staleness found;
  for (const zk2kraft::PlanInput& was : plan.inputs()) {
    const auto is = std::ranges::find(now.inputs(), was.name(), &zk2kraft::PlanInput::name);
    if (is == now.inputs().end()) {
      found.unknown.push_back(fmt::format("{}: the plan rests on it ({}), and it is not here",
                                          was.name(), was.covers()));
    } else if (is->sha256() != was.sha256()) {
      found.changed.push_back(
          fmt::format("{} changed: {}{}", was.name(), was.covers(),
                      is->covers() == was.covers() ? "" : "; now " + is->covers()));
    }
  }
  for (const zk2kraft::PlanInput& is : now.inputs()) {
    if (std::ranges::find(plan.inputs(), is.name(), &zk2kraft::PlanInput::name) ==
        plan.inputs().end())
      found.changed.push_back(fmt::format("{} is new: {}", is.name(), is.covers()));
  }
  return found;
}

}  // namespace migrate
