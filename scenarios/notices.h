#pragma once

#include <span>
#include <string_view>

#include "sim/base/problem.h"

// Every notice that a machine of ours may emit, in one list: what faults and changes can wait for, what `run
// --list notices` prints, and what the coverage test wants to see. A notice that is declared and not listed fails
// a test.
namespace scenarios {

struct NoticeType {
  std::string_view name;  // "migrate.CopyBatch"
  std::string_view rule;  // the section that it follows
};

// By name.
std::span<const NoticeType> notice_types();

// A Usage problem at `place` if there is no such notice.
sim::Expected<void> check_notice(std::string_view name, const sim::Place& place);

}  // namespace scenarios
