#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "sim/base/bytes.h"
#include "sim/base/problem.h"

namespace zk::disk {

// How the bytes of a snapshot are packed; a snapshot's name says it (".gz", ".snappy").
enum class Compression : std::uint8_t {
  None,
  Gzip,
  Snappy
};

// The unpacked bytes of a file, front to back, with the Adler-32 of all that was taken. Holds a
// window of the file, not the file: what a length field promises is only stored as far as the bytes
// are really there.
class Input {
 public:
  // A Problem when the file cannot be opened or does not start as its compression does.
  static sim::Expected<Input> open(const std::filesystem::path& file,
                                   Compression compression = Compression::None);
  // Of bytes in memory, which must outlive this.
  static Input of(sim::ByteView bytes);

  Input(Input&&) noexcept;
  Input& operator=(Input&&) noexcept;
  ~Input();

  // The next `count` bytes, valid until the next call; nothing (and nothing is taken) when fewer
  // are left.
  std::optional<sim::ByteView> take(std::size_t count);
  // How many bytes were taken: an offset in the unpacked bytes.
  std::uint64_t position() const;
  // Whether no byte is left. May read ahead.
  bool at_end();
  // How many bytes are left, at most `limit`. May read that far ahead.
  std::size_t left(std::size_t limit);
  // Adler-32 of every byte taken so far.
  std::uint32_t adler();
  // Why the packed bytes could not be unpacked or read any further, if that is why they ended.
  const std::optional<sim::Problem>& damage() const;

 private:
  class State;
  explicit Input(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Packs bytes as ZooKeeper does: gzip, or Xerial's snappy stream of blocks of 32 KiB.
sim::Bytes pack(sim::ByteView bytes, Compression compression);

// Adler-32 (zlib's), continuing `adler`; start with 1.
std::uint32_t adler32(std::uint32_t adler, sim::ByteView bytes);

// The whole file. A Problem when it cannot be read or has more than `limit` bytes.
sim::Expected<sim::Bytes> read_file(const std::filesystem::path& file, std::uint64_t limit);
// Writes a file in one go under a temporary name, then renames it. A Problem when the disk says no.
sim::Expected<void> write_file(const std::filesystem::path& file, sim::ByteView bytes);

}  // namespace zk::disk
