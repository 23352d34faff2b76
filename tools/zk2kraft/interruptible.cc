#include "tools/zk2kraft/interruptible.h"

#include <csignal>

namespace tools {
namespace {

volatile std::sig_atomic_t interrupt_came = 0;
void on_interrupt(int) {
  interrupt_came = 1;
}

}  // namespace

Interruptible::Interruptible() {
  interrupt_came = 0;
  before_[0] = std::signal(SIGINT, on_interrupt);
  before_[1] = std::signal(SIGTERM, on_interrupt);
}

Interruptible::~Interruptible() {
  std::signal(SIGINT, before_[0]);
  std::signal(SIGTERM, before_[1]);
}

bool Interruptible::interrupted() {
  return interrupt_came != 0;
}

}  // namespace tools
