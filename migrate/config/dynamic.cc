#include "migrate/config/dynamic.h"

#include <algorithm>
#include <array>

#include "migrate/config/definitions.h"

namespace migrate {
namespace {

// DynamicBrokerConfig.AllDynamicConfigs, in three parts.

// LogCleaner, DynamicLogConfig, DynamicThreadPool, SocketServer, DynamicProducerStateManagerConfig,
// DynamicRemoteLogConfig, and those of listeners that may be set for the cluster.
constexpr std::array kOfCluster{
    std::string_view("background.threads"),
    std::string_view("compression.gzip.level"),
    std::string_view("compression.lz4.level"),
    std::string_view("compression.type"),
    std::string_view("compression.zstd.level"),
    std::string_view("log.cleaner.backoff.ms"),
    std::string_view("log.cleaner.dedupe.buffer.size"),
    std::string_view("log.cleaner.delete.retention.ms"),
    std::string_view("log.cleaner.io.buffer.load.factor"),
    std::string_view("log.cleaner.io.buffer.size"),
    std::string_view("log.cleaner.io.max.bytes.per.second"),
    std::string_view("log.cleaner.max.compaction.lag.ms"),
    std::string_view("log.cleaner.min.cleanable.ratio"),
    std::string_view("log.cleaner.min.compaction.lag.ms"),
    std::string_view("log.cleaner.threads"),
    std::string_view("log.cleanup.policy"),
    std::string_view("log.flush.interval.messages"),
    std::string_view("log.flush.interval.ms"),
    std::string_view("log.index.interval.bytes"),
    std::string_view("log.index.size.max.bytes"),
    std::string_view("log.local.retention.bytes"),
    std::string_view("log.local.retention.ms"),
    std::string_view("log.message.downconversion.enable"),
    std::string_view("log.message.timestamp.after.max.ms"),
    std::string_view("log.message.timestamp.before.max.ms"),
    std::string_view("log.message.timestamp.difference.max.ms"),
    std::string_view("log.message.timestamp.type"),
    std::string_view("log.preallocate"),
    std::string_view("log.retention.bytes"),
    std::string_view("log.retention.ms"),
    std::string_view("log.roll.jitter.ms"),
    std::string_view("log.roll.ms"),
    std::string_view("log.segment.bytes"),
    std::string_view("log.segment.delete.delay.ms"),
    std::string_view("max.connection.creation.rate"),
    std::string_view("max.connections"),
    std::string_view("max.connections.per.ip"),
    std::string_view("max.connections.per.ip.overrides"),
    std::string_view("message.max.bytes"),
    std::string_view("metric.reporters"),
    std::string_view("min.insync.replicas"),
    std::string_view("num.io.threads"),
    std::string_view("num.network.threads"),
    std::string_view("num.recovery.threads.per.data.dir"),
    std::string_view("num.replica.fetchers"),
    std::string_view("producer.id.expiration.ms"),
    std::string_view("remote.fetch.max.wait.ms"),
    std::string_view("remote.log.index.file.cache.total.size.bytes"),
    std::string_view("remote.log.manager.copy.max.bytes.per.second"),
    std::string_view("remote.log.manager.fetch.max.bytes.per.second"),
    std::string_view("transaction.partition.verification.enable"),
    std::string_view("unclean.leader.election.enable"),
};

// DynamicListenerConfig, each broker for itself.
constexpr std::array kOfBroker{
    std::string_view("advertised.listeners"),
    std::string_view("listener.security.protocol.map"),
    std::string_view("listeners"),
    std::string_view("principal.builder.class"),
    std::string_view("sasl.enabled.mechanisms"),
    std::string_view("sasl.jaas.config"),
    std::string_view("sasl.kerberos.kinit.cmd"),
    std::string_view("sasl.kerberos.min.time.before.relogin"),
    std::string_view("sasl.kerberos.principal.to.local.rules"),
    std::string_view("sasl.kerberos.service.name"),
    std::string_view("sasl.kerberos.ticket.renew.jitter"),
    std::string_view("sasl.kerberos.ticket.renew.window.factor"),
    std::string_view("sasl.login.refresh.buffer.seconds"),
    std::string_view("sasl.login.refresh.min.period.seconds"),
    std::string_view("sasl.login.refresh.window.factor"),
    std::string_view("sasl.login.refresh.window.jitter"),
    std::string_view("sasl.mechanism.inter.broker.protocol"),
    std::string_view("ssl.cipher.suites"),
    std::string_view("ssl.client.auth"),
    std::string_view("ssl.enabled.protocols"),
    std::string_view("ssl.endpoint.identification.algorithm"),
    std::string_view("ssl.engine.factory.class"),
    std::string_view("ssl.keymanager.algorithm"),
    std::string_view("ssl.protocol"),
    std::string_view("ssl.provider"),
    std::string_view("ssl.secure.random.implementation"),
    std::string_view("ssl.trustmanager.algorithm"),
};

// SslConfigs.RECONFIGURABLE_CONFIGS: with a listener's prefix alone.
constexpr std::array kOfListener{
    std::string_view("ssl.key.password"),
    std::string_view("ssl.keystore.certificate.chain"),
    std::string_view("ssl.keystore.key"),
    std::string_view("ssl.keystore.location"),
    std::string_view("ssl.keystore.password"),
    std::string_view("ssl.keystore.type"),
    std::string_view("ssl.truststore.certificates"),
    std::string_view("ssl.truststore.location"),
    std::string_view("ssl.truststore.password"),
    std::string_view("ssl.truststore.type"),
};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::ranges::binary_search(names, name);
}
static_assert(std::ranges::is_sorted(kOfCluster) && std::ranges::is_sorted(kOfBroker) &&
              std::ranges::is_sorted(kOfListener));

// "listener.name.NAME.rest": rest; empty for what is no such config.
std::string_view without_listener(std::string_view name) {
  constexpr std::string_view kPrefix = "listener.name.";
  if (!name.starts_with(kPrefix)) return {};
  const std::size_t dot = name.find('.', kPrefix.size());
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

}  // namespace

bool is_in_force(std::string_view name, DynamicLevel level) {
  const bool of_cluster = level == DynamicLevel::Cluster;
  if (const std::string_view rest = without_listener(name); !rest.empty()) {
    // ClusterLevelListenerConfigs.
    const bool for_all = rest == "max.connections" || rest == "max.connection.creation.rate" ||
                         rest == "num.network.threads";
    return for_all || !of_cluster;
  }
  if (contains(kOfCluster, name)) return true;
  if (contains(kOfListener, name)) return false;
  if (contains(kOfBroker, name)) return !of_cluster;
  return find_definition(name) == nullptr;
}

}  // namespace migrate
