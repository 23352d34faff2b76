#include "scenarios/forked_work.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <numeric>

namespace scenarios {
namespace {

std::vector<std::uint64_t> tasks(std::size_t count) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 100);
  return numbers;
}

// A number of bytes that differs by task, up to more than a socket holds.
std::string work_on(std::uint64_t task) {
  return std::string((task % 7) * 100'000, static_cast<char>('a' + task % 26));
}

TEST(ForkedWork, EveryTaskIsDoneOnceHoweverManyChildrenThereAre) {
  for (const unsigned jobs : {0U, 1U, 2U, 5U, 40U}) {
    std::map<std::uint64_t, std::string> results;
    const auto lost = run_forked(
        tasks(30), jobs, {.work = work_on, .done = [&](std::uint64_t task, std::string result) {
                            EXPECT_TRUE(results.emplace(task, std::move(result)).second);
                            return true;
                          }});
    EXPECT_TRUE(lost.empty());
    ASSERT_EQ(results.size(), 30U) << jobs;
    for (const auto& [task, result] : results) EXPECT_EQ(result, work_on(task));
  }
}

TEST(ForkedWork, AChildThatDiesLosesTheTaskItWasAtAndNoOther) {
  std::vector<std::uint64_t> done;
  const auto lost = run_forked(tasks(20), 2,
                               {.work =
                                    [](std::uint64_t task) {
                                      if (task == 103 || task == 110) raise(SIGKILL);
                                      if (task == 117) _exit(7);
                                      return work_on(task);
                                    },
                                .done =
                                    [&](std::uint64_t task, const std::string&) {
                                      done.push_back(task);
                                      return true;
                                    }});
  ASSERT_EQ(lost.size(), 3U);
  std::map<std::uint64_t, std::string> how;
  for (const LostTask& task : lost) how[task.task] = task.how;
  EXPECT_EQ(how.at(103), "signal 9 (Killed)");
  EXPECT_EQ(how.at(110), "signal 9 (Killed)");
  EXPECT_EQ(how.at(117), "exit code 7");
  EXPECT_EQ(done.size(), 17U);
}

TEST(ForkedWork, ItStopsWhenToldAndLeavesNoChild) {
  int done = 0;
  const auto lost = run_forked(
      tasks(1000), 3,
      {.work = work_on, .done = [&](std::uint64_t, const std::string&) { return ++done < 10; }});
  EXPECT_TRUE(lost.empty());
  EXPECT_EQ(done, 10);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

// A child works ahead: by the time its first result is read, a second may have come along with it.
TEST(ForkedWork, NothingIsHandedOverOnceItWasToldToStop) {
  int done = 0;
  const auto lost =
      run_forked(tasks(10), 1,
                 {.work = work_on,
                  .done = [&](std::uint64_t, const std::string&) { return ++done < 1; },
                  .stop =
                      [] {
                        usleep(50'000);
                        return false;
                      }});
  EXPECT_TRUE(lost.empty());
  EXPECT_EQ(done, 1);
}

// Each child holds the writing end of a pipe, so the pipe ends when the last of them has.
TEST(ForkedWork, ChildrenDoNotOutliveACallerThatIsKilled) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t caller = fork();
  if (caller == 0) {
    close(ends[0]);
    run_forked(
        tasks(1'000'000), 3,
        {.work =
             [&](std::uint64_t) {
               usleep(1000);
               return std::string("x");
             },
         .done = [&](std::uint64_t, const std::string&) { return write(ends[1], "x", 1) == 1; }});
    _exit(0);
  }
  close(ends[1]);
  char byte = 0;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(read(ends[0], &byte, 1), 1);
  kill(caller, SIGKILL);
  waitpid(caller, nullptr, 0);
  alarm(60);  // instead of waiting for ever
  while (read(ends[0], &byte, 1) > 0) continue;
  alarm(0);
  close(ends[0]);
}

}  // namespace
}  // namespace scenarios
