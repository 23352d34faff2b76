#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/problem.h"

// A .properties file as java.util.Properties reads it (load of an InputStream, Java 17), that also
// remembers how it was written.
//
//   # how people say it          Comment
//                                Blank
//   log.dirs = /a,\              Entry "log.dirs" = "/a,/b", lines 3 to 4
//              /b
//
// The file is a sequence of elements whose texts, joined, are the file byte for byte; an edit
// replaces the text of one element and leaves the others as they stand. Java reads bytes as
// ISO-8859-1: keys and values are given here as UTF-8 of the characters that Java sees, so a file
// that somebody wrote in UTF-8 shows the mojibake that Kafka gets, and `written_as_utf8` says so.
namespace sim {

class PropertiesFile {
 public:
  enum class Kind : std::uint8_t {
    Entry,
    Comment,
    Blank
  };
  struct Element {
    Kind kind = Kind::Blank;
    std::string text;        // as it stands in the file, the end of its line included
    std::uint32_t line = 1;  // of the file, where its first character that matters stands
    std::size_t begin = 0;   // of that character in `text`; of an entry, the raw key begins there
    // Of an entry: what Java reads, and where in `text` the raw key ends and the raw value lies.
    std::string key;
    std::string value;
    std::size_t key_end = 0;
    std::size_t value_begin = 0;
    std::size_t value_end = 0;
    bool operator==(const Element&) const = default;
  };

  PropertiesFile() = default;

  // Reads any bytes that Java reads. `source` is named in problems: Malformed, with the line, where
  // Java throws, that is for a \u without four hexadecimal digits.
  static Expected<PropertiesFile> parse(std::string_view bytes, std::string source);

  const std::string& source() const { return source_; }
  const std::vector<Element>& elements() const { return elements_; }
  // The file. Of an unedited one: exactly the bytes that were read.
  std::string text() const;

  // The entry that counts: of a repeated key Java keeps the last value. Null where there is none.
  const Element* find(std::string_view key) const;
  std::optional<std::string> get(std::string_view key) const;
  // The keys that count, each once, sorted.
  std::vector<std::string> keys() const;
  // Entries that a later one with the same key makes void, in the order of the file.
  std::vector<const Element*> overridden() const;
  // Lines whose bytes beyond ASCII are well-formed UTF-8: their author meant other characters than
  // Java reads.
  std::vector<std::uint32_t> written_as_utf8() const;

  // ── Edits, each keeping everything else byte for byte ─────────────────────────────────────────

  // The key has this value afterwards: in its place if the file has the key, at the end if not.
  void set(std::string_view key, std::string_view value);
  // The key is gone, with every repetition of it; comments stay. False if it was not there.
  bool remove(std::string_view key);
  // The entries of the key, made comments. False if there was none.
  bool comment_out(std::string_view key);

 private:
  explicit PropertiesFile(std::string source) : source_(std::move(source)) {}
  std::string_view line_end() const;  // the one that the file uses
  void number_lines();

  std::string source_;
  std::vector<Element> elements_;
};

// A key and a value as one writes them so that Java reads just these characters. Requires UTF-8.
std::string escaped_key(std::string_view key);
std::string escaped_value(std::string_view value);

// A value as Properties.store writes it, which escapes more than a reader needs: Kafka's own files
// (meta.properties).
std::string stored_value(std::string_view value);

}  // namespace sim
