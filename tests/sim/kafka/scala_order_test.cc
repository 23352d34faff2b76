#include "sim/kafka/scala_order.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sim {
namespace {

std::string numbers(const auto& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ' ';
    text += name.substr(name.find('-') + 1);
  }
  return text;
}

std::vector<std::string> names_of(const ScalaHashMap<int>& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

ScalaHashMap<int> members(int count) {
  ScalaHashMap<int> map;
  for (int i = 0; i < count; ++i) map.put("member-" + std::to_string(i * 7919), i);
  return map;
}

// What scala-library 2.13.15, which Kafka 3.9.1 brings along, prints of the same names.
TEST(ScalaOrder, AMutableHashMapIsWalkedAsScalaWalksIt) {
  EXPECT_EQ(numbers(names_of(members(3))), "0 15838 7919");
  EXPECT_EQ(numbers(names_of(members(11))),
            "23757 47514 55433 71271 31676 0 63352 79190 15838 39595 7919");
  EXPECT_EQ(numbers(names_of(members(14))),
            "55433 87109 71271 31676 102947 63352 79190 15838 23757 47514 0 39595 95028 7919");
  EXPECT_EQ(numbers(names_of(members(40))),
            "55433 87109 261327 229651 174218 102947 150461 308841 63352 197975 15838 253408 23757 "
            "293003 158380 245489 134623 142542 221732 237570 39595 95028 166299 213813 205894 "
            "300922 71271 31676 118785 126704 285084 79190 190056 47514 269246 0 182137 110866 "
            "277165 7919");
}

TEST(ScalaOrder, AMutableHashMapThatWasLargerKeepsItsTable) {
  ScalaHashMap<int> map = members(30);
  for (int i = 0; i < 30; ++i) {
    if (i % 5 == 0) continue;
    EXPECT_TRUE(map.remove("member-" + std::to_string(i * 7919)));
  }
  EXPECT_EQ(numbers(names_of(map)), "197975 158380 39595 118785 79190 0");
  EXPECT_FALSE(map.remove("member-7919"));
  EXPECT_EQ(*map.find("member-39595"), 5);
}

TEST(ScalaOrder, AnImmutableHashMapIsWalkedAsScalaWalksIt) {
  const auto assignors = [](int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back("assignor-" + std::to_string(i * 31));
    return numbers(immutable_hash_map_order(std::move(names)));
  };
  EXPECT_EQ(assignors(2), "0 31");
  EXPECT_EQ(assignors(4), "93 0 62 31");
  EXPECT_EQ(assignors(9), "93 124 186 0 217 248 31 155 62");
  EXPECT_EQ(assignors(40),
            "93 124 403 961 217 620 1147 744 930 1023 1116 186 465 775 527 837 0 868 310 372 992 "
            "651 558 155 589 62 248 899 1054 434 31 496 341 1178 1209 806 279 1085 682 713");
}

}  // namespace
}  // namespace sim
