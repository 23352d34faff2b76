#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "scenarios/notice_fields.h"
#include "scenarios/trace.h"
#include "scenarios/trace.pb.h"
#include "scenarios/trace_format.h"
#include "sim/base/check.h"
#include "sim/kernel/world.h"

namespace scenarios {
namespace {

// A block is what a seek has to decode, and what a kill may lose.
constexpr int kMostOccurrences = 1024;
constexpr std::size_t kMostStringBytes = 1U << 20;

// Numbers strings from 1 as they come; each is kept once.
class Strings {
 public:
  std::uint32_t number(std::string_view text) {
    if (text.empty()) return 0;
    const auto known = numbers_.find(text);
    if (known != numbers_.end()) return known->second;
    bytes_ += text.size();
    const auto next = static_cast<std::uint32_t>(numbers_.size() + 1);
    numbers_.emplace(text, next);
    return next;
  }
  std::size_t bytes() const { return bytes_; }
  template <class Repeated>
  void move_to(Repeated& list) {
    std::vector<std::string_view> ordered(numbers_.size());
    for (const auto& [text, number] : numbers_) ordered[number - 1] = text;
    for (const std::string_view text : ordered) list.Add(std::string(text));
    numbers_.clear();
    bytes_ = 0;
  }

 private:
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::size_t bytes_ = 0;
};

void write_fields(zk2kraft::TraceFields& to, const FieldJson& object, Strings& strings);

void write_value(zk2kraft::TraceValue& to, const FieldJson& value, Strings& strings) {
  if (value.is_boolean()) {
    to.set_flag(value.get<bool>());
  } else if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) {
    to.set_large(value.get<std::uint64_t>());
  } else if (value.is_number()) {
    to.set_number(value.get<std::int64_t>());
  } else if (value.is_string()) {
    to.set_text(strings.number(value.get_ref<const std::string&>()));
  } else if (value.is_array()) {
    for (const FieldJson& element : value)
      write_value(*to.mutable_list()->add_values(), element, strings);
    if (value.empty()) to.mutable_list();
  } else if (value.is_object()) {
    write_fields(*to.mutable_fields(), value, strings);
  }
}

void write_fields(zk2kraft::TraceFields& to, const FieldJson& object, Strings& strings) {
  for (const auto& [name, value] : object.items()) {
    auto& field = *to.add_fields();
    field.set_name(strings.number(name));
    write_value(*field.mutable_value(), value, strings);
  }
}

}  // namespace

struct TraceWriter::State {
  std::string path;
  std::ofstream out;
  std::uint64_t offset = 0;  // where the next byte goes
  zk2kraft::TraceIndex index;
  Strings nodes;  // of the index
  // The open block.
  zk2kraft::TraceBlock block;
  Strings strings;
  std::set<std::uint32_t> block_nodes;
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  std::int64_t first_at = 0;
  std::int64_t last_at = 0;
  bool finished = false;

  void write(const std::string& bytes) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    offset += bytes.size();
  }
  std::uint32_t named(const sim::World& world, sim::NodeId node) {
    return node == sim::kOperator ? 0 : strings.number(world.name_of(node));
  }
  void add(const sim::Occurrence& occurrence, const sim::World& world);
  void close_block();
};

void TraceWriter::State::add(const sim::Occurrence& occurrence, const sim::World& world) {
  auto& to = *block.add_occurrences();
  const std::uint64_t id = occurrence.id.value();
  const std::int64_t at = occurrence.at.nanoseconds();
  if (block.occurrences_size() == 1) {
    first_id = id;
    first_at = at;
    last_id = 0;
    last_at = 0;
  }
  to.set_id_step(id - std::exchange(last_id, id));
  to.set_time_step(at - std::exchange(last_at, at));
  if (occurrence.cause.value() != 0) to.set_cause_back(id - occurrence.cause.value());
  to.set_kind(static_cast<std::uint32_t>(occurrence.kind));
  to.set_node(named(world, occurrence.node));
  to.set_peer(named(world, occurrence.peer));
  if (occurrence.node != sim::kOperator) {
    block_nodes.insert(nodes.number(world.name_of(occurrence.node)));
  }
  if (occurrence.over != sim::kDatagram) {
    to.set_opener(named(world, occurrence.over.opener));
    to.set_serial(occurrence.over.serial);
  }
  to.set_text(strings.number(occurrence.text));
  if (occurrence.payload == nullptr || !*occurrence.payload) return;
  const sim::Payload& payload = *occurrence.payload;
  to.set_name(strings.number(payload.name()));
  to.set_rule(strings.number(payload.type().rule));
  if (const auto fields = notice_fields(payload)) {
    write_fields(*to.mutable_fields(), *fields, strings);
  } else {
    to.set_description(strings.number(payload.describe()));
  }
}

void TraceWriter::State::close_block() {
  if (block.occurrences_size() == 0) return;
  auto& entry = *index.add_blocks();
  entry.set_offset(offset);
  entry.set_first_id(first_id);
  entry.set_last_id(last_id);
  entry.set_first_at(first_at);
  entry.set_last_at(last_at);
  entry.set_occurrences(static_cast<std::uint64_t>(block.occurrences_size()));
  for (const std::uint32_t node : block_nodes) entry.add_nodes(node);
  strings.move_to(*block.mutable_strings());
  write(trace::framed(trace::FrameType::Block, block.SerializeAsString()));
  block.Clear();
  block_nodes.clear();
}

TraceWriter::TraceWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

TraceWriter::~TraceWriter() {
  if (!state_->finished) state_->close_block();
}

sim::Expected<std::unique_ptr<TraceWriter>> TraceWriter::create(const std::filesystem::path& path,
                                                                const TraceAbout& about) {
  auto state = std::make_unique<State>();
  state->path = path.string();
  state->out.open(path, std::ios::binary | std::ios::trunc);
  zk2kraft::TraceHeader header;
  header.set_format(trace::kFormat);
  header.set_program(about.program);
  header.set_digest_format(about.digest_format);
  header.set_seed(about.seed);
  header.set_scenario(about.scenario);
  header.set_source(about.source);
  for (const std::string& fault : about.faults) header.add_faults(fault);
  state->write(std::string(trace::kMagic) +
               trace::framed(trace::FrameType::Header, header.SerializeAsString()));
  if (!state->out) {
    return std::unexpected(sim::Problem{sim::Severity::Usage,
                                        {.source = state->path},
                                        "the trace cannot be written.",
                                        "Name a file in a folder that exists and has room."});
  }
  return std::unique_ptr<TraceWriter>(new TraceWriter(std::move(state)));
}

void TraceWriter::on(const sim::Occurrence& occurrence, const sim::World& world) {
  sim::check(!state_->finished, "a trace that is closed takes no more");
  state_->add(occurrence, world);
  if (state_->block.occurrences_size() >= kMostOccurrences ||
      state_->strings.bytes() >= kMostStringBytes) {
    state_->close_block();
  }
}

sim::Expected<void> TraceWriter::finish(const TraceEnd& end) {
  state_->close_block();
  state_->finished = true;
  zk2kraft::TraceIndex& index = state_->index;
  state_->nodes.move_to(*index.mutable_nodes());
  index.set_verdict(end.verdict);
  index.set_digest(end.digest);
  index.set_ended_at(end.ended_at.nanoseconds());
  index.set_events(end.events);
  const std::uint64_t at = state_->offset;
  state_->write(trace::framed(trace::FrameType::Index, index.SerializeAsString()) +
                trace::trailer(at));
  state_->out.close();
  if (state_->out) return {};
  return std::unexpected(sim::Problem{sim::Severity::Usage,
                                      {.source = state_->path},
                                      "the trace could not be written to its end.",
                                      "Make room and run the same command again."});
}

}  // namespace scenarios
