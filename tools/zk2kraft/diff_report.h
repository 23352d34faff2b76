#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "migrate/differences.h"
#include "tools/zk2kraft/facts.h"
#include "tools/zk2kraft/verb.h"

// How a comparison of the two stores is shown.
namespace tools {

// What was compared.
struct DiffSides {
  std::string zookeeper;
  std::string kraft;
  std::optional<zk::MigrationZnode> migration;
};

enum class Detail : std::uint8_t {
  First,  // of each reason to tolerate, a few
  All,
};

// Replaces the values of password configs: a report is passed on.
void hide_secrets(migrate::DiffReport& report);

// Writes the report to stdout in one of the forms text, json and junit.
void print(const migrate::DiffReport& report, const DiffSides& sides, OutputFormat format,
           Detail detail);

}  // namespace tools
