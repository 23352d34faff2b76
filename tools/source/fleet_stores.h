#pragma once

#include <string>

#include "tools/source/source.h"

namespace tools {

// The store that an argument means. A store, a file or an address means itself; a fleet (fleet.h)
// means the store in it that reaches furthest: of several ZooKeeper servers the one with the last
// transaction, of several controllers the one whose log ends last, by epoch and offset; brokers'
// copies of the log count only where there is nothing else. Usage, with what to name instead, where
// a fleet holds both stores and `store` leaves it open.
sim::Expected<std::string> store_meant_by(const std::string& argument, Store store);

}  // namespace tools
