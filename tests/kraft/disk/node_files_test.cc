#include "kraft/disk/node_files.h"

#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace kraft {
namespace {

std::string text_of(const std::filesystem::path& file) {
  return read_small_file(file).value();
}

TEST(NodeFiles, EveryGoldenQuorumStateComesOutAgainByteForByte) {
  const auto files = tests::golden_files("/quorum-state");
  EXPECT_GT(files.size(), 20U);
  for (const auto& file : files) {
    const auto state = parse_quorum_state(text_of(file), file.string());
    ASSERT_TRUE(state) << describe(state.error());
    EXPECT_EQ(to_text(*state), text_of(file));
    EXPECT_GE(state->leader_epoch.value(), 1);
  }
}

TEST(NodeFiles, QuorumStateOfVersionOneHasAVotedDirectory) {
  const std::string text =
      R"({"leaderId":-1,"leaderEpoch":2,"votedId":1,"votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1})";
  const auto state = parse_quorum_state(text, "quorum-state");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->voted_directory_id.describe(), "J8aAPcfLQt2bqs1JT_rMgQ");
  EXPECT_EQ(to_text(*state), text);
}

TEST(NodeFiles, EveryGoldenEpochFileAndPartitionFileComesOutAgainByteForByte) {
  for (const auto& file : tests::golden_files("/leader-epoch-checkpoint")) {
    EXPECT_EQ(to_text(parse_leader_epochs(text_of(file), file.string()).value()), text_of(file));
  }
  for (const auto& file : tests::golden_files("/partition.metadata")) {
    const auto id = parse_partition_metadata(text_of(file), file.string()).value();
    EXPECT_EQ(id, sim::kMetadataTopicId);
    EXPECT_EQ(partition_metadata_text(id), text_of(file));
  }
}

TEST(NodeFiles, EveryGoldenMetaPropertiesIsReadAndWritten) {
  int version_zero = 0;
  for (const auto& file : tests::golden_files("meta.properties")) {
    const auto properties = parse_meta_properties(text_of(file), file.string());
    ASSERT_TRUE(properties) << describe(properties.error());
    EXPECT_TRUE(properties->node_id && properties->cluster_id) << file;
    if (properties->version == 0) ++version_zero;
    EXPECT_EQ(parse_meta_properties(to_text(*properties), "again").value(), *properties);
  }
  EXPECT_GT(version_zero, 0);
}

TEST(NodeFiles, ProblemsNameTheLine) {
  EXPECT_EQ(parse_leader_epochs("0\n1\n1 x\n", "f").error().place.line, 3U);
  EXPECT_EQ(parse_leader_epochs("0\n2\n1 0\n", "f").error().place.line, 2U);
  EXPECT_FALSE(parse_quorum_state("", "f"));
  EXPECT_FALSE(parse_quorum_state("{\"leaderId\":\"x\",\"data_version\":0}", "f"));
  EXPECT_FALSE(parse_quorum_state("{\"currentVoters\":[3],\"data_version\":0}", "f"));
  EXPECT_FALSE(parse_meta_properties("version=1\n", "f"));
  EXPECT_FALSE(parse_meta_properties("version=2\nnode.id=1\ncluster.id=x\n", "f"));
  EXPECT_FALSE(parse_partition_metadata("version: 0\ntopic_id: short", "f"));
}

}  // namespace
}  // namespace kraft
