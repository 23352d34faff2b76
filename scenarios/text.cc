#include "scenarios/text.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include "scenarios/durations.h"
#include "scenarios/fault_text.h"
#include "scenarios/mistake.h"
#include "scenarios/road.h"
#include "scenarios/znode_edit.h"
#include "sim/base/suggest.h"

namespace scenarios {
namespace {

namespace pb = google::protobuf;

// The field names of every message that the schema knows, for suggestions.
void collect_fields(const pb::Descriptor& message, std::set<std::string>& names,
                    std::set<const pb::Descriptor*>& seen) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    names.insert(message.field(i)->name());
    if (message.field(i)->message_type() != nullptr) {
      collect_fields(*message.field(i)->message_type(), names, seen);
    }
  }
}

// Names the fields of one message, or of all if it is not known.
std::vector<std::string> fields_of(std::string_view message_name) {
  const pb::Descriptor* const root = zk2kraft::Scenario::descriptor();
  const pb::Descriptor* const message =
      root->file()->pool()->FindMessageTypeByName(std::string(message_name));
  std::set<std::string> names;
  if (message != nullptr) {
    for (int i = 0; i < message->field_count(); ++i) names.insert(message->field(i)->name());
  } else {
    std::set<const pb::Descriptor*> seen;
    collect_fields(*root, names, seen);
  }
  return {names.begin(), names.end()};
}

// The part between the nth pair of double quotes.
std::string_view quoted(std::string_view sentence, int nth) {
  for (int i = 0;; ++i) {
    const std::size_t begin = sentence.find('"');
    if (begin == std::string_view::npos) return {};
    sentence.remove_prefix(begin + 1);
    const std::size_t end = sentence.find('"');
    if (end == std::string_view::npos) return {};
    if (i == nth) return sentence.substr(0, end);
    sentence.remove_prefix(end + 1);
  }
}

// Keeps the first error that the parser finds, said in our words.
class FirstError : public pb::io::ErrorCollector {
 public:
  explicit FirstError(std::string source) : source_(std::move(source)) {}
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    if (problem_) return;
    std::string what = message;
    std::string remedy =
        "See the schema (scenarios/scenario.proto, migrate/plan/plan.proto) for what may stand "
        "where.";
    if (message.find("has no field named") != std::string::npos) {
      const std::string_view type = quoted(message, 0);
      const std::string field(quoted(message, 1));
      const std::vector<std::string> names = fields_of(type);
      const std::vector<std::string_view> candidates(names.begin(), names.end());
      what = fmt::format("there is no field '{}' here.{}", field,
                         sim::did_you_mean(field, candidates));
      remedy = fmt::format("Fields of {}: {}.", type.substr(type.rfind('.') + 1),
                           fmt::join(names, ", "));
      column -= static_cast<int>(field.size());  // the parser stands behind the name
    }
    problem_ =
        sim::Problem{sim::Severity::Usage, place(line, column), std::move(what), std::move(remedy)};
  }
  const std::optional<sim::Problem>& problem() const { return problem_; }

 private:
  sim::Place place(int line, int column) const {
    return {.source = source_,
            .line = static_cast<std::uint32_t>(line < 0 ? 1 : line + 1),
            .column = static_cast<std::uint32_t>(column < 0 ? 1 : column + 1)};
  }
  std::string source_;
  std::optional<sim::Problem> problem_;
};

const std::set<std::string_view>& duration_fields() {
  static const std::set<std::string_view> names{"time_limit",
                                                "zookeeper_session_timeout",
                                                "broker_session_timeout",
                                                "floor",
                                                "mean",
                                                "up_to",
                                                "every",
                                                "patience",
                                                "at",
                                                "after",
                                                "from",
                                                "until",
                                                "within",
                                                "longest",
                                                "stay",
                                                "rest",
                                                "backoff",
                                                "delay",
                                                "commit_interval",
                                                "linger",
                                                "processing"};
  return names;
}

// Checks what the schema cannot say: that durations are durations and faults are faults.
class Values {
 public:
  explicit Values(std::string source) : source_(std::move(source)) {}

  std::optional<sim::Problem> check(const pb::Message& message,
                                    const pb::TextFormat::ParseInfoTree* tree) {
    const pb::Reflection& reflection = *message.GetReflection();
    std::vector<const pb::FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        const int index = field->is_repeated() ? i : -1;
        if (auto problem = check_one(message, *field, index, tree)) return problem;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<sim::Problem> check_one(const pb::Message& message,
                                        const pb::FieldDescriptor& field, int index,
                                        const pb::TextFormat::ParseInfoTree* tree) {
    const pb::Reflection& reflection = *message.GetReflection();
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field.is_map()) return std::nullopt;
      const pb::Message& inner = index < 0 ? reflection.GetMessage(message, &field)
                                           : reflection.GetRepeatedMessage(message, &field, index);
      return check(inner, tree == nullptr ? nullptr : tree->GetTreeForNested(&field, index));
    }
    if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING) return std::nullopt;
    const std::string text = index < 0 ? reflection.GetString(message, &field)
                                       : reflection.GetRepeatedString(message, &field, index);
    const sim::Place place = place_of(field, index, tree);
    const bool is_scenario = field.file() == zk2kraft::Scenario::descriptor()->file();
    if (is_scenario && duration_fields().contains(field.name()) && !text.empty() &&
        !parse_duration(text)) {
      return sim::Problem{sim::Severity::Usage, place,
                          fmt::format("'{}' is no duration, which {} must be.", text, field.name()),
                          "Write a number and a unit: 250ms, 10s, 2m, 1m30s."};
    }
    return check_words(field.full_name(), text, place);
  }

  // Fields whose text has a grammar of its own.
  static std::optional<sim::Problem> check_words(std::string_view field, const std::string& text,
                                                 const sim::Place& place) {
    const auto problem_of = [](const auto& read) {
      return read ? std::nullopt : std::optional(read.error());
    };
    if (field == "zk2kraft.Scenario.faults") return problem_of(parse_fault(text, place));
    if (field == "zk2kraft.Operator.then") return problem_of(parse_road(text, place));
    if (field == "zk2kraft.Operator.mistakes") return problem_of(parse_mistake(text, place));
    if (field == "zk2kraft.Operator.edits") return problem_of(parse_edit(text, place));
    const bool is_phase = field == "zk2kraft.Operator.goal" || field == "zk2kraft.Expect.phase" ||
                          field == "zk2kraft.Expect.stuck_in";
    if (is_phase && !text.empty()) return problem_of(parse_step(text, place));
    return std::nullopt;
  }

  sim::Place place_of(const pb::FieldDescriptor& field, int index,
                      const pb::TextFormat::ParseInfoTree* tree) const {
    sim::Place place{.source = source_};
    if (tree == nullptr) return place;
    const auto at = tree->GetLocation(&field, index);
    if (at.line >= 0) {
      place.line = static_cast<std::uint32_t>(at.line + 1);
      place.column = static_cast<std::uint32_t>(at.column + 1);
    }
    return place;
  }

  std::string source_;
};

}  // namespace

namespace {

sim::Expected<void> parse(std::string_view text, const std::string& source, pb::Message& message) {
  FirstError first_error(source);
  pb::TextFormat::ParseInfoTree tree;
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&first_error);
  parser.WriteLocationsTo(&tree);
  if (!parser.ParseFromString(std::string(text), &message)) {
    if (first_error.problem()) return std::unexpected(*first_error.problem());
    return std::unexpected(
        sim::Problem{sim::Severity::Usage, {.source = source}, "this is no scenario.", ""});
  }
  if (auto problem = Values(source).check(message, &tree)) return std::unexpected(*problem);
  return {};
}

sim::Expected<std::string> text_of(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  if (in) text << in.rdbuf();
  if (!in || text.fail()) {
    return std::unexpected(sim::Problem{
        sim::Severity::Usage,
        {.source = path},
        "the scenario file cannot be read.",
        "Those that come with zk2kraft are under scenarios/, e.g. scenarios/plain.txtpb."});
  }
  return text.str();
}

}  // namespace

sim::Expected<zk2kraft::Scenario> parse_scenario(std::string_view text, const std::string& source) {
  zk2kraft::Scenario scenario;
  if (auto parsed = parse(text, source, scenario); !parsed) return std::unexpected(parsed.error());
  if (scenario.why().empty()) {
    return std::unexpected(
        sim::Problem{sim::Severity::Usage,
                     {.source = source},
                     "the scenario has no why.",
                     "Begin with why: \"what the reader shall learn from this run\"."});
  }
  return scenario;
}

sim::Expected<zk2kraft::Scenario> read_scenario(const std::string& path) {
  const auto text = text_of(path);
  return text ? parse_scenario(*text, path) : std::unexpected(text.error());
}

sim::Expected<void> read_message(const std::string& path, pb::Message& message) {
  const auto text = text_of(path);
  return text ? parse(*text, path, message) : std::unexpected(text.error());
}

std::string print_scenario(const zk2kraft::Scenario& scenario) {
  std::string text;
  pb::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.PrintToString(scenario, &text);
  return text;
}

}  // namespace scenarios
