#pragma once

#include <functional>
#include <map>
#include <string>

#include "migrate/check/facts.h"
#include "sim/base/problem.h"

// What people say to the questions of `check`.
namespace tools {

// Lines "A05 = yes  # reason"; the reason is wanted, blank lines and lines of '#' alone are not
// looked at. By the check's id. Usage, with the line, for a check that there is none of, a second
// answer to the same one, and what is neither yes nor no.
sim::Expected<std::map<std::string, migrate::Answer, std::less<>>> read_answers(
    const std::string& file);

}  // namespace tools
