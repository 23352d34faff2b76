#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/pseudonym/names.h"
#include "sim/base/problem.h"

// A SOURCE of files, written again with pseudonyms: what one may show to people who shall not know
// whose cluster it is. Whatever reads the one reads the other, and says the same of both.
namespace tools {

struct Pseudonymised {
  std::uint64_t files = 0;
  // What nobody knows how to rename, or what could not be read; none of it was written.
  std::vector<std::string> left_out;
  std::vector<sim::Problem> problems;
};

// Writes `out`, which must not exist or be empty: whole or not at all. `source` is a fleet, a
// folder of one store, or one file of a store or a node. Usage where that is not so; Malformed
// where a file is damaged, or is not what the manifest beside it says.
sim::Expected<Pseudonymised> pseudonymise(const std::filesystem::path& source,
                                          const std::filesystem::path& out,
                                          migrate::Pseudonyms& names);

// HMAC-SHA-256 with this key.
migrate::Pseudonyms::KeyedHash keyed_hash(std::string key);
// 32 bytes that nobody else has.
std::string random_key();

}  // namespace tools
