#include "sim/base/check.h"

#include <fmt/format.h>

namespace sim {

Bug::Bug(std::string_view what_must_be_true, std::source_location where)
    : std::logic_error(fmt::format("{}:{}: {}: must be true: {}", where.file_name(), where.line(),
                                   where.function_name(), what_must_be_true)),
      where_(where) {}

void fail_check(std::string_view what_must_be_true, std::source_location where) {
  throw Bug(what_must_be_true, where);
}

}  // namespace sim
