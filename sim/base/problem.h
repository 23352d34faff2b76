#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sim {

// Where in a person's input something was found: a file and a byte offset in it, a text file with line
// and column, or a znode. What is not known stays empty.
struct Place {
  std::string source;                   // file path, znode path, or "host:port"
  std::optional<std::uint64_t> offset;  // bytes from the start of the file
  std::optional<std::uint32_t> line;    // from 1
  std::optional<std::uint32_t> column;  // from 1
  bool operator==(const Place&) const = default;
};

// What kind of wrong; decides the exit code (design.md §2).
enum class Severity {
  Unknown,    // exit 2: incomplete input, unreadable content of a sound file
  Usage,      // exit 3: the command line or a scenario is wrong
  Malformed,  // exit 4: a file cannot be read or is damaged
};

// Wrong input, said so that a person can act: where, what is wrong, what to do about it.
struct Problem {
  Severity severity = Severity::Malformed;
  Place place;
  std::string what;    // a sentence without the place
  std::string remedy;  // a sentence; may be empty when there is nothing to do
  bool operator==(const Problem&) const = default;
};

template <class T>
using Expected = std::expected<T, Problem>;

// A problem with a source as a whole, as the error of an Expected.
inline std::unexpected<Problem> refused(Severity severity, std::string source, std::string what,
                                        std::string remedy) {
  return std::unexpected(Problem{.severity = severity,
                                 .place = {.source = std::move(source)},
                                 .what = std::move(what),
                                 .remedy = std::move(remedy)});
}

// "dir/log.1:0x40: what. remedy"
std::string describe(const Place& place);
std::string describe(const Problem& problem);

}  // namespace sim
