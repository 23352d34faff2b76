// Only the way into the program: words in, exit code out, and the last line of defence against bugs.
#include <fmt/format.h>

#include <csignal>
#include <string>
#include <vector>

#include "sim/base/check.h"
#include "tools/zk2kraft/verb.h"

int main(int argc, char** argv) {
  // A reader that stops early ("| head") ends us quietly, as it does every filter.
  std::signal(SIGPIPE, SIG_DFL);
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    return static_cast<int>(tools::run_command_line(words));
  } catch (const sim::Bug& bug) {
    fmt::print(stderr,
               "zk2kraft: internal error: {}\nThis is a defect of zk2kraft; please report it.\n",
               bug.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "zk2kraft: internal error: {}\n", error.what());
  }
  return static_cast<int>(tools::ExitCode::Internal);
}
