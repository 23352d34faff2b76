#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/properties.h"

// The edits of one node's file, and what each was for. What is not edited stays byte for byte.
namespace migrate {

struct Change {
  std::string key;
  std::optional<std::string> before;  // absent: the key is new
  std::optional<std::string> after;   // absent: the key is gone
  std::string_view why;
  bool operator==(const Change&) const = default;
};

// Above the keys that no line of the file had: so that a person, and a later edit, can tell them
// from her own.
inline constexpr std::string_view kAddedMark = "# zk2kraft: for the migration to KRaft";

class FileEdit {
 public:
  explicit FileEdit(sim::PropertiesFile file) : file_(std::move(file)) {}

  const sim::PropertiesFile& file() const { return file_; }
  const std::vector<Change>& changes() const { return changes_; }
  // Whether the line that counts stands below kAddedMark, with nothing but entries between.
  bool is_added(std::string_view key) const;

  // In its place if the file has the key, or else at the end, below kAddedMark. A value that is the
  // same already is left as it is written.
  void set(std::string_view key, std::string_view value, std::string_view why);
  // With every repetition of it.
  void remove(std::string_view key, std::string_view why);
  // The line that counts gets another key, and keeps its place and value; repetitions go. If the
  // file has the other key too, only that one stays.
  void rename(std::string_view from, std::string_view to, std::string_view why);

  // The file with kAddedMark where it belongs, and nowhere else.
  sim::PropertiesFile finished() const;

 private:
  sim::PropertiesFile file_;
  std::vector<std::string> added_;  // keys that this edit put at the end
  std::vector<Change> changes_;
};

}  // namespace migrate
