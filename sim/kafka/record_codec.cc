#include "sim/kafka/record_codec.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "sim/kafka/record_wire.h"

namespace sim {
namespace {

using Decoder = bool (*)(WireReader& in, std::int16_t version, Record& record);

struct RecordType {
  std::string_view name;
  std::int16_t highest_version = -1;
  Decoder decode = nullptr;  // null: the api key is unassigned
};

template <class T>
bool decode_body(WireReader& in, std::int16_t version, Record& record) {
  return read_struct(in, record.emplace<T>(), version);
}

constexpr std::size_t kApiKeys = 28;

template <class... Ts>
constexpr std::array<RecordType, kApiKeys> types_by_api_key(const std::variant<Ts...>*) {
  std::array<RecordType, kApiKeys> types{};
  ((types[static_cast<std::size_t>(Ts::kApiKey)] =
        RecordType{Ts::kName, Ts::kHighestVersion, &decode_body<Ts>}),
   ...);
  return types;
}
constexpr auto kTypes = types_by_api_key(static_cast<const Record*>(nullptr));

std::unexpected<Problem> wrong(Severity severity, std::size_t at, std::string what,
                               std::string remedy = {}) {
  return std::unexpected(Problem{.severity = severity,
                                 .place = {.source = {}, .offset = at, .line = {}, .column = {}},
                                 .what = std::move(what),
                                 .remedy = std::move(remedy)});
}

}  // namespace

void encode_record(ByteWriter& out, const Record& record, std::int16_t version) {
  std::visit(
      [&]<class T>(const T& body) {
        check(version >= 0 && version <= T::kHighestVersion,
              "a record's version is one of its type's");
        write_uvarint(out, kRecordFrameVersion);
        write_uvarint(out, static_cast<std::uint32_t>(T::kApiKey));
        write_uvarint(out, static_cast<std::uint32_t>(version));
        write_struct(out, body, version);
      },
      record);
}

Bytes encode_record(const Record& record, std::int16_t version) {
  ByteWriter out;
  encode_record(out, record, version);
  return out.take();
}

Expected<VersionedRecord> decode_record(ByteView value) {
  WireReader in(value);
  std::uint32_t frame = 0;
  std::uint32_t api_key = 0;
  std::uint32_t version = 0;
  const bool prefix = in.uvarint(frame) && in.uvarint(api_key) && in.uvarint(version);
  if (!prefix) return wrong(Severity::Malformed, in.failed_at(), in.what());
  constexpr std::string_view kNewer = "Read it with a tool of the Kafka version that wrote it.";
  if (frame != kRecordFrameVersion) {
    return wrong(Severity::Unknown, 0,
                 fmt::format("frame version {} is not known, only 1 is", frame),
                 std::string(kNewer));
  }
  if (api_key >= kTypes.size() || kTypes[api_key].decode == nullptr) {
    return wrong(Severity::Unknown, 1,
                 fmt::format("record type {} is not one of Kafka 3.9's", api_key),
                 std::string(kNewer));
  }
  const RecordType& type = kTypes[api_key];
  if (version > static_cast<std::uint32_t>(type.highest_version)) {
    return wrong(Severity::Unknown, 2,
                 fmt::format("{} version {} is not known, {} is the highest", type.name, version,
                             type.highest_version),
                 std::string(kNewer));
  }
  VersionedRecord decoded;
  decoded.version = static_cast<std::int16_t>(version);
  if (!type.decode(in, decoded.version, decoded.record)) {
    return wrong(Severity::Malformed, in.failed_at(),
                 fmt::format("{} version {}: {}", type.name, version, in.what()));
  }
  if (!in.empty()) {
    return wrong(Severity::Malformed, in.position(),
                 fmt::format("{} version {}: {} bytes are left after the record", type.name,
                             version, in.remaining()));
  }
  return decoded;
}

}  // namespace sim
