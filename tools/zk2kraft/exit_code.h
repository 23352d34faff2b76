#pragma once

#include <algorithm>

#include "sim/base/problem.h"

namespace tools {

// Stable and tested (design.md §2).
enum class ExitCode : int {
  Good = 0,
  Finding = 1,  // violation, difference, gate closed
  Unknown =
      2,  // incomplete input, a planned fault that never fired, unreadable content of a sound file
  Usage = 3,      // the command line or a scenario is wrong
  Malformed = 4,  // a file cannot be read or is damaged
  Internal = 5,
  Interrupted = 130,
};

// Where several apply the gravest wins, in the order 130, 5, 3, 4, 1, 2, 0.
constexpr ExitCode worse(ExitCode a, ExitCode b) {
  constexpr auto rank = [](ExitCode code) {
    switch (code) {
      case ExitCode::Good:
        return 0;
      case ExitCode::Unknown:
        return 1;
      case ExitCode::Finding:
        return 2;
      case ExitCode::Malformed:
        return 3;
      case ExitCode::Usage:
        return 4;
      case ExitCode::Internal:
        return 5;
      case ExitCode::Interrupted:
        return 6;
    }
    return 6;
  };
  return rank(a) >= rank(b) ? a : b;
}

constexpr ExitCode exit_code_of(sim::Severity severity) {
  switch (severity) {
    case sim::Severity::Unknown:
      return ExitCode::Unknown;
    case sim::Severity::Usage:
      return ExitCode::Usage;
    case sim::Severity::Malformed:
      return ExitCode::Malformed;
  }
  return ExitCode::Internal;
}

}  // namespace tools
