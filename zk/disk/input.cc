#include "zk/disk/input.h"

#include <fmt/format.h>
#include <snappy.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>
#include <variant>

#include "sim/base/check.h"
#include "sim/base/match.h"

namespace zk::disk {
namespace {

using sim::Bytes;
using sim::ByteView;
using sim::Expected;
using sim::Problem;

constexpr std::size_t kChunk = 256 * 1024;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Problem cannot(std::string_view verb, const std::filesystem::path& file) {
  const std::string why = std::error_code(errno, std::generic_category()).message();
  return {.severity = sim::Severity::Malformed,
          .place = {.source = file.string()},
          .what = fmt::format("cannot {} this file: {}", verb, why),
          .remedy = "Check the path and the permissions."};
}

// Reads on until `into` is full or the file ends.
std::size_t read_some(std::FILE* file, std::span<std::uint8_t> into) {
  return std::fread(into.data(), 1, into.size(), file);
}

// Each source below appends the next bytes to a buffer and says whether there may be more; what
// stops it early is in `damage`.
struct MemorySource {
  ByteView bytes;
  bool read_into(Bytes& buffer, std::string&) {
    const std::size_t count = std::min(bytes.size(), kChunk);
    buffer.insert(buffer.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    return !bytes.empty();
  }
};

struct PlainSource {
  File file;
  bool read_into(Bytes& buffer, std::string& damage) {
    const std::size_t before = buffer.size();
    buffer.resize(before + kChunk);
    const std::size_t count = read_some(file.get(), std::span(buffer).subspan(before));
    buffer.resize(before + count);
    if (std::ferror(file.get()) != 0)
      damage = "reading failed: an error of the disk or file system";
    return count == kChunk;
  }
};

struct GzipSource {
  explicit GzipSource(File from) : file(std::move(from)), stream(std::make_unique<z_stream>()) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    sim::check(inflateInit2(stream.get(), kGzipOnly) == Z_OK, "zlib has memory for its window");
  }
  GzipSource(GzipSource&&) = default;
  GzipSource& operator=(GzipSource&&) = delete;
  ~GzipSource() {
    if (stream) inflateEnd(stream.get());
  }
  bool read_into(Bytes& buffer, std::string& damage) {
    if (stream->avail_in == 0) {
      stream->next_in = packed.data();
      stream->avail_in = static_cast<uInt>(read_some(file.get(), packed));
      if (stream->avail_in == 0) {
        damage = "the gzip stream ends too early";
        return false;
      }
    }
    const std::size_t before = buffer.size();
    buffer.resize(before + kChunk);
    stream->next_out = buffer.data() + before;
    stream->avail_out = kChunk;
    const int rc = inflate(stream.get(), Z_NO_FLUSH);
    buffer.resize(before + kChunk - stream->avail_out);
    if (rc == Z_STREAM_END) return false;
    if (rc != Z_OK && rc != Z_BUF_ERROR) {
      damage = fmt::format("the gzip stream is damaged: {}",
                           stream->msg != nullptr ? stream->msg : "no reason given");
      return false;
    }
    return true;
  }
  File file;
  std::unique_ptr<z_stream> stream;
  std::array<std::uint8_t, 16 * 1024> packed{};
};

// Xerial's framing: magic, two versions, then blocks of a length and raw snappy.
constexpr std::array<std::uint8_t, 8> kSnappyMagic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t kSnappyBlock = 32 * 1024;

struct SnappySource {
  File file;
  bool read_into(Bytes& buffer, std::string& damage) {
    std::array<std::uint8_t, 4> length_bytes{};
    const std::size_t got = read_some(file.get(), length_bytes);
    if (got == 0) return false;
    const std::uint32_t length = sim::ByteReader(length_bytes).u32().value_or(0);
    // Real blocks are of 32 KiB unpacked; one of many times that is damage, not something to make
    // room for.
    constexpr std::uint32_t kMost = 16 * 1024 * 1024;
    Bytes packed(got == 4 ? std::min(length, kMost) : 0);
    if (got < 4 || length > kMost || read_some(file.get(), packed) != length) {
      damage = "the snappy stream ends too early or a block's length is damaged";
      return false;
    }
    const char* const raw = reinterpret_cast<const char*>(packed.data());
    std::size_t unpacked = 0;
    // Snappy makes at most 64 bytes of 3.
    if (!snappy::GetUncompressedLength(raw, packed.size(), &unpacked) ||
        unpacked > 64 * (packed.size() + 1)) {
      damage = "a block of the snappy stream is damaged";
      return false;
    }
    const std::size_t before = buffer.size();
    buffer.resize(before + unpacked);
    if (!snappy::RawUncompress(raw, packed.size(),
                               reinterpret_cast<char*>(buffer.data() + before))) {
      buffer.resize(before);
      damage = "a block of the snappy stream is damaged";
      return false;
    }
    return true;
  }
};

}  // namespace

std::uint32_t adler32(std::uint32_t adler, ByteView bytes) {
  uLong sum = adler;
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min<std::size_t>(bytes.size(), 1U << 30));
    sum = ::adler32(sum, part.data(), static_cast<uInt>(part.size()));
    bytes = bytes.subspan(part.size());
  }
  return static_cast<std::uint32_t>(sum);
}

class Input::State {
 public:
  using Source = std::variant<MemorySource, PlainSource, GzipSource, SnappySource>;
  State(Source source, std::string name) : source_(std::move(source)), name_(std::move(name)) {}

  std::optional<ByteView> take(std::size_t count) {
    if (!fill(count)) return std::nullopt;
    const ByteView taken = ByteView(buffer_).subspan(next_, count);
    next_ += count;
    return taken;
  }
  std::uint64_t position() const { return before_ + next_; }
  std::size_t left(std::size_t limit) {
    fill(limit);
    return std::min(limit, buffer_.size() - next_);
  }
  std::uint32_t adler() {
    adler_ = disk::adler32(adler_, ByteView(buffer_).subspan(summed_, next_ - summed_));
    summed_ = next_;
    return adler_;
  }
  const std::optional<Problem>& damage() const { return damage_; }

 private:
  // Makes `count` bytes available from `next_` on; false when the source ends before.
  bool fill(std::size_t count) {
    if (buffer_.size() - next_ >= count) return true;
    adler();
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(next_));
    before_ += next_;
    next_ = summed_ = 0;
    while (more_ && buffer_.size() < count) {
      std::string why;
      more_ = std::visit([&](auto& source) { return source.read_into(buffer_, why); }, source_);
      if (!why.empty()) {
        more_ = false;
        damage_ = Problem{.place = {.source = name_, .offset = before_ + buffer_.size()},
                          .what = why + " (the offset counts unpacked bytes)",
                          .remedy = "Copy the file again, or use an older snapshot."};
      }
    }
    return buffer_.size() >= count;
  }

  Source source_;
  std::string name_;
  Bytes buffer_;
  std::size_t next_ = 0;    // in the buffer
  std::size_t summed_ = 0;  // in the buffer: up to here `adler_` counts
  std::uint64_t before_ = 0;
  std::uint32_t adler_ = 1;
  bool more_ = true;
  std::optional<Problem> damage_;
};

Input::Input(std::unique_ptr<State> state) : state_(std::move(state)) {}
Input::Input(Input&&) noexcept = default;
Input& Input::operator=(Input&&) noexcept = default;
Input::~Input() = default;

Input Input::of(ByteView bytes) {
  return Input(std::make_unique<State>(MemorySource{bytes}, "memory"));
}

Expected<Input> Input::open(const std::filesystem::path& path, Compression compression) {
  errno = 0;
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return std::unexpected(cannot("read", path));
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    errno = EISDIR;
    return std::unexpected(cannot("read", path));
  }
  switch (compression) {
    case Compression::None:
      return Input(std::make_unique<State>(PlainSource{std::move(file)}, path.string()));
    case Compression::Gzip:
      return Input(std::make_unique<State>(GzipSource(std::move(file)), path.string()));
    case Compression::Snappy:
      break;
  }
  std::array<std::uint8_t, 16> header{};
  if (read_some(file.get(), header) != header.size() ||
      !std::equal(kSnappyMagic.begin(), kSnappyMagic.end(), header.begin())) {
    return std::unexpected(Problem{.place = {.source = path.string(), .offset = 0},
                                   .what = "this is no snappy stream: its first bytes are wrong",
                                   .remedy = "Copy the file again, or use an older snapshot."});
  }
  return Input(std::make_unique<State>(SnappySource{std::move(file)}, path.string()));
}

std::optional<ByteView> Input::take(std::size_t count) {
  return state_->take(count);
}
std::uint64_t Input::position() const {
  return state_->position();
}
bool Input::at_end() {
  return state_->left(1) == 0;
}
std::size_t Input::left(std::size_t limit) {
  return state_->left(limit);
}
std::uint32_t Input::adler() {
  return state_->adler();
}
const std::optional<Problem>& Input::damage() const {
  return state_->damage();
}

namespace {

Bytes gzip(ByteView bytes) {
  z_stream stream{};
  constexpr int kGzipFraming = 16 + MAX_WBITS;
  sim::check(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipFraming, 8,
                          Z_DEFAULT_STRATEGY) == Z_OK,
             "zlib has memory for its window");
  Bytes packed;
  int rc = Z_OK;
  while (rc != Z_STREAM_END) {
    if (stream.avail_in == 0 && !bytes.empty()) {
      const ByteView part = bytes.first(std::min<std::size_t>(bytes.size(), 1U << 30));
      stream.next_in = const_cast<Bytef*>(part.data());  // zlib reads only
      stream.avail_in = static_cast<uInt>(part.size());
      bytes = bytes.subspan(part.size());
    }
    const std::size_t before = packed.size();
    packed.resize(before + kChunk);
    stream.next_out = packed.data() + before;
    stream.avail_out = kChunk;
    rc = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    packed.resize(before + kChunk - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

Bytes xerial_snappy(ByteView bytes) {
  sim::ByteWriter out;
  out.append(ByteView(kSnappyMagic));
  out.u32(1);  // version
  out.u32(1);  // oldest version that can read it
  while (!bytes.empty()) {
    const ByteView block = bytes.first(std::min(bytes.size(), kSnappyBlock));
    std::string packed;
    snappy::Compress(reinterpret_cast<const char*>(block.data()), block.size(), &packed);
    out.u32(static_cast<std::uint32_t>(packed.size()));
    out.append(packed);
    bytes = bytes.subspan(block.size());
  }
  return out.take();
}

}  // namespace

Bytes pack(ByteView bytes, Compression compression) {
  switch (compression) {
    case Compression::None:
      return Bytes(bytes.begin(), bytes.end());
    case Compression::Gzip:
      return gzip(bytes);
    case Compression::Snappy:
      return xerial_snappy(bytes);
  }
  sim::unreachable("every compression is handled");
}

Expected<Bytes> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  auto input = Input::open(path);
  if (!input) return std::unexpected(input.error());
  std::error_code ignored;
  const std::uint64_t size = std::filesystem::file_size(path, ignored);
  if (ignored || size > limit) {
    return std::unexpected(Problem{
        .place = {.source = path.string()},
        .what = fmt::format("this file is larger than the {} bytes that can be meant here", limit),
        .remedy = ""});
  }
  const auto bytes = input->take(input->left(static_cast<std::size_t>(size)));
  if (input->damage()) return std::unexpected(*input->damage());
  return Bytes(bytes->begin(), bytes->end());
}

Expected<void> write_file(const std::filesystem::path& path, ByteView bytes) {
  errno = 0;
  const std::filesystem::path temporary = path.string() + ".tmp";
  {
    File file(std::fopen(temporary.c_str(), "wb"));
    if (!file) return std::unexpected(cannot("write", temporary));
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size() ||
        std::fflush(file.get()) != 0) {
      return std::unexpected(cannot("write", temporary));
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    errno = error.value();
    return std::unexpected(cannot("write", path));
  }
  return {};
}

}  // namespace zk::disk
