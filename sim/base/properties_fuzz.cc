#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/base/check.h"
#include "sim/base/properties.h"

// Any bytes at all: what is read is the file again byte for byte, and an edit is what is read next.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto file = sim::PropertiesFile::parse(bytes, "fuzz");
  if (!file) return 0;
  sim::check(file->text() == bytes, "a file that was read is written as it was");
  for (const char* key : {"broker.id", "", "a b"}) {
    file->set(key, " 1\n=2");
    const auto again = sim::PropertiesFile::parse(file->text(), "fuzz");
    sim::check(again && again->get(key) == " 1\n=2", "what was set is read");
  }
  sim::check(file->comment_out("broker.id") && !file->get("broker.id"), "a comment says nothing");
  const auto left = sim::PropertiesFile::parse(file->text(), "fuzz");
  sim::check(left && left->keys() == file->keys(), "the other entries stay");
  return 0;
}
