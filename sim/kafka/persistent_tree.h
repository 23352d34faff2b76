#pragma once

#include <boost/container/small_vector.hpp>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <type_traits>
#include <utility>

#include "sim/base/check.h"
#include "sim/kafka/persistent_ref.h"

namespace sim {

// An entry of a PersistentTree: shared, and with a hash of its content. Two entries that a person would
// call equal have equal hashes.
template <class Entry>
concept TreeEntry = std::derived_from<Entry, Counted> && requires(const Entry& entry) {
  { entry.digest() } -> std::same_as<std::uint64_t>;
};

// A sorted set of entries, as a value: copying one costs a count, and changing a copy costs only the path
// to what changed, so that two trees of one lineage share the rest. `kKey` tells an entry's key; keys
// are unique.
//
// A weight-balanced binary tree (Adams; with the parameters <3,2> proved by Hirai and Yamamoto, "Balancing
// weight-balanced trees", 2011). Nodes hold a reference to their entry and not the entry itself: a copied path
// copies no strings, and an entry kept by a change is the very same entry before and after. A node that
// only this tree holds is changed in place, so a run of changes copies each path once.
//
// Debian has no library for this (immer is not packaged), and Boost has no persistent containers.
template <TreeEntry Entry, auto kKey>
class PersistentTree {
 public:
  using Key = std::remove_cvref_t<std::invoke_result_t<decltype(kKey), const Entry&>>;

 private:
  // A small key stands in the node itself, so that a search reads no entries but the one it finds.
  static constexpr bool kKeyInNode = std::is_trivially_copyable_v<Key> && sizeof(Key) <= 16;
  struct NoKey {};
  using NodeKey = std::conditional_t<kKeyInNode, Key, NoKey>;

  struct Node : Counted {
    Node(Ref<Node> left_child, Ref<Entry> value, Ref<Node> right_child)
        : left(std::move(left_child)), right(std::move(right_child)) {
      hold(std::move(value));
      count_again();
    }
    // The same node, without a look at what it holds.
    Node(const Node& other)
        : Counted(),
          size(other.size),
          node_key(other.node_key),
          left(other.left),
          right(other.right),
          entry(other.entry),
          digest(other.digest) {}
    Node& operator=(const Node&) = delete;
    ~Node() = default;
    void hold(Ref<Entry> value) {
      if constexpr (kKeyInNode) node_key = std::invoke(kKey, *value);
      entry = std::move(value);
    }
    decltype(auto) key() const {
      if constexpr (kKeyInNode) {
        return (node_key);
      } else {
        return std::invoke(kKey, *entry);
      }
    }
    // What a change in this node or below it calls for.
    void count_again() {
      size = 1 + size_of(left) + size_of(right);
      digest = kUnknownDigest;
    }
    std::uint32_t size = 1;
    [[no_unique_address]] NodeKey node_key{};
    Ref<Node> left;
    Ref<Node> right;
    Ref<Entry> entry;
    mutable std::uint64_t digest = kUnknownDigest;  // of the entries here and below, once asked for
  };

 public:
  static decltype(auto) key_of(const Entry& entry) { return std::invoke(kKey, entry); }

  std::size_t size() const { return size_of(root_); }
  bool empty() const { return !root_; }

  // The entry with this key, or null. The pointer lives as long as a tree that holds the entry.
  template <class K>
  const Entry* find(const K& key) const {
    const Node* at = root_.get();
    while (at != nullptr) {
      const auto order = key <=> at->key();
      if (order == 0) return at->entry.get();
      at = (order < 0 ? at->left : at->right).get();
    }
    return nullptr;
  }
  template <class K>
  bool contains(const K& key) const {
    return find(key) != nullptr;
  }

  // Adds the entry, or puts it in the place of the one with the same key.
  void put(Ref<Entry> entry) { root_ = put_below(std::move(root_), std::move(entry)); }
  template <class... Args>
  void emplace(Args&&... args) {
    put(make_ref<Entry>(std::forward<Args>(args)...));
  }
  // True if there was an entry with this key.
  template <class K>
  bool erase(const K& key) {
    if (!contains(key)) return false;
    root_ = erase_below(std::move(root_), key);
    return true;
  }

  // Changes the entry with this key by `change(Entry&)`, in place if only this tree holds it, else on a
  // copy. `change` must leave the key alone. Requires that the key is there.
  template <class K, class Change>
  void update(const K& key, Change&& change) {
    update_below(root_, key, change);
  }

  // The sum of the entries' digests: it depends on what is in the tree, not on how it came there. Known
  // sums are kept in the nodes, so asking again after a change costs the changed path.
  std::uint64_t digest() const { return digest_of(root_); }

  // True if both are the same tree by identity: equal, at no cost. False says nothing.
  bool same_root(const PersistentTree& other) const { return root_ == other.root_; }

  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using reference = const Entry&;
    using pointer = const Entry*;
    using iterator_category = std::forward_iterator_tag;

    Iterator() = default;
    const Entry& operator*() const { return *path_.back()->entry; }
    const Entry* operator->() const { return path_.back()->entry.get(); }
    Iterator& operator++() {
      const Node* const here = path_.back();
      path_.pop_back();
      descend(here->right.get());
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      if (a.path_.empty() || b.path_.empty()) return a.path_.empty() == b.path_.empty();
      return a.path_.back() == b.path_.back();
    }

   private:
    friend PersistentTree;
    void descend(const Node* node) {
      for (; node != nullptr; node = node->left.get()) path_.push_back(node);
    }
    // The nodes still to visit whose left side is done, the next one last.
    boost::container::small_vector<const Node*, 32> path_;
  };
  using const_iterator = Iterator;
  using iterator = Iterator;
  using value_type = Entry;

  Iterator begin() const {
    Iterator first;
    first.descend(root_.get());
    return first;
  }
  Iterator end() const { return {}; }
  // The first entry whose key is not less than `key`.
  template <class K>
  Iterator lower_bound(const K& key) const {
    Iterator first;
    for (const Node* at = root_.get(); at != nullptr;) {
      if (key <= at->key()) {
        first.path_.push_back(at);
        at = at->left.get();
      } else {
        at = at->right.get();
      }
    }
    return first;
  }

  // Calls `found(left, right)` in order of key for each key whose entries are not one and the same object;
  // the one that a side lacks is null. What both trees share is skipped without being looked at: the
  // cost for two trees of one lineage is that of their changes.
  template <class Found>
  static void for_each_difference(const PersistentTree& left, const PersistentTree& right,
                                  Found&& found) {
    Pending lefts(left.root_.get());
    Pending rights(right.root_.get());
    while (!lefts.empty() || !rights.empty()) {
      if (lefts.empty()) {
        rights.drain([&](const Entry& entry) { found(nullptr, &entry); });
      } else if (rights.empty()) {
        lefts.drain([&](const Entry& entry) { found(&entry, nullptr); });
      } else if (lefts.top() == rights.top()) {
        lefts.pop();
        rights.pop();
      } else if (const std::uint32_t l = lefts.weight(), r = rights.weight(); l > 1 || r > 1) {
        // The larger is opened first, so that a shared subtree meets itself at the same size.
        if (l >= r) lefts.open();
        if (r >= l) rights.open();
      } else {
        const Entry& a = lefts.entry();
        const Entry& b = rights.entry();
        const auto order = std::invoke(kKey, a) <=> std::invoke(kKey, b);
        if (order <= 0) lefts.pop();
        if (order >= 0) rights.pop();
        if (&a != &b) found(order <= 0 ? &a : nullptr, order >= 0 ? &b : nullptr);
      }
    }
  }

  // For tests: that sizes, order and balance are what they must be.
  void check_invariants() const { check_below(root_); }

 private:
  static constexpr std::uint64_t kUnknownDigest =
      0;  // a sum that happens to be 0 is merely summed again
  static constexpr std::uint32_t kMaximumRatio = 3;  // of the sizes of two siblings
  static constexpr std::uint32_t kSingleRotation = 2;

  // What one side of a comparison has yet to show, the next part on top: whole subtrees and single entries.
  class Pending {
   public:
    explicit Pending(const Node* root) { push(root); }
    bool empty() const { return parts_.empty(); }
    struct Part {
      const Node* node;
      bool whole;  // with all that is below it
      bool operator==(const Part&) const = default;
    };
    Part top() const { return parts_.back(); }
    void pop() { parts_.pop_back(); }
    std::uint32_t weight() const { return top().whole ? top().node->size : 1; }
    const Entry& entry() const { return *top().node->entry; }
    // Replaces the subtree on top by its parts.
    void open() {
      const Node* const node = top().node;
      pop();
      push(node->right.get());
      parts_.push_back({node, false});
      push(node->left.get());
    }
    template <class Each>
    void drain(Each&& each) {
      while (!empty()) {
        if (weight() > 1) {
          open();
          continue;
        }
        const Entry& next = entry();
        pop();
        each(next);
      }
    }

   private:
    void push(const Node* node) {
      if (node != nullptr) parts_.push_back({node, node->size > 1});
    }
    boost::container::small_vector<Part, 64> parts_;
  };

  static std::uint32_t size_of(const Ref<Node>& node) { return node ? node->size : 0; }
  static std::uint64_t digest_of(const Ref<Node>& node) {
    if (!node) return 0;
    if (node->digest == kUnknownDigest) {
      node->digest = digest_of(node->left) + node->entry->digest() + digest_of(node->right);
    }
    return node->digest;
  }

  // Makes the node one that only its caller holds.
  static Node& own(Ref<Node>& node) {
    if (!node.sole_holder()) node = make_ref<Node>(*node);
    return node.unshared();
  }

  static Ref<Node> put_below(Ref<Node> at, Ref<Entry> entry) {
    if (!at) return make_ref<Node>(Ref<Node>(), std::move(entry), Ref<Node>());
    Node& node = own(at);
    const auto order = std::invoke(kKey, *entry) <=> node.key();
    if (order == 0) {
      node.hold(std::move(entry));
      node.digest = kUnknownDigest;
      return at;
    }
    Ref<Node>& side = order < 0 ? node.left : node.right;
    side = put_below(std::move(side), std::move(entry));
    return balanced(std::move(at));
  }

  template <class K>
  static Ref<Node> erase_below(Ref<Node> at, const K& key) {
    Node& node = own(at);
    const auto order = key <=> node.key();
    if (order == 0) {
      if (!node.left) return std::move(node.right);
      if (!node.right) return std::move(node.left);
      Ref<Entry> next;
      node.right = take_first(std::move(node.right), next);
      node.hold(std::move(next));
    } else {
      Ref<Node>& side = order < 0 ? node.left : node.right;
      side = erase_below(std::move(side), key);
    }
    return balanced(std::move(at));
  }

  // The tree without its first entry, which moves to `first`.
  static Ref<Node> take_first(Ref<Node> at, Ref<Entry>& first) {
    Node& node = own(at);
    if (!node.left) {
      first = std::move(node.entry);
      return std::move(node.right);
    }
    node.left = take_first(std::move(node.left), first);
    return balanced(std::move(at));
  }

  template <class K, class Change>
  static void update_below(Ref<Node>& at, const K& key, Change& change) {
    check(static_cast<bool>(at), "the entry to update is in the tree");
    Node& node = own(at);
    node.digest = kUnknownDigest;
    const auto order = key <=> node.key();
    if (order == 0) {
      if (!node.entry.sole_holder()) node.entry = make_ref<Entry>(*node.entry);
      change(node.entry.unshared());
    } else {
      update_below(order < 0 ? node.left : node.right, key, change);
    }
  }

  // Restores the balance of a node that only the caller holds and one of whose sides gained or lost one.
  static Ref<Node> balanced(Ref<Node> at) {
    Node& node = at.unshared();
    node.count_again();
    const std::uint32_t left = size_of(node.left);
    const std::uint32_t right = size_of(node.right);
    if (left + right <= 1) return at;
    if (right > kMaximumRatio * left) {
      Node& heavy = own(node.right);
      if (size_of(heavy.left) >= kSingleRotation * size_of(heavy.right)) {
        node.right = rotated<&Node::right, &Node::left>(std::move(node.right));
      }
      return rotated<&Node::left, &Node::right>(std::move(at));
    }
    if (left > kMaximumRatio * right) {
      Node& heavy = own(node.left);
      if (size_of(heavy.right) >= kSingleRotation * size_of(heavy.left)) {
        node.left = rotated<&Node::left, &Node::right>(std::move(node.left));
      }
      return rotated<&Node::right, &Node::left>(std::move(at));
    }
    return at;
  }

  // Moves the child on the `kFrom` side up, and the node down to the `kTo` side.
  template <auto kTo, auto kFrom>
  static Ref<Node> rotated(Ref<Node> at) {
    Ref<Node> risen = std::move(at.unshared().*kFrom);
    Node& top = own(risen);
    at.unshared().*kFrom = std::move(top.*kTo);
    at.unshared().count_again();
    top.*kTo = std::move(at);
    top.count_again();
    return risen;
  }

  static void check_below(const Ref<Node>& at) {
    if (!at) return;
    check_below(at->left);
    check_below(at->right);
    const std::uint32_t left = size_of(at->left);
    const std::uint32_t right = size_of(at->right);
    check(at->size == left + right + 1, "a node knows how many entries are below it");
    check(left + right <= 1 || (left <= kMaximumRatio * right && right <= kMaximumRatio * left),
          "no side of a node outweighs the other three times");
    check((at->key() <=> std::invoke(kKey, *at->entry)) == 0, "a node knows the key of its entry");
    check(!at->left || at->left->key() < at->key(), "keys ascend from left to right");
    check(!at->right || at->key() < at->right->key(), "keys ascend from left to right");
  }

  Ref<Node> root_;
};

}  // namespace sim
