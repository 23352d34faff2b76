#pragma once

#include <iterator>
#include <utility>

namespace sim {

// A place in a std::map or std::set from which keys are looked up that mostly come in its own
// order, as the entries of a request do: a look a few elements ahead is tried first, and only then
// the whole tree. Answers are those of the container itself, whatever the order of the keys.
//
// Valid as long as the element that it rests on stays: elements may be inserted anywhere while it
// is in use, and are erased through it.
template <class Container>
class Finger {
 public:
  using Iterator = decltype(std::declval<Container&>().begin());
  using Key = typename Container::key_type;

  explicit Finger(Container& container) : container_(container), at_(container.begin()) {}

  // As container.find(key).
  Iterator find(const Key& key) {
    const Iterator found = lower_bound(key);
    return found != container_.end() && key_of(*found) == key ? found : container_.end();
  }

  // As container.lower_bound(key), which is also the best hint for an insertion.
  Iterator lower_bound(const Key& key) {
    if (at_ != container_.end() && key_of(*at_) < key) {
      for (int step = 0; step < kReach; ++step) {
        ++at_;
        if (at_ == container_.end() || !(key_of(*at_) < key)) return at_;
      }
    } else if (at_ == container_.begin() || key_of(*std::prev(at_)) < key) {
      return at_;
    }
    return at_ = container_.lower_bound(key);
  }

  void erase(Iterator element) { at_ = container_.erase(element); }

 private:
  static constexpr int kReach = 4;

  static const Key& key_of(const Key& key) { return key; }
  template <class Value>
  static const Key& key_of(const std::pair<const Key, Value>& element) {
    return element.first;
  }

  Container& container_;
  Iterator at_;
};

}  // namespace sim
