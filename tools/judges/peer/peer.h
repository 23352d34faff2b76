#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/base/digest.h"

namespace tools {

// A judge's Java program as a child process: a line goes in, a line comes out.
class Peer {
 public:
  explicit Peer(const std::vector<std::string>& command) {
    int to[2];
    int from[2];
    if (pipe(to) != 0 || pipe(from) != 0) fail("no pipe");
    child_ = fork();
    if (child_ < 0) fail("no process");
    if (child_ == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      for (const int each : {to[0], to[1], from[0], from[1]}) close(each);
      std::vector<char*> arguments;
      for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    in_ = fdopen(to[1], "w");
    out_ = fdopen(from[0], "r");
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    std::fclose(in_);
    std::fclose(out_);
    waitpid(child_, nullptr, 0);
  }

  // The process ends with exit code 2, "could not run", if the peer has no answer.
  std::string ask(const std::string& line) {
    if (std::fprintf(in_, "%s\n", line.c_str()) < 0 || std::fflush(in_) != 0)
      fail("it reads no more");
    char* text = nullptr;
    std::size_t capacity = 0;
    const ssize_t length = getline(&text, &capacity, out_);
    if (length <= 0) fail("it says no more");
    std::string answer(text, static_cast<std::size_t>(length));
    std::free(text);
    while (answer.ends_with('\n') || answer.ends_with('\r')) answer.pop_back();
    return answer;
  }

 private:
  [[noreturn]] static void fail(const char* why) {
    std::fprintf(stderr, "judge: the peer failed: %s\n", why);
    std::exit(2);
  }

  pid_t child_ = -1;
  std::FILE* in_ = nullptr;
  std::FILE* out_ = nullptr;
};

// Random draws that a seed names.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(sim::Digest::mix(seed + 0x5eed)) {}
  std::uint64_t word() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return sim::Digest::mix(state_);
  }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(word() % count); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class Range>
  const auto& of(const Range& range) {
    return range[below(std::size(range))];
  }

 private:
  std::uint64_t state_;
};

// Leaves out one entry after another while `fails` stays true of the rest.
template <class Entry>
std::vector<Entry> smaller(std::vector<Entry> entries, const auto& fails) {
  for (std::size_t at = entries.size(); at-- > 0;) {
    std::vector<Entry> without = entries;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(at));
    if (fails(without)) entries = std::move(without);
  }
  return entries;
}

}  // namespace tools
