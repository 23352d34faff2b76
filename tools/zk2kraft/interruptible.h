#pragma once

namespace tools {

// Interrupts (SIGINT, SIGTERM) ask for an end while this lives, instead of being one.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

  // Whether one has come since the latest of these was made.
  static bool interrupted();

 private:
  void (*before_[2])(int) = {};
};

}  // namespace tools
