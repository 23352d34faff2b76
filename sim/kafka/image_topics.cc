#include "sim/kafka/image_topics.h"

#include <algorithm>

#include "sim/base/check.h"

namespace sim {

std::uint64_t TopicIdentity::digest() const {
  Digest digest;
  digest.add(name);
  digest_into(digest, id);
  return digest.value();
}

bool Topic::has_partition(PartitionId id) const {
  if (id.value() < 0) return false;
  const PartitionChunk* const chunk = chunks_.find(PartitionChunk::number_for(id));
  return chunk != nullptr && chunk->has(PartitionChunk::slot_for(id));
}

std::optional<Partition> Topic::partition(PartitionId id) const {
  if (id.value() < 0) return std::nullopt;
  const PartitionChunk* const chunk = chunks_.find(PartitionChunk::number_for(id));
  if (chunk == nullptr || !chunk->has(PartitionChunk::slot_for(id))) return std::nullopt;
  return chunk->at(PartitionChunk::slot_for(id));
}

std::uint64_t Topic::digest() const {
  Digest digest;
  digest.add(identity_->digest());
  digest.add(chunks_.digest());
  return digest.value();
}

void Topic::set(PartitionId id, const Partition& partition, const Ref<DirectoryPool>& pool) {
  const PartitionChunk* const chunk = chunks_.find(PartitionChunk::number_for(id));
  if (chunk == nullptr || !chunk->has(PartitionChunk::slot_for(id))) ++partition_count_;
  chunks_.put(PartitionChunk::with(chunk, pool, id, partition));
}

bool Topic::same_content(const Topic& other) const {
  if (identity_->id != other.identity_->id || identity_->name != other.identity_->name)
    return false;
  if (partition_count_ != other.partition_count_) return false;
  bool same = true;
  for_each_difference(this, &other,
                      [&](PartitionId, const Partition*, const Partition*) { same = false; });
  return same;
}

Topic::PartitionRange::Iterator& Topic::PartitionRange::Iterator::operator++() {
  cursor_->next();
  if (cursor_->done()) {
    ++chunk_;
    open_chunk();
  } else {
    read();
  }
  return *this;
}

void Topic::PartitionRange::Iterator::open_chunk() {
  cursor_.reset();
  if (chunk_ == Chunks::Iterator()) return;
  cursor_.emplace(*chunk_);
  read();
}

void Topic::PartitionRange::Iterator::read() {
  current_ = {chunk_->id_of(cursor_->slot()), cursor_->partition()};
}

const Topic* TopicsPart::find(std::string_view name) const {
  const TopicIdentity* const identity = by_name_.find(name);
  return identity == nullptr ? nullptr : by_id_.find(identity->id);
}

std::optional<Partition> TopicsPart::partition(const TopicPartition& where) const {
  const Topic* const topic = find(where.topic);
  return topic == nullptr ? std::nullopt : topic->partition(where.partition);
}

void TopicsPart::create(std::string name, Uuid id) {
  check(!by_name_.contains(name) && !by_id_.contains(id), "names and ids of topics are unique");
  if (!pool_) pool_ = make_ref<DirectoryPool>();
  Ref<TopicIdentity> identity = make_ref<TopicIdentity>(std::move(name), id);
  by_name_.put(identity);
  by_id_.put(make_ref<Topic>(std::move(identity)));
}

void TopicsPart::remove(Uuid id) {
  const Topic* const topic = find(id);
  check(topic != nullptr, "the topic to remove is there");
  partition_count_ -= topic->partition_count();
  by_name_.erase(topic->name());
  by_id_.erase(id);
}

void TopicsPart::set_partition(const Topic& topic, PartitionId id, const Partition& partition) {
  by_id_.update(topic.id(), [&](Topic& changed) {
    partition_count_ -= changed.partition_count_;
    changed.set(id, partition, pool_);
    partition_count_ += changed.partition_count_;
  });
}

void TopicsPart::share_if_same(const TopicsPart& other, Uuid topic) {
  const Topic* const mine = find(topic);
  const Topic* const theirs = other.find(topic);
  if (mine == nullptr || theirs == nullptr || mine == theirs || !mine->same_content(*theirs))
    return;
  by_name_.put(theirs->identity_);
  by_id_.put(Ref<Topic>(theirs));
}

// Topics of one name may have two ids, and topics of one id two names; so each side is sorted by itself.
std::pair<TopicsPart::Topics, TopicsPart::Topics> TopicsPart::unshared(const TopicsPart& left,
                                                                       const TopicsPart& right) {
  Topics lefts;
  Topics rights;
  ById::for_each_difference(left.by_id_, right.by_id_, [&](const Topic* l, const Topic* r) {
    if (l != nullptr) lefts.push_back(l);
    if (r != nullptr) rights.push_back(r);
  });
  std::ranges::sort(lefts, {}, &Topic::name);
  std::ranges::sort(rights, {}, &Topic::name);
  return {std::move(lefts), std::move(rights)};
}

}  // namespace sim
