#include "kraft/disk/dump.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace kraft {
namespace {

using Json = nlohmann::json;

std::vector<Json> dumped(const std::filesystem::path& file) {
  std::vector<Json> lines;
  const auto result =
      dump_file(file, [&](std::string_view line) { lines.push_back(Json::parse(line)); });
  EXPECT_TRUE(result) << describe(result.error());
  return lines;
}

Json scalar(const std::string& text) {
  if (text == "OptionalLong.empty") return nullptr;
  if (text == "[]") return Json::array();
  const Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_discarded() ? Json(text) : parsed;
}

// "offset: 1 CreateTime: 2 … headerKeys: []" as an object.
Json pairs(const std::string& text) {
  Json object = Json::object();
  std::istringstream words(text);
  std::string key;
  std::string value;
  while (words >> key >> value) {
    key.pop_back();  // its colon
    object[key] = scalar(value);
  }
  return object;
}

// A line of kafka-dump-log in the form that ours has.
Json expected(const std::string& line) {
  static const std::regex offset_line("Log starting offset: (\\d+)");
  static const std::regex snapshot_line("Snapshot end offset: (\\d+), epoch: (\\d+)");
  static const std::regex control(
      "(.*) (SnapshotHeader|SnapshotFooter|KRaftVersion|KRaftVoters) (\\{.*)");
  std::smatch match;
  if (std::regex_match(line, match, offset_line)) {
    return {{"kind", "file"}, {"logStartingOffset", std::stoll(match[1])}};
  }
  if (std::regex_match(line, match, snapshot_line)) {
    return {{"kind", "file"},
            {"snapshotEndOffset", std::stoll(match[1])},
            {"epoch", std::stoll(match[2])}};
  }
  if (line == "KRaft bootstrap snapshot") return {{"kind", "file"}, {"bootstrap", true}};
  if (!line.starts_with("| ")) {
    Json batch = pairs(line);
    batch["kind"] = "batch";
    return batch;
  }
  Json record;
  const std::string text = line.substr(2);
  if (const std::size_t at = text.find(" payload: "); at != std::string::npos) {
    record = pairs(text.substr(0, at));
    record["payload"] = Json::parse(text.substr(at + 10));
  } else if (std::regex_match(text, match, control)) {
    static const std::map<std::string, std::string> kTypes{{"SnapshotHeader", "SNAPSHOT_HEADER(3)"},
                                                           {"SnapshotFooter", "SNAPSHOT_FOOTER(4)"},
                                                           {"KRaftVersion", "KRAFT_VERSION(5)"},
                                                           {"KRaftVoters", "KRAFT_VOTERS(6)"}};
    record = pairs(match[1]);
    record["controlType"] = kTypes.at(match[2]);
    record["data"] = Json::parse(match[3].str());
  } else {
    record = pairs(text);
  }
  record["kind"] = "record";
  return record;
}

// What ours says beyond kafka-dump-log: the path in every file line, what a leader change holds.
Json without_extras(Json line) {
  if (line["kind"] == "file") line.erase("file");
  if (line.value("controlType", "") == "LEADER_CHANGE(2)") line.erase("data");
  return line;
}

TEST(Dump, AgreesFieldByFieldWithKafkaDumpLogOnEveryGoldenFile) {
  std::size_t compared = 0;
  for (const auto& oracle : tests::golden_files(".dump-log.txt")) {
    std::ifstream stream(oracle);
    std::string line;
    std::vector<Json> ours;
    std::size_t next = 0;
    while (std::getline(stream, line)) {
      if (line.starts_with("Dumping ")) {
        ASSERT_EQ(next, ours.size()) << oracle << ": ours has more lines before " << line;
        ours = dumped(oracle.parent_path() / line.substr(line.find("controller-")));
        next = 0;
        continue;
      }
      ASSERT_LT(next, ours.size()) << oracle << ": ours lacks " << line;
      ASSERT_EQ(without_extras(ours[next]), expected(line)) << oracle;
      ++next;
      ++compared;
    }
    EXPECT_EQ(next, ours.size()) << oracle;
  }
  EXPECT_GT(compared, 20000U);
}

TEST(Dump, ADamagedBatchIsShownAndTheRestAfterIt) {
  const auto source = tests::golden(
      "sample/p3-hybrid/controller-3000/__cluster_metadata-0/00000000000000000000.log");
  std::ifstream stream(source, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const std::size_t intact = dumped(source).size();
  bytes[91 + 21 + 100] ^= 1;  // in the second batch
  const auto copy = std::filesystem::path(ZK2KRAFT_BINARY_DIR) / "damaged-for-dump.log";
  std::ofstream(copy, std::ios::binary) << bytes << std::string(10, 'x');

  std::vector<Json> lines;
  const auto result =
      dump_file(copy, [&](std::string_view line) { lines.push_back(Json::parse(line)); });
  ASSERT_TRUE(result);
  int invalid = 0;
  for (const Json& line : lines) {
    if (line["kind"] == "batch" && !line["isvalid"].get<bool>()) ++invalid;
  }
  EXPECT_EQ(invalid, 1);
  EXPECT_GE(lines.size() + 4, intact);
  EXPECT_EQ(lines.back()["kind"], "end");
  EXPECT_EQ(lines.back()["invalidBytes"], 10);
  ASSERT_FALSE(result->problems.empty());
  EXPECT_EQ(result->problems.front().place.offset, 91U);
  std::filesystem::remove(copy);
}

}  // namespace
}  // namespace kraft
