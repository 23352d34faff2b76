#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/source/fleet.h"
#include "tools/source/source.h"
#include "tools/zk2kraft/verb.h"

namespace tools {

// The options of every verb that opens a ZooKeeper source: --chroot, --at, --secret.
void add_source_options(po::options_description& options);
// What they say. A Problem if the file with the secret cannot be read.
sim::Expected<SourceOptions> source_options(const po::variables_map& arguments);

// The first of these options that was given, though `with` (as "--groups") has no use for it. What
// nobody wrote but has a default does not count.
std::optional<sim::Problem> refused_beside(const po::variables_map& arguments,
                                           std::string_view with,
                                           std::span<const char* const> options);

// "--phase S4", where a person knows better than the files. A Usage problem for a phase that is
// none.
sim::Expected<std::optional<migrate::Phase>> asked_phase(const po::variables_map& arguments);

// The fleet in these sources, opened with the options given.
sim::Expected<Fleet> open_fleet_with(const po::variables_map& arguments,
                                     const std::vector<std::string>& sources);
// The fleet that the positional arguments name. `write` is what to write instead if they name none:
// "zk2kraft check FLEET". The first word after the program's name is the verb.
sim::Expected<Fleet> open_asked_fleet(const po::variables_map& arguments, std::string_view write);
// The same, judged for --phase where that is given.
sim::Expected<Fleet> open_fleet_for_phase(const po::variables_map& arguments,
                                          std::string_view write);
// Says what could not be read of it, and how grave that is.
ExitCode report_problems(const Fleet& fleet);

// How much the reading of a source leaves to be desired: Malformed for damage, Unknown for what is
// unreadable or in doubt. Torn tails, and passwords that stay encoded, are none of that.
ExitCode soundness(const OpenSource& source, const zk::ReadReport& report);

}  // namespace tools
