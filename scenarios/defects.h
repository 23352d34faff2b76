#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kraft/behaviour.h"
#include "migrate/driver.h"
#include "migrate/propagator.h"
#include "migrate/releases.h"
#include "sim/base/problem.h"
#include "sim/kafka/application/client_behaviour.h"
#include "sim/kafka/broker_behaviour.h"
#include "zk/behaviour.h"
#include "zk/controller.h"
#include "zk/migration_writer.h"

// Every switch of every machine under one name each: "zk-watch-lost", "kraft.vote_not_persisted",
// "broker.truncate_to_high_watermark", "MB-22". What the tables of the machines list is what there is.
namespace scenarios {

struct Defects {
  zk::ServerBehaviour zookeeper;
  zk::ControllerBehaviour zookeeper_controller;
  kraft::Behaviour kraft;
  sim::BrokerBehaviour broker;
  sim::ClientBehaviour client;
  zk::MirrorDefects mirror;
  zk::ReadDefects read;
  migrate::PropagatorDefects propagator;
  migrate::DriverDefects driver;

  // Those that Kafka 3.9.1 and ZooKeeper 3.8.4 have, and no others.
  Defects() = default;
  // Those of that release of Kafka, with ZooKeeper 3.8.4.
  static Defects of(const migrate::Release& release);
  // Turns a switch on or off. A Usage problem for a name that is none.
  sim::Expected<void> set(std::string_view name, bool on, const sim::Place& place);
  bool is_on(std::string_view name) const;
  bool operator==(const Defects&) const = default;
};

// All names, mutants and defects of real versions, sorted.
std::vector<std::string> defect_names();
// Names of defects that real versions have ("MB-22", "zookeeper-4643"), for `expect { known: … }`.
bool is_known_defect(std::string_view name);

}  // namespace scenarios
