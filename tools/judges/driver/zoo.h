#pragma once

#include <string>
#include <string_view>

#include "zk/prep.h"
#include "zk/request.h"
#include "zk/tree.h"

namespace judge {

// The simulated ZooKeeper of a sequence: what a simulated leader does with one request after
// another (zk::Prep, zk::Tree), without an ensemble around it, whose answers `tests/contracts`
// holds to those of a real server. A value.
class Zoo {
 public:
  zk::Response answer(const zk::Request& request);
  const zk::Tree& tree() const { return tree_; }

 private:
  zk::Tree tree_;
  zk::Prep prep_;
  zk::Zxid last_;
};

// A request as both judges print it: "setData /migration@3", "multi check /controller_epoch@1
// create /controller".
std::string describe(const zk::Request& request);

}  // namespace judge
