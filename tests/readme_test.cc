// The README's promises: each command of a block that is tagged `sh run` runs, from the top of the clone, and ends
// well.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

std::vector<std::string> tagged_commands() {
  std::ifstream readme(std::string(ZK2KRAFT_SOURCE_DIR) + "/README.md");
  std::vector<std::string> commands;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("```")) {
      inside = !inside && line == "```sh run";
    } else if (inside && !line.empty()) {
      commands.push_back(line);
    }
  }
  return commands;
}

// The program of this build stands in for that of the release build, which the README names.
std::string with_this_build(std::string command) {
  const std::string named = "build/release/zk2kraft";
  for (std::size_t at = 0; (at = command.find(named, at)) != std::string::npos;) {
    const std::string built = std::string(ZK2KRAFT_BINARY_DIR) + "/zk2kraft";
    command.replace(at, named.size(), built);
    at += built.size();
  }
  return command;
}

TEST(Readme, EveryTaggedCommandEndsWell) {
  const std::vector<std::string> commands = tagged_commands();
  ASSERT_GE(commands.size(), 3u) << "the README has commands that are tagged to be run";
  for (const std::string& command : commands) {
    const std::string line = "cd '" + std::string(ZK2KRAFT_SOURCE_DIR) + "' && " +
                             with_this_build(command) + " > /dev/null";
    const int status = std::system(line.c_str());
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
        << command << " ended with " << WEXITSTATUS(status);
  }
}

}  // namespace
