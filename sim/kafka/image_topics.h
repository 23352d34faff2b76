#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kafka/image_chunk.h"
#include "sim/kafka/image_partition.h"
#include "sim/kafka/persistent_tree.h"

// The topics of an image: persistent, so that an image of two million partitions is copied in a moment and
// a changed copy shares with the original all but a few hundred bytes.
namespace sim {

// What stays of a topic for its whole life.
struct TopicIdentity : Counted {
  TopicIdentity(std::string topic_name, Uuid topic_id)
      : name(std::move(topic_name)), id(topic_id) {}
  std::string name;
  Uuid id;
  std::uint64_t digest() const;
};

// A topic and its partitions. Pointers to topics come from a TopicsPart and live as long as an image that
// holds the topic in this state.
class Topic : public Counted {
  using Chunks = PersistentTree<PartitionChunk, &PartitionChunk::number>;

 public:
  explicit Topic(Ref<TopicIdentity> identity) : identity_(std::move(identity)) {}

  const std::string& name() const { return identity_->name; }
  Uuid id() const { return identity_->id; }
  std::size_t partition_count() const { return partition_count_; }
  bool has_partition(PartitionId id) const;
  // The partition's state, unpacked; nothing if there is no such partition.
  std::optional<Partition> partition(PartitionId id) const;
  std::uint64_t digest() const;

  // `for (const auto& [id, partition] : topic.partitions())`, in order of id.
  class PartitionRange;
  PartitionRange partitions() const;

  // Calls `found(PartitionId, const Partition* left, const Partition* right)`, in order of id, for each
  // partition whose two states are unequal; the one that a side lacks is null. A null topic has no partitions.
  // What both share is skipped without being unpacked.
  template <class Found>
  static void for_each_difference(const Topic* left, const Topic* right, Found&& found);

 private:
  friend class TopicsPart;
  void set(PartitionId id, const Partition& partition, const Ref<DirectoryPool>& pool);
  bool same_content(const Topic& other) const;

  Ref<TopicIdentity> identity_;
  Chunks chunks_;
  std::uint32_t partition_count_ = 0;
};

class Topic::PartitionRange {
 public:
  using value_type = std::pair<PartitionId, Partition>;
  class Iterator {
   public:
    using value_type = PartitionRange::value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    const value_type& operator*() const { return current_; }
    const value_type* operator->() const { return &current_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t) { return !at.cursor_; }

   private:
    friend PartitionRange;
    explicit Iterator(const Chunks& chunks) : chunk_(chunks.begin()) { open_chunk(); }
    void open_chunk();
    void read();
    Chunks::Iterator chunk_;
    std::optional<PartitionChunk::Cursor> cursor_;
    value_type current_;
  };
  explicit PartitionRange(Chunks chunks) : chunks_(std::move(chunks)) {}
  Iterator begin() const { return Iterator(chunks_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Chunks chunks_;  // its own, so that the range outlives the topic it came from
};

inline Topic::PartitionRange Topic::partitions() const {
  return PartitionRange(chunks_);
}

// All topics, by id and by name. Names and ids are unique; `begin` to `end` goes in order of name.
//
// What changes often, the topics with their partitions, is found by id, as records name them: ids stand in
// the nodes of the tree, so a change follows its path without reading other topics' names. The names
// lead to ids in a tree of their own, which only changes when topics come and go.
class TopicsPart {
  using ById = PersistentTree<Topic, &Topic::id>;
  using ByName = PersistentTree<TopicIdentity, &TopicIdentity::name>;

 public:
  std::size_t size() const { return by_id_.size(); }
  bool empty() const { return by_id_.empty(); }
  std::uint64_t partition_count() const { return partition_count_; }
  // The topic, or null.
  const Topic* find(std::string_view name) const;
  const Topic* find(Uuid id) const { return by_id_.find(id); }
  std::optional<Partition> partition(const TopicPartition& where) const;
  class Iterator;
  Iterator begin() const;
  Iterator end() const;
  std::uint64_t digest() const { return by_id_.digest(); }
  bool shares_all_with(const TopicsPart& other) const { return by_id_.same_root(other.by_id_); }

  // Calls `found(const Topic* left, const Topic* right)` in order of name for topics that are not one and the
  // same object on both sides; null where a side has none of that name.
  template <class Found>
  static void for_each_difference(const TopicsPart& left, const TopicsPart& right, Found&& found);

  // Adds a topic without partitions. Requires that neither name nor id is taken.
  void create(std::string name, Uuid id);
  // Requires that the topic is there.
  void remove(Uuid id);
  // Adds the partition or replaces its state. Requires that the topic is one of these (`topic` may not be
  // valid afterwards), and id >= 0.
  void set_partition(const Topic& topic, PartitionId id, const Partition& partition);
  // Takes `other`'s object for the topic if it holds the same content, so that both share it.
  void share_if_same(const TopicsPart& other, Uuid topic);

 private:
  using Topics = std::vector<const Topic*>;
  // The topics of each side that are not the other's as well, in order of name.
  static std::pair<Topics, Topics> unshared(const TopicsPart& left, const TopicsPart& right);

  ById by_id_;
  ByName by_name_;
  std::uint64_t partition_count_ = 0;
  Ref<DirectoryPool> pool_;
};

// Valid as long as the part that it came from stays as it is.
class TopicsPart::Iterator {
 public:
  using value_type = Topic;
  using difference_type = std::ptrdiff_t;
  using reference = const Topic&;
  using pointer = const Topic*;
  using iterator_category = std::forward_iterator_tag;

  Iterator() = default;
  const Topic& operator*() const { return *topics_->find(name_->id); }
  const Topic* operator->() const { return &**this; }
  Iterator& operator++() {
    ++name_;
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.name_ == b.name_; }

 private:
  friend TopicsPart;
  Iterator(const ById& topics, ByName::Iterator name) : topics_(&topics), name_(std::move(name)) {}
  const ById* topics_ = nullptr;
  ByName::Iterator name_;
};

inline TopicsPart::Iterator TopicsPart::begin() const {
  return {by_id_, by_name_.begin()};
}
inline TopicsPart::Iterator TopicsPart::end() const {
  return {by_id_, by_name_.end()};
}

template <class Found>
void TopicsPart::for_each_difference(const TopicsPart& left, const TopicsPart& right,
                                     Found&& found) {
  const auto [lefts, rights] = unshared(left, right);
  for (auto l = lefts.begin(), r = rights.begin(); l != lefts.end() || r != rights.end();) {
    const bool take_left = r == rights.end() || (l != lefts.end() && (*l)->name() <= (*r)->name());
    const bool take_right = l == lefts.end() || (r != rights.end() && (*r)->name() <= (*l)->name());
    found(take_left ? *l : nullptr, take_right ? *r : nullptr);
    if (take_left) ++l;
    if (take_right) ++r;
  }
}

template <class Found>
void Topic::for_each_difference(const Topic* left, const Topic* right, Found&& found) {
  const Chunks none;
  const auto lone = [&](const PartitionChunk& chunk, bool is_left) {
    for (PartitionChunk::Cursor at(chunk); !at.done(); at.next()) {
      const Partition partition = at.partition();
      found(chunk.id_of(at.slot()), is_left ? &partition : nullptr, is_left ? nullptr : &partition);
    }
  };
  Chunks::for_each_difference(
      left != nullptr ? left->chunks_ : none, right != nullptr ? right->chunks_ : none,
      [&](const PartitionChunk* a, const PartitionChunk* b) {
        if (b == nullptr) return lone(*a, true);
        if (a == nullptr) return lone(*b, false);
        PartitionChunk::for_each_difference(
            *a, *b, [&](std::uint32_t slot, const Partition* in_a, const Partition* in_b) {
              found(a->id_of(slot), in_a, in_b);
            });
      });
}

}  // namespace sim
