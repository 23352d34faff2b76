#include "scenarios/trace.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <ranges>
#include <set>
#include <sstream>

#include "scenarios/runner.h"
#include "scenarios/text.h"
#include "scenarios/trace_format.h"
#include "sim/kernel/trace.h"
#include "sim/kernel/world.h"

namespace scenarios {
namespace {

namespace fs = std::filesystem;

constexpr const char* kScenario = R"(
why: "Long enough for several blocks, with every kind of server."
cluster { zookeepers: 3 controllers: 1 brokers: 2 topics { name: "orders" partitions: 3 } }
workload { producer { topic: "orders" every: "200ms" } }
faults: "crash zk-2 at 8s for 2s"
operator { goal: "S1" }
)";

// What the kernel said, as the trace should say it.
struct Said {
  TraceEntry entry;
  std::string described;  // the payload
};

struct TracedRun {
  fs::path path;
  std::vector<Said> said;
  Outcome outcome;
};

Outcome run_small(std::uint64_t seed, std::vector<sim::Observer*> observers) {
  const auto scenario = parse_scenario(kScenario, "test");
  EXPECT_TRUE(scenario) << (scenario ? "" : sim::describe(scenario.error()));
  const auto initial = initial_from_topology(scenario->cluster(), {});
  EXPECT_TRUE(initial);
  auto outcome =
      run_scenario(*scenario, *initial, {.seed = seed, .observers = std::move(observers)}, {});
  EXPECT_TRUE(outcome) << (outcome ? "" : sim::describe(outcome.error()));
  return outcome ? std::move(*outcome) : Outcome{};
}

TraceAbout about(std::uint64_t seed) {
  return {.program = "test",
          .digest_format = kDigestFormat,
          .seed = seed,
          .scenario = kScenario,
          .source = "topology",
          .faults = {"one", "two"}};
}

TraceEnd end_of(const Outcome& outcome) {
  return {std::string(name_of(outcome.verdict)), outcome.digest, outcome.ended_at, outcome.events};
}

TracedRun trace(std::uint64_t seed, const std::string& name) {
  TracedRun run{.path = fs::path(testing::TempDir()) /
                        (name + "-" + std::to_string(getpid()) + ".trace")};
  auto writer = TraceWriter::create(run.path, about(seed));
  EXPECT_TRUE(writer);
  sim::TraceSink sink([&](const sim::TraceRecord& record, const sim::World& world) {
    const auto called = [&](sim::NodeId node) {
      return node == sim::kOperator ? std::string() : world.name_of(node);
    };
    Said said{.entry = {.id = record.id,
                        .cause = record.cause,
                        .at = record.at,
                        .kind = record.kind,
                        .node = called(record.node),
                        .peer = called(record.peer),
                        .text = record.text}};
    if (record.over != sim::kDatagram)
      said.entry.over = called(record.over.opener) + "/" + std::to_string(record.over.serial);
    if (record.payload) {
      said.entry.name = record.payload.name();
      said.entry.rule = record.payload.type().rule;
      said.described = record.payload.describe();
    }
    run.said.push_back(std::move(said));
  });
  run.outcome = run_small(seed, {writer->get(), &sink});
  const auto closed = (*writer)->finish(end_of(run.outcome));
  EXPECT_TRUE(closed);
  return run;
}

// One run for all tests that only read.
const TracedRun& traced() {
  static const TracedRun run = trace(3, "shared");
  return run;
}

TraceReader opened(const fs::path& path) {
  auto reader = TraceReader::open(path);
  EXPECT_TRUE(reader) << (reader ? "" : sim::describe(reader.error()));
  return std::move(*reader);
}

std::vector<TraceEntry> all_of(TraceReader& reader, const TraceReader::Range& range = {}) {
  std::vector<TraceEntry> entries;
  const auto read = reader.each(range, [&](const TraceEntry& entry) {
    entries.push_back(entry);
    return true;
  });
  EXPECT_TRUE(read) << (read ? "" : sim::describe(read.error()));
  return entries;
}

const std::vector<TraceEntry>& everything() {
  static const std::vector<TraceEntry> entries = [] {
    TraceReader reader = opened(traced().path);
    return all_of(reader);
  }();
  return entries;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

fs::path written(const std::string& bytes) {
  fs::path path = fs::path(testing::TempDir()) / ("other-" + std::to_string(getpid()) + ".trace");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return path;
}

TEST(Trace, EveryOccurrenceIsReadBackAsTheKernelSaidIt) {
  const auto& said = traced().said;
  ASSERT_EQ(everything().size(), said.size());
  ASSERT_GT(said.size(), 3500U) << "several blocks";
  std::set<sim::OccurrenceKind> kinds;
  for (std::size_t i = 0; i < said.size(); ++i) {
    TraceEntry read = everything()[i];
    kinds.insert(read.kind);
    // A message is described; a notice has fields, each of which its description names.
    if (read.kind == sim::OccurrenceKind::Noticed) {
      ASSERT_TRUE(read.fields.is_object()) << read.name << " is no notice that is listed";
      for (const auto& [name, value] : read.fields.items()) {
        EXPECT_NE(said[i].described.find(name + "="), std::string::npos) << said[i].described;
      }
    } else {
      EXPECT_EQ(read.description, said[i].entry.name.empty() ? "" : said[i].described);
    }
    read.description.clear();
    read.fields = nullptr;
    ASSERT_EQ(read, said[i].entry) << to_json(read) << to_json(said[i].entry);
  }
  EXPECT_GE(kinds.size(), 9U);
}

TEST(Trace, AboutAndEndAreReadBack) {
  const TraceReader reader = opened(traced().path);
  EXPECT_EQ(reader.about(), about(3));
  EXPECT_EQ(reader.end(), end_of(traced().outcome));
  EXPECT_FALSE(reader.flaw());
  EXPECT_EQ(reader.size(), traced().said.size());
}

TEST(Trace, FieldsOfANoticeAreTyped) {
  for (const TraceEntry& entry : everything()) {
    if (entry.name != "zk.Established") continue;
    EXPECT_TRUE(entry.fields.at("epoch").is_number()) << to_json(entry);
    EXPECT_FALSE(entry.rule.empty());
    return;
  }
  FAIL() << "no leader was established";
}

// Data of a znode or a record may be anything.
TEST(Trace, WhatIsNoTextIsKeptByteByByte) {
  const fs::path path = written("");
  {
    auto writer = TraceWriter::create(path, {.source = "/\xff"});
    ASSERT_TRUE(writer);
    const sim::World world(1, {});
    (*writer)->on({.id = sim::OccurrenceId(7), .at = sim::Instant(5), .text = "a\xff\xfe\x80"},
                  world);
    ASSERT_TRUE((*writer)->finish({}));
  }
  TraceReader reader = opened(path);
  EXPECT_EQ(reader.about().source, "/\xff");
  const auto entry = reader.occurrence(sim::OccurrenceId(7));
  ASSERT_TRUE(entry && entry->has_value()) << (entry ? "" : sim::describe(entry.error()));
  EXPECT_EQ((*entry)->text, "a\xff\xfe\x80");
}

TEST(Trace, WatchingChangesNoDigestAndTheSameSeedGivesTheSameBytes) {
  EXPECT_EQ(run_small(3, {}).digest, traced().outcome.digest);
  const TracedRun again = trace(3, "again");
  EXPECT_EQ(bytes_of(again.path), bytes_of(traced().path));
  fs::remove(again.path);
}

TEST(Trace, SeekingFindsWhatReadingItAllFinds) {
  TraceReader reader = opened(traced().path);
  const auto& all = everything();
  for (std::size_t i = 0; i < all.size(); i += 97) {
    const auto by_id = reader.occurrence(all[i].id);
    ASSERT_TRUE(by_id && by_id->has_value());
    EXPECT_EQ(**by_id, all[i]);
    const auto by_time = reader.at(all[i].at);
    ASSERT_TRUE(by_time && by_time->has_value());
    EXPECT_EQ(**by_time, *std::ranges::lower_bound(all, all[i].at, {}, &TraceEntry::at));
  }
  const auto is_none = [](const sim::Expected<std::optional<TraceEntry>>& found) {
    return found.has_value() && !found->has_value();
  };
  EXPECT_TRUE(is_none(reader.occurrence(sim::OccurrenceId(all.back().id.value() + 1))));
  EXPECT_TRUE(is_none(reader.occurrence(sim::OccurrenceId(0))));
  EXPECT_TRUE(is_none(reader.at(all.back().at + sim::Duration(1))));
}

TEST(Trace, ARangeHasWhatLiesInItAndNothingElse) {
  TraceReader reader = opened(traced().path);
  for (const char* node : {"", "zk-2", "broker-1", "nobody"}) {
    for (const std::int64_t second : {0, 7, 9}) {
      const TraceReader::Range range{sim::Instant(second * 1'000'000'000),
                                     sim::Instant((second + 1) * 1'000'000'000), node};
      std::vector<TraceEntry> expected;
      for (const TraceEntry& entry : everything()) {
        const bool named = range.node.empty() || entry.node == range.node;
        if (named && entry.at >= range.from && entry.at <= range.until) expected.push_back(entry);
      }
      EXPECT_EQ(all_of(reader, range), expected) << node << " " << second;
    }
  }
}

TEST(Trace, CausesLeadBackToAnOccurrenceWithoutOne) {
  TraceReader reader = opened(traced().path);
  const auto chain = reader.causes(everything().back().id);
  ASSERT_TRUE(chain);
  ASSERT_GT(chain->size(), 2U);
  for (std::size_t i = 0; i + 1 < chain->size(); ++i) {
    EXPECT_EQ((*chain)[i].cause, (*chain)[i + 1].id);
    EXPECT_GE((*chain)[i].at, (*chain)[i + 1].at);
  }
  EXPECT_TRUE(reader.causes(sim::OccurrenceId(999'999'999))->empty());
}

TEST(Trace, AWriterThatNeverFinishedLeavesAllThatItWasTold) {
  const fs::path path =
      fs::path(testing::TempDir()) / ("unfinished-" + std::to_string(getpid()) + ".trace");
  {
    auto writer = TraceWriter::create(path, about(3));
    ASSERT_TRUE(writer);
    run_small(3, {writer->get()});
  }
  TraceReader reader = opened(path);
  EXPECT_FALSE(reader.end());
  ASSERT_TRUE(reader.flaw());
  EXPECT_EQ(reader.flaw()->severity, sim::Severity::Unknown);
  EXPECT_EQ(all_of(reader), everything());
  EXPECT_EQ(*reader.occurrence(everything()[3000].id), everything()[3000]);
  fs::remove(path);
}

TEST(Trace, CutAnywhereItIsReadUpToTheLastWholeBlock) {
  const std::string whole = bytes_of(traced().path);
  std::size_t most = 0;
  for (std::size_t cut = 0; cut < whole.size(); cut += whole.size() / 37) {
    const auto reader = TraceReader::open(written(whole.substr(0, cut)));
    if (!reader) {
      EXPECT_LT(cut, 2000U) << "only without a header there is nothing to read";
      continue;
    }
    ASSERT_TRUE(reader->flaw());
    EXPECT_EQ(reader->flaw()->severity, sim::Severity::Unknown) << sim::describe(*reader->flaw());
    TraceReader readable = opened(written(whole.substr(0, cut)));
    const auto entries = all_of(readable);
    EXPECT_GE(entries.size(), most);
    most = entries.size();
    EXPECT_TRUE(std::ranges::equal(entries, everything() | std::views::take(entries.size())));
  }
  EXPECT_GT(most, everything().size() / 2);
  for (std::size_t lost = 1; lost <= trace::kTrailerBytes + 20; ++lost) {
    TraceReader reader = opened(written(whole.substr(0, whole.size() - lost)));
    ASSERT_TRUE(reader.flaw()) << lost;
    EXPECT_EQ(reader.flaw()->severity, sim::Severity::Unknown)
        << lost << sim::describe(*reader.flaw());
    EXPECT_EQ(reader.size(), everything().size());
  }
}

// A byte is changed: what is read is what was written, or a problem that says where.
TEST(Trace, ADamagedByteIsFoundOrHurtsNothing) {
  const std::string whole = bytes_of(traced().path);
  std::map<sim::OccurrenceId, const TraceEntry*> known;
  for (const TraceEntry& entry : everything()) known[entry.id] = &entry;
  std::size_t found = 0;
  std::vector<std::size_t> places{
      0, 8, 9, 12, 20, whole.size() - 1, whole.size() - 9, whole.size() - 16, whole.size() - 30};
  for (std::size_t place = 50; place < whole.size(); place += whole.size() / 41)
    places.push_back(place);
  for (const std::size_t place : places) {
    std::string bytes = whole;
    bytes[place] = static_cast<char>(bytes[place] ^ 0x41);
    std::optional<sim::Problem> problem;
    auto reader = TraceReader::open(written(bytes));
    if (!reader) {
      problem = reader.error();
    } else {
      const auto read = reader->each({}, [&](const TraceEntry& entry) {
        EXPECT_EQ(entry, *known.at(entry.id));
        return true;
      });
      problem = read ? reader->flaw() : std::optional(read.error());
    }
    ASSERT_TRUE(problem) << "byte " << place << " of " << whole.size();
    EXPECT_EQ(problem->severity, sim::Severity::Malformed)
        << place << ": " << sim::describe(*problem);
    ASSERT_TRUE(problem->place.offset) << place;
    EXPECT_LE(*problem->place.offset, place + trace::kTrailerBytes);
    ++found;
  }
  EXPECT_EQ(found, places.size());
}

TEST(Trace, AFileThatIsNoneIsSaidToBeNone) {
  EXPECT_FALSE(TraceReader::is_trace(written("hello")));
  EXPECT_TRUE(TraceReader::is_trace(traced().path));
  const auto none = TraceReader::open(written("hello"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().severity, sim::Severity::Malformed);
  EXPECT_EQ(TraceReader::open("/no/such/file").error().severity, sim::Severity::Usage);
  EXPECT_EQ(TraceWriter::create("/no/such/folder/x", {}).error().severity, sim::Severity::Usage);
}

}  // namespace
}  // namespace scenarios
