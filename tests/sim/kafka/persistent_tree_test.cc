#include "sim/kafka/persistent_tree.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "sim/base/digest.h"

namespace sim {
namespace {

struct Pair : Counted {
  Pair(int k, std::string v) : key(k), value(std::move(v)) {}
  int key;
  std::string value;
  std::uint64_t digest() const {
    Digest digest;
    digest.add(static_cast<std::uint64_t>(key));
    digest.add(value);
    return digest.value();
  }
};
using Tree = PersistentTree<Pair, &Pair::key>;
using Model = std::map<int, std::string>;

Model content(const Tree& tree) {
  Model model;
  for (const Pair& pair : tree) model.emplace_hint(model.end(), pair.key, pair.value);
  return model;
}

struct Difference {
  int key;
  std::string left;
  std::string right;
  auto operator<=>(const Difference&) const = default;
};

std::vector<Difference> naive_differences(const Model& left, const Model& right) {
  std::map<int, Difference> all;
  for (const auto& [key, value] : left) all[key] = {key, value, ""};
  for (const auto& [key, value] : right) {
    all[key].key = key;
    all[key].right = value;
  }
  std::vector<Difference> different;
  for (const auto& [key, difference] : all) {
    if (difference.left != difference.right) different.push_back(difference);
  }
  return different;
}

std::vector<Difference> differences(const Tree& left, const Tree& right) {
  std::vector<Difference> different;
  Tree::for_each_difference(left, right, [&](const Pair* a, const Pair* b) {
    const Difference difference{a != nullptr ? a->key : b->key, a != nullptr ? a->value : "",
                                b != nullptr ? b->value : ""};
    if (difference.left != difference.right) different.push_back(difference);
  });
  return different;
}

// Applies the same random changes to a tree and to a std::map.
void change_both(Tree& tree, Model& model, int most_changes) {
  const int changes = *rc::gen::inRange(0, most_changes);
  for (int i = 0; i < changes; ++i) {
    const int key = *rc::gen::inRange(0, 200);
    if (*rc::gen::inRange(0, 3) == 0) {
      RC_ASSERT(tree.erase(key) == (model.erase(key) == 1));
    } else if (model.contains(key) && *rc::gen::arbitrary<bool>()) {
      tree.update(key, [](Pair& pair) { pair.value += "+"; });
      model[key] += "+";
    } else {
      const std::string value(1, static_cast<char>('a' + *rc::gen::inRange(0, 26)));
      tree.emplace(key, value);
      model[key] = value;
    }
  }
  tree.check_invariants();
}

RC_GTEST_PROP(PersistentTree, HoldsWhatASortedMapHolds, ()) {
  Tree tree;
  Model model;
  change_both(tree, model, 300);
  RC_ASSERT(content(tree) == model);
  RC_ASSERT(tree.size() == model.size());
  const int key = *rc::gen::inRange(-1, 201);
  RC_ASSERT(tree.contains(key) == model.contains(key));
  const auto first = tree.lower_bound(key);
  const auto expected = model.lower_bound(key);
  RC_ASSERT((first == tree.end()) == (expected == model.end()));
  if (expected != model.end()) RC_ASSERT(first->key == expected->first);
}

RC_GTEST_PROP(PersistentTree, ACopyNeverSeesLaterChanges, ()) {
  Tree tree;
  Model model;
  change_both(tree, model, 200);
  const Tree before = tree;
  const Model model_before = model;
  const std::uint64_t digest_before = before.digest();
  change_both(tree, model, 50);
  RC_ASSERT(content(before) == model_before);
  RC_ASSERT(before.digest() == digest_before);
  RC_ASSERT(content(tree) == model);
}

RC_GTEST_PROP(PersistentTree, DifferencesAreThoseOfTheNaiveComparison, ()) {
  Tree left;
  Model left_model;
  change_both(left, left_model, 200);
  // Of the same lineage, or built apart.
  Tree right = *rc::gen::arbitrary<bool>() ? left : Tree();
  Model right_model = right.empty() ? Model() : left_model;
  change_both(right, right_model, 30);
  RC_ASSERT(differences(left, right) == naive_differences(left_model, right_model));
}

RC_GTEST_PROP(PersistentTree, DigestDependsOnContentAlone, ()) {
  Tree tree;
  Model model;
  change_both(tree, model, 200);
  (void)tree.digest();  // known sums must not survive changes
  change_both(tree, model, 50);
  Tree ascending;
  for (const auto& [key, value] : model) ascending.emplace(key, value);
  RC_ASSERT(ascending.digest() == tree.digest());
  if (!model.empty()) {
    ascending.update(model.begin()->first, [](Pair& pair) { pair.value += "!"; });
    RC_ASSERT(ascending.digest() != tree.digest());
  }
}

TEST(PersistentTree, ComparisonLooksOnlyAtWhatChanged) {
  Tree tree;
  for (int key = 0; key < 100'000; ++key) tree.emplace(key, "x");
  Tree changed = tree;
  changed.emplace(50'000, "y");
  changed.erase(7);
  changed.emplace(100'000, "new");
  int calls = 0;
  std::vector<int> keys;
  Tree::for_each_difference(tree, changed, [&](const Pair* a, const Pair* b) {
    ++calls;
    keys.push_back(a != nullptr ? a->key : b->key);
  });
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(keys, (std::vector{7, 50'000, 100'000}));
}

TEST(PersistentTree, AnEntryThatAChangePassedByStaysTheSameObject) {
  Tree tree;
  for (int key = 0; key < 100; ++key) tree.emplace(key, "x");
  const Tree before = tree;
  tree.emplace(3, "y");
  for (int key = 0; key < 100; ++key) {
    EXPECT_EQ(tree.find(key) == before.find(key), key != 3) << key;
  }
}

}  // namespace
}  // namespace sim
