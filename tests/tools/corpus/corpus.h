#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "migrate/gate/gate.h"

// Captured clusters that something was done to, each thing with the checks that must see it. The
// rows stand in corpus.txt:
//
//   A03 | */p0-* */p1-* | set broker-1 inter.broker.protocol.version 3.5
//   what must be found, +ids that follow from it | clusters | edits, with " ; " between them
//
// ?ID must be unknown, instead.
//
// A row is done to each captured cluster that one of its patterns names: a variant.
namespace tests {

struct CorpusRow {
  int line = 0;
  std::set<std::string> expected;
  std::set<std::string> also;  // true consequences: they may be found, and need not
  std::vector<std::string> clusters;
  std::vector<std::string> edits;

  bool explains(const std::string& id) const { return expected.contains(id) || also.contains(id); }
};
// Throws std::runtime_error, with the line, for what is no row.
std::vector<CorpusRow> read_corpus(const std::filesystem::path& file);

// Captured fleets, as tests::golden names them, whose names fit the pattern ('*': any letters).
std::vector<std::string> fleets_like(const std::string& pattern);

// Does the edits to the copy of a fleet. The verbs, of which the last argument may hold blanks:
//
//   set NODE KEY VALUE      a line of NODE.properties, in its place or at the end; NODE may end
//                           in *
//   unset NODE KEY          without it
//   append NODE LINE        at the end, whatever stands there already
//   meta NODE KEY VALUE     the same of NODE.meta.properties, or of NODE/meta.properties
//   version NODE TEXT       NODE.version
//   remove PATH             a file or folder of the fleet
//   znode PATH DATA         created with its parents, or set; no DATA: empty
//   delete PATH             a znode and all below it
//   owner PATH SCHEME:ID    the one who may write it
//   record KIND ARGUMENTS   a record at the end of every controller's log, see corpus.cc
//   phase S1                judged for that phase
//   profile NAME, answer ID yes|no
//
// Throws std::runtime_error for what cannot be done: a row must break what it says.
struct Judged {
  std::string phase;
  // "ID object" of every finding; a warning is no error.
  std::set<std::string> errors;
  std::set<std::string> warnings;
  std::set<std::string> notes;
  std::set<std::string> unknown;  // "?ID": checks that say that something is missing
  // What each gate answers, were every node known to run 3.9.1; and by which rules it may close.
  struct Asked {
    migrate::GateAnswer answer = migrate::GateAnswer::Unknown;
    std::set<std::string> closing;
  };
  std::map<migrate::Question, Asked> gates;
};
Judged judge_variant(const std::filesystem::path& fleet, const std::vector<std::string>& edits);

}  // namespace tests
