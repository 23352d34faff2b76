#include "sim/kafka/disk/compression.h"

#include <fmt/format.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "sim/base/check.h"

namespace sim {
namespace {

constexpr std::size_t kGrowBytes = 64U << 10;

Expected<void> bad_stream(Compression compression, std::string_view why) {
  return std::unexpected(Problem{
      .severity = Severity::Malformed,
      .place = {},
      .what = fmt::format("the batch's {} stream is damaged: {}", name_of(compression), why),
      .remedy = {}});
}

// Room for the next bytes of a stream whose size is unknown; false where it has grown too large.
bool grow(Bytes& out) {
  const std::size_t more =
      std::min(std::max(out.size(), kGrowBytes), kMostUnpackedBytes - out.size());
  if (more == 0) return false;
  out.resize(out.size() + more);
  return true;
}

Expected<void> unzip(ByteView packed, Bytes& out) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  check(inflateInit2(&stream, kGzipOnly) == Z_OK, "zlib has memory for its window");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ended(&stream, &inflateEnd);
  // zlib does not change its input, but takes no pointer to const.
  stream.next_in =
      const_cast<Bytef*>(packed.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  stream.avail_in = static_cast<uInt>(packed.size());
  std::size_t have = 0;
  for (;;) {
    if (have == out.size() && !grow(out)) return bad_stream(Compression::Gzip, "it is too large");
    const std::size_t room = out.size() - have;
    stream.next_out = out.data() + have;
    stream.avail_out = static_cast<uInt>(room);
    const int rc = inflate(&stream, Z_NO_FLUSH);
    have += room - stream.avail_out;
    if (rc == Z_STREAM_END) break;
    if (rc == Z_BUF_ERROR || (rc == Z_OK && stream.avail_in == 0 && stream.avail_out != 0))
      return bad_stream(Compression::Gzip, "it ends too early");
    if (rc != Z_OK)
      return bad_stream(Compression::Gzip, stream.msg != nullptr ? stream.msg : "no reason given");
  }
  out.resize(have);
  return {};
}

Expected<void> unsnap_block(ByteView block, Bytes& out) {
  const char* const raw = reinterpret_cast<const char*>(block.data());
  std::size_t size = 0;
  // Snappy makes at most 64 bytes of 3.
  if (!snappy::GetUncompressedLength(raw, block.size(), &size) || size > 64 * (block.size() + 1) ||
      size > kMostUnpackedBytes - out.size()) {
    return bad_stream(Compression::Snappy, "a block's length makes no sense");
  }
  const std::size_t before = out.size();
  out.resize(before + size);
  if (!snappy::RawUncompress(raw, block.size(), reinterpret_cast<char*>(out.data() + before)))
    return bad_stream(Compression::Snappy, "a block cannot be unpacked");
  return {};
}

// Xerial's framing: magic, two versions, then blocks of a length and raw snappy.
constexpr std::array<std::uint8_t, 8> kXerialMagic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t kXerialHeaderBytes = 16;
constexpr std::size_t kXerialBlockBytes = 32U << 10;

Expected<void> unsnap(ByteView packed, Bytes& out) {
  const bool framed = packed.size() >= kXerialHeaderBytes &&
                      std::ranges::equal(packed.first(kXerialMagic.size()), kXerialMagic);
  if (!framed) return unsnap_block(packed, out);
  ByteReader in(packed.subspan(kXerialHeaderBytes));
  while (!in.empty()) {
    const auto size = in.u32();
    const auto block = size ? in.take(*size) : std::nullopt;
    if (!block) return bad_stream(Compression::Snappy, "it ends too early");
    if (auto done = unsnap_block(*block, out); !done) return done;
  }
  return {};
}

Expected<void> unlz4(ByteView packed, Bytes& out) {
  LZ4F_dctx* context = nullptr;
  check(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) == 0,
        "lz4 has memory");
  const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> ended(
      context, &LZ4F_freeDecompressionContext);
  std::size_t have = 0;
  for (std::size_t at = 0;;) {
    if (have == out.size() && !grow(out)) return bad_stream(Compression::Lz4, "it is too large");
    std::size_t made = out.size() - have;
    std::size_t taken = packed.size() - at;
    const std::size_t rc =
        LZ4F_decompress(context, out.data() + have, &made, packed.data() + at, &taken, nullptr);
    if (LZ4F_isError(rc) != 0) return bad_stream(Compression::Lz4, LZ4F_getErrorName(rc));
    have += made;
    at += taken;
    if (rc == 0) break;
    if (made == 0 && taken == 0 && have < out.size())
      return bad_stream(Compression::Lz4, "it ends too early");
  }
  out.resize(have);
  return {};
}

Expected<void> unzstd(ByteView packed, Bytes& out) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             &ZSTD_freeDStream);
  check(stream != nullptr, "zstd has memory");
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t have = 0;
  for (;;) {
    if (have == out.size() && !grow(out)) return bad_stream(Compression::Zstd, "it is too large");
    ZSTD_outBuffer to{out.data(), out.size(), have};
    const std::size_t rc = ZSTD_decompressStream(stream.get(), &to, &in);
    if (ZSTD_isError(rc) != 0) return bad_stream(Compression::Zstd, ZSTD_getErrorName(rc));
    const bool stuck = to.pos == have && in.pos == in.size;
    have = to.pos;
    if (rc == 0 && in.pos == in.size) break;
    if (stuck && have < out.size()) return bad_stream(Compression::Zstd, "it ends too early");
  }
  out.resize(have);
  return {};
}

Bytes zip(ByteView plain) {
  z_stream stream{};
  check(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8,
                     Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib has memory");
  Bytes out(deflateBound(&stream, plain.size()) + 32);
  stream.next_in =
      const_cast<Bytef*>(plain.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib has the room it asked for");
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

Bytes snap(ByteView plain) {
  ByteWriter out;
  out.append(kXerialMagic);
  out.i32(1);  // version, and the lowest that reads it
  out.i32(1);
  for (std::size_t at = 0; at < plain.size(); at += kXerialBlockBytes) {
    const ByteView block = plain.subspan(at, std::min(kXerialBlockBytes, plain.size() - at));
    std::string packed;
    snappy::Compress(reinterpret_cast<const char*>(block.data()), block.size(), &packed);
    out.u32(static_cast<std::uint32_t>(packed.size()));
    out.append(packed);
  }
  return out.take();
}

Bytes lz4(ByteView plain) {
  Bytes out(LZ4F_compressFrameBound(plain.size(), nullptr));
  const std::size_t size =
      LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), nullptr);
  check(LZ4F_isError(size) == 0, "lz4 has the room it asked for");
  out.resize(size);
  return out;
}

Bytes zstd(ByteView plain) {
  Bytes out(ZSTD_compressBound(plain.size()));
  const std::size_t size =
      ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), ZSTD_CLEVEL_DEFAULT);
  check(ZSTD_isError(size) == 0, "zstd has the room it asked for");
  out.resize(size);
  return out;
}

}  // namespace

Expected<void> decompress(Compression compression, ByteView packed, Bytes& out) {
  out.clear();
  switch (compression) {
    case Compression::None:
      out.assign(packed.begin(), packed.end());
      return {};
    case Compression::Gzip:
      return unzip(packed, out);
    case Compression::Snappy:
      return unsnap(packed, out);
    case Compression::Lz4:
      return unlz4(packed, out);
    case Compression::Zstd:
      return unzstd(packed, out);
  }
  return {};
}

Bytes compress(Compression compression, ByteView plain) {
  switch (compression) {
    case Compression::None:
      return Bytes(plain.begin(), plain.end());
    case Compression::Gzip:
      return zip(plain);
    case Compression::Snappy:
      return snap(plain);
    case Compression::Lz4:
      return lz4(plain);
    case Compression::Zstd:
      return zstd(plain);
  }
  return {};
}

}  // namespace sim
