#pragma once

#include <string>
#include <vector>

#include "migrate/check/facts.h"
#include "tools/source/source.h"

// A fleet: copies of a real cluster's files, a folder for each node. What is there is read, what is
// not there is missing and said to be so by who needs it.
//
//   fleet/
//     broker-1/server.properties     or broker-1.properties
//     broker-1/meta.properties       or broker-1.meta.properties, or broker-1/DIR/meta.properties
//     broker-1/version               one line: 3.9.1
//     controller-3000/…              the same, with __cluster_metadata-0 in it or one level below
//     zk-1/version-2                 a ZooKeeper data directory, under whatever name
//     host-7/manifest.jsonl          what tools/collect made on a machine (collection.h), with the
//     host-7/broker-7/…              nodes that it found there; its checksums are verified
namespace tools {

struct Fleet {
  migrate::ClusterFacts facts;         // the phase is the one guessed
  std::vector<std::string> described;  // what was read, for people
  // What makes reading doubtful, one sentence each: unknown, though not a finding.
  std::vector<std::string> doubts;
  // Files that cannot be read; the rest was.
  std::vector<sim::Problem> problems;
};

// Opens all arguments as parts of one cluster: fleets, folders of nodes, .properties files, and
// every other SOURCE. Usage or Malformed if one is none of these.
sim::Expected<Fleet> open_fleet(const std::vector<std::string>& arguments,
                                const SourceOptions& options);

}  // namespace tools
