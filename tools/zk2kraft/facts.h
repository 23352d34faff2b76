#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/source/source.h"

// What a source says, as a list of facts that is printed for people and for programs alike, so that
// neither learns anything that the other does not.
namespace tools {

struct Fact {
  std::string key;    // of the JSON object, "controllerEpoch"
  std::string label;  // for people, "controller epoch"
  nlohmann::ordered_json value;
  std::string text;  // for people; several lines are set below each other
};

class Facts {
 public:
  void add(std::string key, std::string label, nlohmann::ordered_json value, std::string text) {
    facts_.push_back({std::move(key), std::move(label), std::move(value), std::move(text)});
  }
  // Whose text is the value itself.
  void add(std::string key, std::string label, std::string value) {
    add(std::move(key), std::move(label), nlohmann::ordered_json(value), value);
  }
  nlohmann::ordered_json to_json() const;
  // Aligned in two columns, two spaces in.
  std::string to_text() const;

 private:
  std::vector<Fact> facts_;
};

// Where the migration stands by what this one store says, in the phases of the plan (S0–S8, R2).
std::string phase_of(const zk::ClusterView& view);
std::string phase_of(const kraft::LoadedMetadata& metadata);

// The metadata of a source with all that was noted in reading it; for a ZooKeeper tree, what a copy
// would make of it.
struct SourceImage {
  sim::MetadataImage image;
  zk::ReadReport report;  // empty for a metadata log
};
SourceImage image_of(const OpenSource& source);

// All that `inspect` says of a source.
Facts facts_of(const OpenSource& source, const SourceImage& image);

}  // namespace tools
