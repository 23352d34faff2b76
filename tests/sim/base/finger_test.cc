#include "sim/base/finger.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace sim {
namespace {

// Compared keys are counted, to see that the finger saves the way through the tree.
struct CountedKey {
  int value = 0;
  static inline int comparisons = 0;
  friend bool operator<(const CountedKey& a, const CountedKey& b) {
    ++comparisons;
    return a.value < b.value;
  }
  friend bool operator==(const CountedKey& a, const CountedKey& b) { return a.value == b.value; }
};

TEST(Finger, CrossesAThousandElementsInOrderWithAFewComparisonsEach) {
  std::map<CountedKey, int> numbers;
  for (int i = 0; i < 1000; ++i) numbers.emplace_hint(numbers.end(), CountedKey{i}, -i);
  for (const int stride : {1, 3}) {
    CountedKey::comparisons = 0;
    Finger finger(numbers);
    int found = 0;
    for (int i = 0; i < 1000; i += stride, ++found) {
      ASSERT_EQ(finger.find(CountedKey{i})->second, -i);
    }
    EXPECT_LE(CountedKey::comparisons, found * (stride + 3));
  }
}

RC_GTEST_PROP(Finger, AnswersAsTheContainerWhateverTheOrder, ()) {
  const auto key = rc::gen::inRange(0, 40);
  std::map<int, int> map;
  Finger in_map(map);
  std::set<int> set;
  Finger in_set(set);
  for (int step = *rc::gen::inRange(0, 200); step > 0; --step) {
    const int k = *key;
    RC_ASSERT(in_map.lower_bound(k) == map.lower_bound(k));
    RC_ASSERT(in_set.find(k) == set.find(k));
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        map.try_emplace(in_map.lower_bound(k), k);
        set.insert(in_set.lower_bound(k), k);
        break;
      case 1:
        if (const auto at = in_map.find(k); at != map.end()) in_map.erase(at);
        if (const auto at = in_set.find(k); at != set.end()) in_set.erase(at);
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace sim
