#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/described.h"
#include "sim/kafka/log_batch.h"

// What records say. Logs carry tokens; of the few records whose content matters a table, the same
// for a whole world, says what the token stands for. All others cost nothing.
namespace sim {

// Where a record is bad (brokers.md §4.1).
enum class Poison : std::uint8_t {
  None,
  Key,         // cannot be deserialised
  Value,       // cannot be deserialised
  Processing,  // the application throws
  Killer       // the process dies: out of memory, a crash in native code
};
constexpr std::string_view name_of(Poison poison) {
  switch (poison) {
    case Poison::None:
      return "none";
    case Poison::Key:
      return "key";
    case Poison::Value:
      return "value";
    case Poison::Processing:
      return "processing";
    case Poison::Killer:
      return "killer";
  }
  unreachable("there are five ways to be bad");
}

struct RecordContent {
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
  Poison poison = Poison::None;
  // Of Poison::Processing: the attempt that succeeds, from 1. 0: none does.
  std::int32_t succeeds_at = 0;
  // A value that is larger than what is worth writing down; it counts where sizes are looked at.
  std::size_t padding = 0;

  bool undeserialisable() const { return poison == Poison::Key || poison == Poison::Value; }
  // As a broker would count it, headers included, without the overhead of the batch.
  std::size_t bytes() const;
};

// "00 7b 22" and "·{\"": what a person can look at. No more than the first 48 bytes.
std::string hex_of(std::string_view bytes);
std::string text_of(std::string_view bytes);

class PayloadTable {
 public:
  // The `nth` record of a producer whose tokens begin at `first` (from 1), and with `every` not 0
  // each so many further.
  struct Rule {
    RecordToken first{};
    std::int64_t nth = 1;
    std::int64_t every = 0;
    std::int64_t below = 0;  // tokens of this producer, counted from `first`
    RecordContent content;
  };
  void add(Rule rule) { rules_.push_back(std::move(rule)); }
  bool empty() const { return rules_.empty(); }

  // What the record says; null: nothing that matters.
  const RecordContent* find(RecordToken token) const;
  // Of records with consecutive tokens, how many stand before the first of which `find` knows
  // something.
  std::int32_t plain_before(RecordToken first, std::int32_t count) const;

 private:
  std::vector<Rule> rules_;
};

}  // namespace sim
