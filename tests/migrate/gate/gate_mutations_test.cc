#include <gtest/gtest.h>

#include <exception>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/gate/gate.h"
#include "migrate/gate/rules.h"
#include "tests/migrate/check/fixtures.h"
#include "tests/migrate/check/other_fixtures.h"
#include "tests/migrate/check/rule_fixtures.h"

// Gates by mutation: a sound cluster whose gate is open, one thing wrong with it that a rule of the
// gate is about, and the gate is open no more, for that rule's sake. And without what a rule needs
// to know, it is not open either.
namespace {

using enum migrate::Question;
using migrate::Effect;
using migrate::GateAnswer;
using migrate::Outcome;
using migrate::Phase;
using migrate::Question;
using tests::World;

constexpr Question kQuestions[]{Rollback, Finalize, Retry, Next};

// In R2 and S0 another attempt waits for the controllers' folders, and there they are.
World sound(Question question, Phase phase) {
  World world(phase);
  if (question == Retry && (phase == Phase::S0 || phase == Phase::R2)) world.add_controllers();
  return world;
}

std::vector<Phase> open_phases(Question question) {
  std::vector<Phase> phases;
  for (int i = 0; i < migrate::kPhaseCount; ++i) {
    const auto phase = static_cast<Phase>(i);
    const auto gate = migrate::ask(question, sound(question, phase).facts());
    if (gate.answer == GateAnswer::Open) phases.push_back(phase);
  }
  return phases;
}

std::set<std::string> closing_rules(Question question, Phase phase) {
  std::set<std::string> ids;
  for (const auto& each : migrate::ask(question, sound(question, phase).facts()).judged)
    if (each.effect == Effect::Closes) ids.insert(std::string(each.result.check->id));
  return ids;
}

std::set<std::string> closed_by(const migrate::Gate& gate) {
  std::set<std::string> ids;
  for (const auto& each : gate.judged) {
    if (each.effect == Effect::Closes && each.result.outcome == Outcome::Finding)
      ids.insert(std::string(each.result.check->id));
  }
  return ids;
}

// ── What is done to a cluster ───────────────────────────────────────────────────────────────────

struct Mutation {
  std::string_view rule;
  void (*breaks)(World&);
  void (*then)(migrate::ClusterFacts&) = nullptr;  // what no file of the world says
};

sim::RegisterBrokerRecord mutant_registration(int id, bool migrating, bool fenced) {
  return {.broker_id = sim::BrokerId(id),
          .is_migrating_zk_broker = migrating,
          .broker_epoch = sim::BrokerEpoch(9),
          .fenced = fenced};
}

// Of the gates' own rules; those of the registry have fixtures.
constexpr Mutation kOwnMutations[]{
    {"KAFKA-20488",
     [](World& w) {
       w.znode("/brokers/topics/orders/partitions/0/state", World::partition_state(1, "1,2", 11));
     }},
    {"W08",
     [](World& w) {
       w.edit_log([](auto& log) {
         sim::MetadataDelta delta(log.image);
         const auto* topic = log.image.topics().find("orders");
         if (topic == nullptr) return;  // before the copy
         (void)delta.replay(sim::PartitionChangeRecord{.partition_id = sim::PartitionId(0),
                                                       .topic_id = topic->id(),
                                                       .leader = sim::BrokerId(2)});
         log.image = delta.apply({sim::Offset(510), sim::RaftEpoch(5), 100'000});
         log.end = {sim::RaftEpoch(5), sim::Offset(511)};
       });
     }},
    {"W09",
     [](World& w) { w.edit("broker-1", [](auto& n) { n.log_directories[0].version = 1; }); }},
    {"W11", [](World& w) { w.record(mutant_registration(2, false, false)); }},
    {"KAFKA-20960", [](World& w) { w.record(mutant_registration(1, false, true)); }},
    {"W10", [](World& w) { w.without("/migration"); }},
    {"N19",
     [](World& w) {
       for (const char* group : {"$Default", "$audit"})
         w.znode(std::string("/kafka-acl/Group/") + group, tests::acl_znode("User:a"));
     }},
    {"D16",
     [](World& w) {
       w.znode("/config/brokers/1",
               R"({"version":1,"config":{"ssl.keystore.password":"keyFactoryAlgorithm:)"
               R"(PBKDF2WithHmacSHA512,passwordLength:3,iterations:4096,keyLength:128,)"
               R"(cipherAlgorithm:AES/CBC/PKCS5Padding,salt:YQ==,initializationVector:YQ==,)"
               R"(encryptedPassword:YQ=="}})");
     },
     [](migrate::ClusterFacts& facts) {
       if (facts.zookeeper) facts.zookeeper->secret_known = true;  // and it is another one
     }},
};

// The gate of a sound cluster that something was done to; nothing where that does not fit into the
// phase.
template <class Breaks>
void add_gate(std::vector<migrate::Gate>& gates, Question question, Phase phase, Breaks&& breaks,
              void (*then)(migrate::ClusterFacts&) = nullptr) {
  try {
    World world = sound(question, phase);
    breaks(world);
    auto facts = world.facts();
    if (then != nullptr) then(facts);
    gates.push_back(migrate::ask(question, facts));
  } catch (const std::exception&) {
  }
}

// Each with one thing wrong that the rule is about, on a cluster in this phase.
std::vector<migrate::Gate> mutants(Question question, Phase phase, std::string_view rule) {
  std::vector<migrate::Gate> gates;
  for (const Mutation& each : kOwnMutations)
    if (each.rule == rule) add_gate(gates, question, phase, each.breaks, each.then);
  for (const auto* fixtures : {&tests::fixtures(), &tests::other_fixtures()}) {
    for (const tests::Fixture& each : *fixtures) {
      if (each.check == rule && each.breaks != nullptr)
        add_gate(gates, question, phase, each.breaks);
    }
  }
  for (const tests::RuleFixture& each : tests::rule_fixtures()) {
    if (each.check != rule) continue;
    add_gate(gates, question, phase, [&](World& world) {
      const std::string node(each.node);
      for (const auto& [key, value] : each.settings)
        value == "-" ? world.unset(node, key) : world.set(node, key, value);
    });
  }
  // What people are asked, whoever runs the nodes, and they say no.
  for (int profile = 0; profile < migrate::kProfileCount; ++profile) {
    add_gate(gates, question, phase, [&](World& world) {
      world.profile(static_cast<migrate::Profile>(profile)).answer(std::string(rule), false);
    });
  }
  return gates;
}

// ── The tests ───────────────────────────────────────────────────────────────────────────────────

struct ClosingRules {
  Question question;
  std::string_view ids;  // in some phase in which the gate can be open
};
// A rule that leaves a gate must leave this list, and somebody must say why.
constexpr ClosingRules kClosing[]{
    {Rollback,
     "D02 E02 G01 G02 G05 G06 G07 G08 G11 G12 G13 H08 KAFKA-20488 N02 N07 N16 N17 W01 "
     "W02 W03 W08 W09 W11"},
    {Finalize, "C07 E02 G13 H01 H02 H05 H09 KAFKA-20960 N05 N07 N08 W02 W03"},
    {Retry,
     "A03 B01 B02 B06 B08 B09 B13 D01 D02 D03 D04 D05 D07 D11 D16 D20 D25 MB-02 N01 N06 "
     "N15 W01"},
    {Next,
     "A02 A03 A04 A05 A06 A11 A13 A14 B01 B02 B06 B08 B09 B10 B11 B13 B15 B17 B20 B22 "
     "B23 B24 C04 C07 C08 C10 C11 C13 C21 C22 D01 D02 D03 D04 D05 D07 D11 D16 D20 D25 "
     "E02 E05 E06 E07 E11 E13 G01 G02 G04 G05 G06 G07 G08 G11 G12 G13 H01 H02 H05 H08 "
     "H09 K01 K02 K03 K04 K05 K06 K07 K08 K09 K10 K11 K12 K13 K14 K15 K16 K17 K18 K19 "
     "K20 K21 K22 K23 K24 K25 K26 K27 K28 K29 K30 K31 K32 K33 K34 K35 K36 K37 K38 K39 "
     "K40 K41 K42 K43 K44 KAFKA-20488 KAFKA-20960 N02 N03 N05 N06 N07 N08 N10 N11 N15 "
     "N16 N17 N19 W01 W02 W03 W08 W09 W10"},
};

TEST(GateMutations, TheRulesThatCloseAGateAreThese) {
  for (const ClosingRules& expected : kClosing) {
    std::set<std::string> ids;
    for (const Phase phase : open_phases(expected.question))
      ids.merge(closing_rules(expected.question, phase));
    std::string text;
    for (const std::string& id : ids) text += (text.empty() ? "" : " ") + id;
    EXPECT_EQ(text, expected.ids) << migrate::name_of(expected.question);
  }
}

// Their findings are phases or missing stores, which is the next test's.
const std::set<std::string> kAboutWhatIsThere{"W01", "W02", "W03", "MB-02"};

TEST(GateMutations, EachRuleClosesItsGate) {
  std::size_t alone = 0;
  std::size_t flipped = 0;
  for (const Question question : kQuestions) {
    std::map<std::string, bool> closes;
    for (const Phase phase : open_phases(question)) {
      for (const std::string& rule : closing_rules(question, phase)) {
        bool& seen = closes[rule];
        for (const migrate::Gate& gate : mutants(question, phase, rule)) {
          const auto by = closed_by(gate);
          if (!by.contains(rule)) continue;
          EXPECT_EQ(gate.answer, GateAnswer::Closed) << rule;
          if (!seen) ++flipped;
          if (!seen && by.size() == 1) ++alone;
          seen = true;
        }
      }
    }
    for (const auto& [rule, seen] : closes) {
      if (!kAboutWhatIsThere.contains(rule)) {
        EXPECT_TRUE(seen) << "nothing flips " << rule << " of gate " << migrate::name_of(question);
      }
    }
  }
  RecordProperty("flipped", static_cast<int>(flipped));
  RecordProperty("alone", static_cast<int>(alone));
}

TEST(GateMutations, WithoutWhatAClosingRuleNeedsItIsNotOpen) {
  struct Missing {
    migrate::Needs need;
    void (*take)(migrate::ClusterFacts&);
  };
  constexpr Missing kMissing[]{
      {migrate::kZooKeeper, [](auto& facts) { facts.zookeeper.reset(); }},
      {migrate::kMetadata, [](auto& facts) { facts.metadata.clear(); }},
      {migrate::kBrokers,
       [](auto& facts) {
         std::erase_if(facts.nodes, [](const auto& n) { return n.is_broker(); });
       }},
      {migrate::kControllers,
       [](auto& facts) {
         std::erase_if(facts.nodes, [](const auto& n) { return n.is_controller(); });
       }},
      {migrate::kDirectories,
       [](auto& facts) {
         for (auto& node : facts.nodes) node.log_directories.clear();
       }},
      {migrate::kSoftware,
       [](auto& facts) {
         for (auto& node : facts.nodes) node.software.reset();
       }},
  };
  for (const Question question : kQuestions) {
    for (const Phase phase : open_phases(question)) {
      for (const Missing& missing : kMissing) {
        auto facts = sound(question, phase).facts();
        bool needed = false;
        for (const auto& each : migrate::ask(question, facts).judged)
          needed |= each.effect == Effect::Closes && (each.result.check->needs & missing.need) != 0;
        // Before there are controllers, and when they are gone, there is none to miss.
        if (missing.need == migrate::kControllers && (phase == Phase::S0 || phase == Phase::R2))
          continue;
        if (!needed) continue;
        missing.take(facts);
        EXPECT_NE(migrate::ask(question, facts).answer, GateAnswer::Open)
            << migrate::name_of(question) << " in " << migrate::name_of(phase) << " without "
            << static_cast<int>(missing.need);
      }
    }
  }
}

}  // namespace
