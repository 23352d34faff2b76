#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/source/offsets_source.h"
#include "tools/zk2kraft/exit_code.h"
#include "tools/zk2kraft/verb.h"

// `inspect --groups`: the groups and committed offsets in copies of `__consumer_offsets`.
namespace tools {

struct GroupsAsked {
  OutputFormat format = OutputFormat::Text;
  std::vector<std::string> groups;  // only these; empty: all
  std::int64_t retention_ms = 0;    // offsets.retention.minutes
};

// Prints what is there to stdout, and what is wrong with it to stderr. Malformed for damage,
// Unknown for records that were left out and for replicas that disagree.
ExitCode show_groups(const OffsetsSource& source, const GroupsAsked& asked);
// The same without showing anything: what the reading of a capture leaves to be desired.
ExitCode report_soundness(const OffsetsSource& source);

// "2026-11-30T18:02:13.905Z", or "-" for none.
std::string time_text(std::int64_t timestamp_ms);

// --retention-minutes, for every verb that must know when a committed offset may go.
void add_retention_option(po::options_description& options);
sim::Expected<std::int64_t> retention_ms(const po::variables_map& arguments);

}  // namespace tools
