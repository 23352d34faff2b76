#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "migrate/differences.h"
#include "tools/zk2kraft/facts.h"
#include "tools/zk2kraft/verb.h"

// How a comparison of two sources is shown.
namespace tools {

// What was compared.
struct DiffSide {
  std::string described;
  std::string_view store;                  // "ZooKeeper", "KRaft"
  std::optional<sim::OffsetAndEpoch> end;  // of a metadata log: its last record
};
struct DiffSides {
  DiffSide from;
  DiffSide to;
  std::optional<zk::MigrationZnode> migration;  // where the stores differ

  bool one_store() const { return from.store == to.store; }
};

enum class Detail : std::uint8_t {
  First,  // of each reason to tolerate, a few
  All,
};

// Replaces the values of password configs: a report is passed on.
void hide_secrets(migrate::DiffReport& report);

// A report whose left is KRaft, for a person who named KRaft first.
void turn_round(migrate::DiffReport& report);

// Writes the report to stdout in one of the forms text, json and junit; left is `sides.from`.
void print(const migrate::DiffReport& report, const DiffSides& sides, OutputFormat format,
           Detail detail);

}  // namespace tools
