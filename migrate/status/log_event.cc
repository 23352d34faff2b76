#include "migrate/status/log_event.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace migrate {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether the text begins like the pattern, in which 'd' is a digit and ' ' a blank or a 'T'.
bool begins_like(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  return std::ranges::equal(text.substr(0, pattern.size()), pattern, [](char c, char p) {
    if (p == 'd') return is_digit(c);
    return c == p || (p == ' ' && c == 'T');
  });
}

void skip(std::string_view& text, std::string_view any_of) {
  text.remove_prefix(std::min(text.find_first_not_of(any_of), text.size()));
}

// Takes the time off the front; empty where there is none.
std::string take_time(std::string_view& line) {
  constexpr std::string_view kSeconds = "dddd-dd-dd dd:dd:dd";
  std::string_view rest = line;
  skip(rest, "[ ");
  if (!begins_like(rest, kSeconds)) return {};
  std::string time(rest.substr(0, kSeconds.size()));
  time[10] = ' ';
  rest.remove_prefix(kSeconds.size());
  if (!rest.empty() && (rest.front() == ',' || rest.front() == '.')) {
    rest.remove_prefix(1);
    std::string fraction(
        rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size())));
    rest.remove_prefix(fraction.size());
    fraction.resize(3, '0');
    time += ',' + fraction;
  }
  // A time zone: "Z", "+0100", "+01:00".
  if (!rest.empty() && (rest.front() == 'Z' || rest.front() == '+' || rest.front() == '-'))
    skip(rest, "Z+-:0123456789");
  skip(rest, "] ");
  line = rest;
  return time;
}

std::string take_level(std::string_view& line) {
  constexpr std::array<std::string_view, 6> kLevels{"TRACE", "DEBUG", "INFO",
                                                    "WARN",  "ERROR", "FATAL"};
  std::string_view rest = line;
  skip(rest, "[");
  for (const std::string_view level : kLevels) {
    if (!rest.starts_with(level)) continue;
    rest.remove_prefix(level.size());
    if (!rest.empty() && rest.front() != ' ' && rest.front() != ']') continue;
    if (!rest.empty() && rest.front() == ']') rest.remove_prefix(1);
    skip(rest, " ");
    line = rest;
    return std::string(level);
  }
  return {};
}

// Takes "(a.b.C)", or "(a.b.C) [thread]", off the end.
std::string take_logger(std::string_view& text) {
  std::string_view rest = text;
  while (!rest.empty() && (rest.back() == ' ' || rest.back() == '\r')) rest.remove_suffix(1);
  if (rest.ends_with(']')) {
    if (const std::size_t thread = rest.rfind(") ["); thread != std::string_view::npos)
      rest = rest.substr(0, thread + 1);
  }
  const std::size_t open = rest.rfind('(');
  if (!rest.ends_with(')') || open == std::string_view::npos) return {};
  const std::string_view logger = rest.substr(open + 1, rest.size() - open - 2);
  const bool is_name = logger.find(' ') == std::string_view::npos && !logger.empty();
  if (!is_name) return {};
  rest = rest.substr(0, open);
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  text = rest;
  return std::string(logger);
}

// "[QuorumController id=3000] …", "[RequestSendThread controllerId=3000] …"
std::optional<sim::BrokerId> node_of(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const std::string_view context = text.substr(0, text.find(']'));
  for (const std::string_view key : {" id=", "controllerId=", "nodeId=", "brokerId="}) {
    const std::size_t at = context.find(key);
    if (at == std::string_view::npos) continue;
    std::int32_t id = 0;
    const char* const first = context.data() + at + key.size();
    const auto read = std::from_chars(first, context.data() + context.size(), id);
    if (read.ec == std::errc()) return sim::BrokerId(id);
  }
  return std::nullopt;
}

}  // namespace

std::optional<LogEvent> parse_log_line(std::string_view line) {
  LogEvent event;
  event.time = take_time(line);
  if (event.time.empty()) return std::nullopt;
  event.level = take_level(line);
  if (event.level.empty()) return std::nullopt;
  event.logger = take_logger(line);
  event.node = node_of(line);
  event.text = std::string(line);
  return event;
}

}  // namespace migrate
