#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "migrate/check/groups.h"
#include "sim/base/check.h"

// What no file tells and a person must say: rows alone, each with one predicate that asks. A row's
// title is what must be so, and so the question.
namespace migrate {
namespace {

// Whom a question is for.
enum class Audience : std::uint8_t {
  Everybody,
  OfConfluent,
  OfCfk,
  OfOperators,
  OfStrimzi,
  OfMsk,
};

struct Question {
  std::string_view id;
  CheckSeverity severity;
  Phases phases;
  Audience audience;
  std::string_view object;
  std::string_view title;
  std::string_view why;
  std::string_view fix;
};

constexpr Phases kBegin = Phases::from(Phase::S0, Phase::S2);
constexpr Phases kUntilEnd = Phases::from(Phase::S0, Phase::S7);
constexpr Phases kSoak = Phases::from(Phase::S6, Phase::S7);
using enum Audience;

constexpr std::array kQuestions{
    Question{"A05", kE, kUntilEnd, Everybody, "cluster",
             "no upgrade of the software is combined with the migration",
             "Two changes at once cannot be told apart when one of them fails, and there is no way "
             "back that undoes both.",
             "Finish the upgrade, let it soak, and only then begin."},
    Question{"A06", kE, kUntilEnd, Everybody, "cluster",
             "nobody changes metadata.version or inter.broker.protocol.version until the end",
             "Controllers refuse the one while a migration runs, and a broker whose protocol "
             "version differs is refused its registration.",
             "Take kafka-features and the rollout of inter.broker.protocol.version out of every "
             "pipeline for the time."},
    Question{"A14", kE, kBegin, OfOperators, "operator",
             "the operator's version still migrates (Strimzi 0.40 to 0.45; CFK 3.2.2 or newer in "
             "the range of its documents)",
             "Strimzi 0.46 and later know no ZooKeeper at all: upgraded too early, the operator "
             "leaves the cluster unmanaged.",
             "kubectl get deployment -A -o wide | grep -i -e strimzi -e confluent-operator"},
    Question{"B16", kW, kBegin, Everybody, "host",
             "JMX, Jolokia and exporters of ZooKeeper, brokers and controllers on one host have "
             "ports of their own",
             "The second process to start does not start, or is not measured.",
             "Give the controllers' JMX_PORT and agents ports of their own:\n  ss -ltnp"},
    Question{
        "B17", kE, kBegin, Everybody, "network",
        "every broker reaches every controller, and every controller reaches each broker's "
        "inter-broker listener, in both directions and with TLS",
        "Brokers that cannot register are waited for without end; brokers that cannot be "
        "dialled keep stale metadata.",
        "From each node to each other:\n  openssl s_client -connect HOST:PORT </dev/null  # or "
        "nc -vz HOST PORT"},
    Question{"B19", kW, kBegin, Everybody, "host",
             "controllers have about 5 GB of memory and disk, beside ZooKeeper where they share "
             "hosts",
             "A controller that swaps or stalls loses its leadership, and with it the copy.",
             "Size the hosts first: free -g; df -h <metadata.log.dir>"},
    Question{"B20", kE, kBegin, OfStrimzi, "node pool",
             "the brokers' node pool is named 'kafka' and its pods' names stay below 64 letters",
             "A pool of another name makes new, empty volumes: the brokers start without data.",
             "kubectl get kafkanodepools -o wide"},
    Question{"B21", kW, kBegin, OfOperators, "cluster",
             "nobody else writes to the cluster's objects, and time limits of Helm and Argo are "
             "longer than the plan",
             "A deployment that times out or is reverted leaves half of a phase.",
             "Suspend automatic syncs and raise the time limits for the time."},
    Question{"B22", kE, kBegin, OfCfk, "cluster",
             "there are no KRaftController objects of an earlier attempt",
             "The operator adopts them, with their storage.", "kubectl get kraftcontrollers -A"},
    Question{"B24", kE, kUntilEnd, OfConfluent, "region",
             "of several regions only one is rolled at a time, in the order of the documents",
             "Replicas of one partition go down together, and its producers with them.",
             "Write the order of regions into the plan, and wait for full replication between "
             "two."},
    Question{"C19", kI, kBegin, Everybody, "controller",
             "controllers log org.apache.kafka.metadata.migration at TRACE",
             "Without it nobody sees afterwards what the migration waited for.",
             "In the controllers' log4j.properties:\n  "
             "log4j.logger.org.apache.kafka.metadata.migration=TRACE"},
    Question{
        "C22", kE, kBegin, Everybody, "controller",
        "the controllers' metrics are collected, with the authentication that is configured",
        "The gates of a migration are metrics of the active controller.",
        "Ask each controller for kafka.controller:type=KafkaController,name=ZkMigrationState."},
    Question{"D25", kE, kBegin, Everybody, "ensemble",
             "a snapshot of ZooKeeper was taken, with a checksum, and restoring it was tried",
             "It is the last way back when both stores are wrong.",
             "Copy version-2 of one server after its newest snapshot, and start a scratch server "
             "from the copy."},
    Question{"E06", kE, Phases::from(Phase::S0, Phase::S6), Everybody, "ensemble",
             "every ZooKeeper server is up, sessions do not expire, and p99 latency is below 100 "
             "ms",
             "A slow ensemble wedges the claim and dual write.",
             "echo mntr | nc ZK 2181; look at fsync times and collections of garbage."},
    Question{"E08", kW, kBegin, Everybody, "host",
             "disks, file descriptors and heaps of brokers and controllers have head-room",
             "A roll makes followers catch up, which needs all three.",
             "df -h; lsof | wc -l; look at heaps after collections."},
    Question{"E09", kI, kBegin, Everybody, "broker",
             "the time that a broker's restart and its catching up take was measured",
             "Rolls of all brokers are most of a migration's time.",
             "Restart one broker, and note when its replicas are in sync again."},
    Question{"E10", kW, kBegin, Everybody, "broker",
             "every replica's folder has a partition.metadata",
             "A broker in KRaft mode takes a folder without one for a stray, or does not start "
             "(KAFKA-16814).",
             "for d in <log.dirs>/*-[0-9]*; do [ -f $d/partition.metadata ] || echo $d; done"},
    Question{"E11", kE, kBegin, OfConfluent, "service",
             "metadata service, REST proxies and Schema Registry are healthy",
             "With a metadata service that is down nobody is authorized after a restart.",
             "curl the services' health end points."},
    Question{"E12", kW, kBegin, Everybody, "host", "clocks of all hosts agree within a second",
             "Logs of several nodes cannot be put in order, and tokens expire early.",
             "chronyc tracking, on each host."},
    Question{"E13", kE, kBegin, OfMsk, "cluster",
             "the cluster is ACTIVE and no other operation is pending",
             "The service refuses to begin.", "aws kafka describe-cluster-v2 --cluster-arn ARN"},
    Question{"F01", kW, kUntilEnd, Everybody, "job",
             "no job and no script uses --zookeeper, --authorizer or ZooKeeper's own tools",
             "They fail, or change a store that nobody reads any more.",
             "grep -rn -e --zookeeper -e zookeeper-shell -e zkCli in pipelines and cron jobs."},
    Question{"F02", kW, kUntilEnd, Everybody, "tool",
             "Cruise Control, where it is used, is 2.5.89 or newer and reads no configs from "
             "ZooKeeper",
             "It stops with ZooKeeper, or moves partitions by stale configs.",
             "Look for zookeeper.connect and topic.config.provider.class in its configuration."},
    Question{
        "F04", kW, kUntilEnd, Everybody, "dashboard",
        "dashboards and alerts do not rest on metrics that vanish or change in KRaft mode",
        "They go silent, which looks like health.",
        "Look for kafka.controller, SessionExpireListener and ZooKeeper metrics in the rules."},
    Question{"F05", kW, kUntilEnd, Everybody, "alert",
             "no alert takes ZkMigrationState for a number that grows (its order is 4, 2, 1, 3)",
             "It fires in the middle of a healthy migration, or never.",
             "Compare with the one value that the phase should have."},
    Question{"F07", kW, kBegin, Everybody, "tenant",
             "tenants know that nothing can be created or changed while the controllers wait and "
             "copy",
             "Requests fail or time out from the claim to the end of the copy.",
             "Announce the window."},
    Question{"F09", kI, kUntilEnd, Everybody, "client",
             "versions of clients are known, for the later step to 4.x",
             "4.0 drops requests of clients older than 2.1.",
             "Look at kafka.network:type=RequestMetrics,…,version=* on the brokers."},
    Question{"G02",
             kE,
             {Phase::R1},
             Everybody,
             "ensemble",
             "ZooKeeper's servers are up, and every broker reaches them",
             "Brokers that go back to ZooKeeper mode start from what it says.",
             "echo ruok | nc ZK 2181, from each broker."},
    Question{"G06", kE, Phases::from(Phase::S1, Phase::S6), Everybody, "node",
             "every node's configuration is backed up, and the original "
             "inter.broker.protocol.version is written down",
             "The way back is to these files.", "Copy them before each roll."},
    Question{"G08",
             kE,
             {Phase::R1},
             Everybody,
             "cluster",
             "the order is kept: all controllers stopped, then /controller and /migration deleted, "
             "then a broker rolled at once",
             "A controller that lives claims again and writes its image over ZooKeeper; until a "
             "broker leads nobody elects leaders.",
             "zookeeper-shell $ZK delete /controller\nzookeeper-shell $ZK delete /migration"},
    Question{"H06", kW, kSoak, Everybody, "cluster",
             "the cluster has soaked as long as was decided (14 days by default) with "
             "MetadataErrorCount 0 and no storm of elections",
             "After finalisation there is no way back.", "Wait."},
    Question{"H07", kW, kSoak, Everybody, "cluster",
             "a failover of the active controller was tried in dual write",
             "What a failover finds, it is better to find while there is a way back.",
             "Restart the active controller; wait until /migration moves and zk2kraft diff is "
             "clean."},
    Question{"H10", kW, kSoak, Everybody, "cluster",
             "evidence for a way back is archived, with a backup of ZooKeeper after its last write",
             "It is all that is left of the old world.",
             "Archive ZooKeeper's version-2, the nodes' files and this report."},
    Question{"H11", kW, kSoak, Everybody, "cluster", "somebody has signed the finalisation off",
             "It is the one step that cannot be undone.", "Record who and when."},
};

bool is_for(Audience audience, Profile profile) {
  switch (audience) {
    case Everybody:
      return true;
    case OfConfluent:
      return is_confluent(profile);
    case OfCfk:
      return profile == Profile::Cfk;
    case OfOperators:
      return is_operated(profile);
    case OfStrimzi:
      return profile == Profile::Strimzi;
    case OfMsk:
      return profile == Profile::Msk;
  }
  sim::unreachable("a question is for one of these");
}

void ask_it(const ClusterFacts& facts, Verdicts& verdicts) {
  const auto question = std::ranges::find(kQuestions, verdicts.check().id, &Question::id);
  if (is_for(question->audience, facts.profile))
    verdicts.ask(fmt::format("Is it certain that {}?", question->title));
}

std::vector<Check> made_of_questions() {
  std::vector<Check> checks;
  for (const Question& question : kQuestions) {
    checks.push_back({.id = question.id,
                      .severity = question.severity,
                      .phases = question.phases,
                      .needs = kNothing,
                      .object = question.object,
                      .title = question.title,
                      .why = question.why,
                      .fix = question.fix,
                      .reference = "product list",
                      .judge = &ask_it});
  }
  return checks;
}

}  // namespace

std::span<const Check> question_checks() {
  static const std::vector<Check> checks = made_of_questions();
  return checks;
}

}  // namespace migrate
