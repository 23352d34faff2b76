#pragma once

#include "tools/source/fleet.h"
#include "tools/source/source.h"
#include "tools/zk2kraft/verb.h"

namespace tools {

// The options of every verb that opens a ZooKeeper source: --chroot, --at, --secret.
void add_source_options(po::options_description& options);
// What they say. A Problem if the file with the secret cannot be read.
sim::Expected<SourceOptions> source_options(const po::variables_map& arguments);

// "--phase S4", where a person knows better than the files. A Usage problem for a phase that is none.
sim::Expected<std::optional<migrate::Phase>> asked_phase(const po::variables_map& arguments);
// The fleet is judged for this phase, and keeps what its files show.
void set_phase(migrate::Phase phase, Fleet& fleet);

// How much the reading of a source leaves to be desired: Malformed for damage, Unknown for what is
// unreadable or in doubt. Torn tails, and passwords that stay encoded, are none of that.
ExitCode soundness(const OpenSource& source, const zk::ReadReport& report);

}  // namespace tools
