#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include "tools/zk2kraft/verb.h"

// The command line as a person meets it: words in; what it printed, and its exit code, out.
namespace tests {

struct Ran {
  tools::ExitCode code = tools::ExitCode::Internal;
  std::string out;
  std::string err;
};

inline Ran run(const std::vector<std::string>& words) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran{.code = tools::run_command_line(words)};
  ran.err = testing::internal::GetCapturedStderr();
  ran.out = testing::internal::GetCapturedStdout();
  return ran;
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A folder of a test's own, gone when it ends.
class ScratchFolder {
 public:
  ScratchFolder() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = test != nullptr ? test->name() : "folder";
    for (char& c : name) c = c == '/' ? '-' : c;
    path_ = std::filesystem::temp_directory_path() /
            ("zk2kraft-" + name + "-" + std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

  // A writable copy of golden files.
  std::filesystem::path copy_of(std::string_view golden_name, const std::string& as) const {
    const std::filesystem::path copy = path_ / as;
    std::filesystem::copy(golden(golden_name), copy, std::filesystem::copy_options::recursive);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(copy)) {
      std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all,
                                   std::filesystem::perm_options::add);
    }
    return copy;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tests
