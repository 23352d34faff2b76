#include "tests/support/worlds/fault_property.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <rapidcheck.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string_view>
#include <vector>

#include "scenarios/campaign.h"
#include "scenarios/text.h"
#include "sim/base/check.h"
#include "tests/support/rapidcheck_source.h"

namespace tests {
namespace {

// A run takes a tenth of a second or two: enough to shrink well, and an end to it.
constexpr std::size_t kMostShrinks = 400;
constexpr std::uint64_t kSeeds = 1'000;

// What a scenario comes to.
struct Finding {
  std::string name;  // empty: nothing was found
  std::string sentence;
};

Finding finding_of(const zk2kraft::Scenario& scenario, const scenarios::Initial& initial) {
  const scenarios::SeedResult result = scenarios::run_seed(scenario, initial, scenario.seed(), {});
  if (result.verdict != scenarios::Verdict::Finding) return {};
  return {home_of(result), result.first};
}

bool is_good(const zk2kraft::Scenario& scenario, const scenarios::Initial& initial) {
  return scenarios::run_seed(scenario, initial, scenario.seed(), {}).verdict ==
         scenarios::Verdict::Good;
}

// Something that is there and that shrinking may take away.
bool stays() {
  return *rc::gen::shrink(rc::gen::just(true), [](bool there) {
    return there ? rc::seq::just(false) : rc::Seq<bool>();
  });
}

// One scenario, every choice rapidcheck's. It shrinks choices in the order in which they were made and does not come
// back to an earlier one, so what takes away most is asked first.
zk2kraft::Scenario draw(const FaultProperty& property, const scenarios::Cluster& cluster) {
  const zk2kraft::Scenario& story = property.story;
  zk2kraft::Scenario drawn = story;
  drawn.clear_random_faults();
  drawn.clear_workload();
  // A disturbance is two directives at most: a torn tail and the crash that tears it.
  std::vector<bool> fault_stays(2 * static_cast<std::size_t>(story.random_faults().most()));
  for (std::size_t i = 0; i < fault_stays.size(); ++i) fault_stays[i] = stays();
  for (const zk2kraft::Workload& work : story.workload()) {
    if (stays()) *drawn.add_workload() = work;
  }
  drawn.set_seed(*rc::gen::inRange<std::uint64_t>(1, kSeeds + 1));
  sim::RapidcheckSource source;
  const auto directives = scenarios::random_faults(story, cluster, sim::ChoiceSource(source));
  for (std::size_t i = 0; i < directives.size(); ++i) {
    if (fault_stays.at(i)) drawn.add_faults(scenarios::print_fault(directives[i]));
  }
  return drawn;
}

// Judges draws, and remembers the smallest that fails: rapidcheck goes on only from what fails, so that is the last.
class Hunt {
 public:
  explicit Hunt(const FaultProperty& property) : property_(property) {}

  bool holds(const zk2kraft::Scenario& drawn) {
    if (shrinks_ > kMostShrinks) return true;
    if (!found_.name.empty()) ++shrinks_;
    const auto [known, is_new] = judged_.try_emplace(scenarios::print_scenario(drawn));
    if (is_new) known->second = judge(drawn);
    const Finding& finding = known->second;
    // While shrinking only the same finding counts, lest the story become another one.
    if (finding.name.empty() || (!found_.name.empty() && finding.name != found_.name)) return true;
    found_ = finding;
    smallest_ = drawn;
    return false;
  }

  std::size_t runs() const { return runs_; }
  const Finding& found() const { return found_; }
  const zk2kraft::Scenario& smallest() const { return smallest_; }

 private:
  Finding judge(const zk2kraft::Scenario& drawn) {
    ++runs_;
    const Finding finding = finding_of(drawn, property_.initial);
    if (finding.name.empty() || property_.defect.empty()) return finding;
    ++runs_;
    zk2kraft::Scenario without = drawn;
    without.mutable_cluster()->clear_defects();
    return is_good(without, property_.initial) ? finding : Finding{};
  }

  const FaultProperty& property_;
  std::map<std::string, Finding> judged_;
  Finding found_;
  zk2kraft::Scenario smallest_;
  std::size_t shrinks_ = 0;
  std::size_t runs_ = 0;
};

rc::detail::TestParams parameters(int cases) {
  rc::detail::TestParams parameters = rc::detail::configuration().testParams;
  const char* const said = std::getenv("RC_PARAMS");
  if (said == nullptr || std::string_view(said).find("max_success") == std::string_view::npos) {
    parameters.maxSuccess = cases;
  }
  return parameters;
}

std::filesystem::path write(const FaultProperty& property, const zk2kraft::Scenario& scenario) {
  const std::filesystem::path folder =
      std::filesystem::path(ZK2KRAFT_BINARY_DIR) / "counterexamples";
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / (property.name + ".txtpb");
  std::ofstream out(file);
  out << fmt::format("# zk2kraft run {} {}\n", file.filename().string(), property.source_options)
      << scenarios::print_scenario(scenario);
  if (!out.flush()) ADD_FAILURE() << file << " cannot be written";
  return file;
}

}  // namespace

std::optional<Counterexample> falsify(const FaultProperty& property, int cases) {
  FaultProperty with = property;
  if (!with.defect.empty()) with.story.mutable_cluster()->add_defects(with.defect);
  const auto cluster = scenarios::Cluster::plan(with.story, with.initial, {});
  sim::check(cluster.has_value(), "the story of a property fits its cluster");
  Hunt hunt(with);
  rc::detail::TestMetadata metadata;
  metadata.id = property.name;
  metadata.description = property.name;
  const auto result = rc::detail::checkTestable(
      [&] {
        // All draws are of full size: plans are small as they are.
        return hunt.holds(*rc::gen::resize(rc::kNominalSize,
                                           rc::gen::exec([&] { return draw(with, *cluster); })));
      },
      metadata, parameters(cases));
  if (result.is<rc::detail::SuccessResult>()) return std::nullopt;
  sim::check(result.is<rc::detail::FailureResult>(), "a property is not discarded");
  Counterexample found{
      .scenario = hunt.smallest(), .invariant = hunt.found().name, .runs = hunt.runs()};
  found.scenario.set_why(fmt::format("The smallest that the property {} found: {}", property.name,
                                     hunt.found().sentence));
  found.file = write(property, found.scenario);
  found.command = fmt::format("zk2kraft run {} {}", found.file.string(), property.source_options);
  return found;
}

std::string describe(const Counterexample& counterexample) {
  return fmt::format(
      "{} is broken, found and shrunk in {} runs to {} faults:\n{}\nrun it:  {}\nkeep it: "
      "scenarios/regressions/",
      counterexample.invariant, counterexample.runs, counterexample.scenario.faults_size(),
      scenarios::print_scenario(counterexample.scenario), counterexample.command);
}

}  // namespace tests
