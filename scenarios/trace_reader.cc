#include <fmt/format.h>

#include <algorithm>

#include "scenarios/trace.h"
#include "scenarios/trace.pb.h"
#include "scenarios/trace_format.h"

namespace scenarios {
namespace {

using trace::FrameType;

struct BlockEntry {
  std::uint64_t offset = 0;
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  std::int64_t first_at = 0;
  std::int64_t last_at = 0;
  std::uint64_t occurrences = 0;
  std::vector<std::string> nodes;  // sorted
};

// Turns a block's messages into entries. What a sound checksum covers was written so; what is wrong
// all the same is answered with nothing, never with a read out of bounds.
class Decoder {
 public:
  explicit Decoder(const zk2kraft::TraceBlock& block) : block_(block) {}

  std::optional<std::vector<TraceEntry>> entries() {
    std::vector<TraceEntry> all;
    std::uint64_t id = 0;
    std::int64_t at = 0;
    for (const zk2kraft::TraceOccurrence& from : block_.occurrences()) {
      if (from.id_step() == 0 || from.kind() >= sim::kOccurrenceKinds) return std::nullopt;
      id += from.id_step();
      if (__builtin_add_overflow(at, from.time_step(), &at) || from.cause_back() > id)
        return std::nullopt;
      TraceEntry& entry = all.emplace_back();
      entry.id = sim::OccurrenceId(id);
      entry.cause = sim::OccurrenceId(from.cause_back() == 0 ? 0 : id - from.cause_back());
      entry.at = sim::Instant(at);
      entry.kind = static_cast<sim::OccurrenceKind>(from.kind());
      entry.node = string(from.node());
      entry.peer = string(from.peer());
      if (from.serial() != 0)
        entry.over = fmt::format("{}/{}", string(from.opener()), from.serial());
      entry.name = string(from.name());
      entry.rule = string(from.rule());
      entry.description = string(from.description());
      entry.text = string(from.text());
      if (from.has_fields()) entry.fields = fields(from.fields());
    }
    if (wrong_) return std::nullopt;
    return all;
  }

 private:
  std::string string(std::uint32_t number) {
    if (number == 0) return {};
    if (number > static_cast<std::uint32_t>(block_.strings_size())) {
      wrong_ = true;
      return {};
    }
    return block_.strings(static_cast<int>(number - 1));
  }
  FieldJson fields(const zk2kraft::TraceFields& from) {
    FieldJson object = FieldJson::object();
    for (const zk2kraft::TraceField& field : from.fields())
      object[string(field.name())] = value(field.value());
    return object;
  }
  FieldJson value(const zk2kraft::TraceValue& from) {
    switch (from.kind_case()) {
      case zk2kraft::TraceValue::kNumber:
        return from.number();
      case zk2kraft::TraceValue::kLarge:
        return from.large();
      case zk2kraft::TraceValue::kFlag:
        return from.flag();
      case zk2kraft::TraceValue::kText:
        return string(from.text());
      case zk2kraft::TraceValue::kFields:
        return fields(from.fields());
      case zk2kraft::TraceValue::kList: {
        FieldJson array = FieldJson::array();
        for (const zk2kraft::TraceValue& element : from.list().values())
          array.push_back(value(element));
        return array;
      }
      case zk2kraft::TraceValue::KIND_NOT_SET:
        return nullptr;
    }
    return nullptr;
  }

  const zk2kraft::TraceBlock& block_;
  bool wrong_ = false;
};

}  // namespace

struct TraceReader::State {
  explicit State(trace::FrameFile opened) : file(std::move(opened)) {}

  trace::FrameFile file;
  TraceAbout about;
  std::optional<TraceEnd> end;
  std::optional<sim::Problem> flaw;
  std::vector<BlockEntry> blocks;
  std::uint64_t occurrences = 0;
  // The block that was read last: seeking back along causes mostly stays in it.
  std::size_t cached = SIZE_MAX;
  std::shared_ptr<const std::vector<TraceEntry>> entries;

  sim::Expected<std::uint64_t> read_header();
  sim::Expected<void> read_index(std::uint64_t offset);
  void scan(std::uint64_t offset);
  std::optional<sim::Problem> without_end(std::uint64_t offset);
  sim::Expected<std::vector<TraceEntry>> read_block(std::uint64_t offset,
                                                    std::uint64_t* next = nullptr);
  sim::Expected<void> load(std::size_t block);
  sim::Expected<const TraceEntry*> entry(sim::OccurrenceId id);
};

sim::Expected<std::uint64_t> TraceReader::State::read_header() {
  const std::uint64_t offset = trace::kMagic.size();
  const auto frame = file.read(FrameType::Header, offset);
  if (!frame) return std::unexpected(frame.error());
  zk2kraft::TraceHeader header;
  if (!header.ParseFromString(frame->message)) {
    return std::unexpected(file.damaged(offset, "the header cannot be read."));
  }
  if (header.format() != trace::kFormat) {
    return std::unexpected(file.damaged(
        offset, fmt::format("this trace is of format {}; this program reads format {}.",
                            header.format(), trace::kFormat)));
  }
  about = {.program = header.program(),
           .digest_format = header.digest_format(),
           .seed = header.seed(),
           .scenario = header.scenario(),
           .source = header.source(),
           .faults = {header.faults().begin(), header.faults().end()}};
  return frame->next;
}

sim::Expected<void> TraceReader::State::read_index(std::uint64_t offset) {
  const std::uint64_t trailer_at = file.size() - trace::kTrailerBytes;
  if (offset + trace::kHeadBytes > trailer_at || offset > trailer_at) {
    return std::unexpected(file.damaged(trailer_at, "the end of the trace is damaged."));
  }
  const auto frame = file.read(FrameType::Index, offset);
  // A file with an end was written whole: whatever is missing now is damage.
  if (!frame) return std::unexpected(file.damaged(offset, frame.error().what));
  zk2kraft::TraceIndex index;
  bool sound = index.ParseFromString(frame->message);
  for (const zk2kraft::TraceBlockEntry& from : index.blocks()) {
    BlockEntry to{from.offset(),
                  from.first_id(),
                  from.last_id(),
                  from.first_at(),
                  from.last_at(),
                  from.occurrences(),
                  {}};
    const bool follows = blocks.empty() ||
                         (blocks.back().offset < to.offset && blocks.back().last_id < to.first_id &&
                          blocks.back().last_at <= to.first_at);
    sound = sound && follows && to.offset < offset && to.first_id <= to.last_id &&
            to.first_at <= to.last_at;
    for (const std::uint32_t node : from.nodes()) {
      if (node == 0 || node > static_cast<std::uint32_t>(index.nodes_size())) {
        sound = false;
        break;
      }
      to.nodes.push_back(index.nodes(static_cast<int>(node - 1)));
    }
    std::ranges::sort(to.nodes);
    occurrences += to.occurrences;
    blocks.push_back(std::move(to));
  }
  if (!sound) return std::unexpected(file.damaged(offset, "the index contradicts itself."));
  end = TraceEnd{index.verdict(), index.digest(), sim::Instant(index.ended_at()), index.events()};
  return {};
}

void TraceReader::State::scan(std::uint64_t offset) {
  while (offset < file.size()) {
    std::uint64_t next = 0;
    const auto block = read_block(offset, &next);
    if (!block) {
      flaw = without_end(offset).value_or(block.error());
      return;
    }
    BlockEntry to{.offset = offset, .occurrences = block->size()};
    for (const TraceEntry& from : *block) {
      if (const auto place = std::ranges::lower_bound(to.nodes, from.node);
          !from.node.empty() && (place == to.nodes.end() || *place != from.node)) {
        to.nodes.insert(place, from.node);
      }
    }
    if (!block->empty()) {
      to.first_id = block->front().id.value();
      to.last_id = block->back().id.value();
      to.first_at = block->front().at.nanoseconds();
      to.last_at = block->back().at.nanoseconds();
      occurrences += to.occurrences;
      blocks.push_back(std::move(to));
    }
    offset = next;
  }
  flaw = file.unfinished(offset);
}

// What is wrong if the blocks end here with an index, but the file has no trailer. Nothing if here
// is no index.
std::optional<sim::Problem> TraceReader::State::without_end(std::uint64_t offset) {
  const auto index = file.read(FrameType::Index, offset);
  if (!index) {
    if (index.error().severity == sim::Severity::Unknown) return file.unfinished(offset);
    return std::nullopt;
  }
  if (file.size() - index->next < trace::kTrailerBytes) return file.unfinished(offset);
  return file.damaged(index->next, "the end of the trace is damaged.");
}

sim::Expected<std::vector<TraceEntry>> TraceReader::State::read_block(std::uint64_t offset,
                                                                      std::uint64_t* next) {
  const auto frame = file.read(FrameType::Block, offset);
  if (!frame) return std::unexpected(frame.error());
  if (next != nullptr) *next = frame->next;
  zk2kraft::TraceBlock block;
  if (block.ParseFromString(frame->message)) {
    if (auto entries_of_block = Decoder(block).entries()) return std::move(*entries_of_block);
  }
  return std::unexpected(file.damaged(offset, "the block contradicts itself."));
}

sim::Expected<void> TraceReader::State::load(std::size_t block) {
  if (cached == block) return {};
  const BlockEntry& expected = blocks[block];
  auto read = read_block(expected.offset);
  if (!read) {
    sim::Problem problem = read.error();
    problem.severity = sim::Severity::Malformed;  // it was there when the index was made
    return std::unexpected(std::move(problem));
  }
  if (read->size() != expected.occurrences || read->empty() ||
      read->front().id.value() != expected.first_id ||
      read->back().id.value() != expected.last_id) {
    return std::unexpected(
        file.damaged(expected.offset, "the block is not the one that the index names."));
  }
  entries = std::make_shared<const std::vector<TraceEntry>>(std::move(*read));
  cached = block;
  return {};
}

// Null if there is none of this number. Alive until the next block is read.
sim::Expected<const TraceEntry*> TraceReader::State::entry(sim::OccurrenceId id) {
  const auto block = std::ranges::lower_bound(blocks, id.value(), {}, &BlockEntry::last_id);
  if (block == blocks.end()) return nullptr;
  if (auto loaded = load(static_cast<std::size_t>(block - blocks.begin())); !loaded) {
    return std::unexpected(loaded.error());
  }
  const auto found = std::ranges::lower_bound(*entries, id, {}, &TraceEntry::id);
  return found != entries->end() && found->id == id ? &*found : nullptr;
}

TraceReader::TraceReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader& TraceReader::operator=(TraceReader&&) noexcept = default;
TraceReader::~TraceReader() = default;

bool TraceReader::is_trace(const std::filesystem::path& path) {
  std::string begin(trace::kMagic.size(), '\0');
  std::ifstream(path, std::ios::binary)
      .read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return begin == trace::kMagic;
}

sim::Expected<TraceReader> TraceReader::open(const std::filesystem::path& path) {
  auto file = trace::FrameFile::open(path);
  if (!file) return std::unexpected(file.error());
  auto state = std::make_unique<State>(std::move(*file));
  const auto blocks = state->read_header();
  if (!blocks) return std::unexpected(blocks.error());
  if (const std::uint64_t index = state->file.index_offset(); index != 0) {
    if (auto read = state->read_index(index); !read) return std::unexpected(read.error());
  } else {
    state->scan(*blocks);
  }
  return TraceReader(std::move(state));
}

const TraceAbout& TraceReader::about() const {
  return state_->about;
}
const std::optional<TraceEnd>& TraceReader::end() const {
  return state_->end;
}
const std::optional<sim::Problem>& TraceReader::flaw() const {
  return state_->flaw;
}
std::uint64_t TraceReader::size() const {
  return state_->occurrences;
}
sim::Instant TraceReader::last_at() const {
  return sim::Instant(state_->blocks.empty() ? 0 : state_->blocks.back().last_at);
}

sim::Expected<std::optional<TraceEntry>> TraceReader::occurrence(sim::OccurrenceId id) {
  const auto found = state_->entry(id);
  if (!found) return std::unexpected(found.error());
  return *found == nullptr ? std::nullopt : std::optional(**found);
}

sim::Expected<std::optional<TraceEntry>> TraceReader::at(sim::Instant time) {
  std::optional<TraceEntry> found;
  const auto looked = each({.from = time}, [&](const TraceEntry& entry) {
    found = entry;
    return false;
  });
  if (!looked) return std::unexpected(looked.error());
  return found;
}

sim::Expected<std::vector<TraceEntry>> TraceReader::causes(sim::OccurrenceId id) {
  std::vector<TraceEntry> chain;
  // A cause comes before what it causes, so this ends.
  while (id.value() != 0) {
    const auto found = state_->entry(id);
    if (!found) return std::unexpected(found.error());
    if (*found == nullptr) break;
    chain.push_back(**found);
    id = chain.back().cause;
  }
  return chain;
}

sim::Expected<void> TraceReader::each(const Range& range,
                                      const std::function<bool(const TraceEntry&)>& visit) {
  const auto& blocks = state_->blocks;
  const auto first =
      std::ranges::lower_bound(blocks, range.from.nanoseconds(), {}, &BlockEntry::last_at);
  for (auto block = first; block != blocks.end() && block->first_at <= range.until.nanoseconds();
       ++block) {
    if (!range.node.empty() && !std::ranges::binary_search(block->nodes, range.node)) continue;
    if (auto loaded = state_->load(static_cast<std::size_t>(block - blocks.begin())); !loaded)
      return loaded;
    // What `visit` does with this reader must not take the list from under its feet.
    const auto entries = state_->entries;
    for (const TraceEntry& entry : *entries) {
      if (entry.at < range.from || entry.at > range.until) continue;
      if (!range.node.empty() && entry.node != range.node) continue;
      if (!visit(entry)) return {};
    }
  }
  return {};
}

FieldJson to_json(const TraceEntry& entry) {
  FieldJson json{{"id", entry.id.value()}};
  if (entry.cause.value() != 0) json["cause"] = entry.cause.value();
  json["atNs"] = entry.at.nanoseconds();
  json["at"] = sim::describe(entry.at);
  json["occurrence"] = std::string(sim::name_of(entry.kind));
  const auto say = [&](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = text;
  };
  say("node", entry.node);
  say("peer", entry.peer);
  say("over", entry.over);
  say("name", entry.name);
  say("rule", entry.rule);
  if (!entry.fields.is_null()) json["fields"] = entry.fields;
  say("description", entry.description);
  say("text", entry.text);
  return json;
}

}  // namespace scenarios
