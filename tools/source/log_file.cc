#include "tools/source/log_file.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

#include "migrate/status/log_story.h"
#include "zk/disk/input.h"

namespace tools {
namespace {

constexpr std::size_t kWindow = 1U << 16U;

// Hands the file's lines to the reader; the last one may lack its end.
void read_lines(zk::disk::Input& input, migrate::LogReader& reader) {
  std::string partial;
  while (const std::size_t size = input.left(kWindow)) {
    const auto bytes = input.take(size);
    if (!bytes) break;
    std::string_view window(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    while (true) {
      const std::size_t end = window.find('\n');
      if (end == std::string_view::npos) break;
      partial += window.substr(0, end);
      reader.add_line(partial);
      partial.clear();
      window.remove_prefix(end + 1);
    }
    partial += window;
  }
  if (!partial.empty()) reader.add_line(partial);
}

}  // namespace

sim::Expected<std::vector<migrate::LogEvent>> read_log_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored))
    return sim::refused(sim::Severity::Usage, file.string(), "there is no such log file",
                        "Give the log of a controller or broker, plain or .gz.");
  const auto compression =
      file.extension() == ".gz" ? zk::disk::Compression::Gzip : zk::disk::Compression::None;
  auto input = zk::disk::Input::open(file, compression);
  if (!input) return std::unexpected(std::move(input).error());
  migrate::LogReader reader(file.filename().string());
  read_lines(*input, reader);
  if (input->damage()) return std::unexpected(*input->damage());
  auto events = reader.finish();
  if (reader.lines() > 0 && reader.events() == 0)
    return sim::refused(sim::Severity::Malformed, file.string(),
                        "no line begins as Kafka's log4j layout writes it: [DATE TIME] LEVEL text "
                        "(logger)",
                        "Give a log in the layout of Kafka's own log4j.properties.");
  return events;
}

}  // namespace tools
