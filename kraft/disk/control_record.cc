#include "kraft/disk/control_record.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "sim/kafka/record_wire.h"

namespace kraft {
namespace {

using sim::Problem;
using sim::Severity;

std::unexpected<Problem> wrong(Severity severity, std::size_t at, std::string what) {
  return std::unexpected(Problem{.severity = severity,
                                 .place = {.source = {}, .offset = at, .line = {}, .column = {}},
                                 .what = std::move(what),
                                 .remedy = {}});
}

// The message's own first field says which version it is in.
template <class T>
sim::Expected<ControlRecord> decode_as(sim::ByteView value) {
  const std::optional<std::int16_t> version = sim::ByteReader(value).i16();
  if (!version) return wrong(Severity::Malformed, 0, fmt::format("{} has no version", T::kName));
  if (*version < 0 || *version > T::kHighestVersion) {
    return wrong(Severity::Unknown, 0,
                 fmt::format("{} version {} is not known", T::kName, *version));
  }
  sim::WireReader in(value);
  T message;
  if (!sim::read_struct(in, message, *version)) {
    return wrong(Severity::Malformed, in.failed_at(), fmt::format("{}: {}", T::kName, in.what()));
  }
  if (!in.empty()) {
    return wrong(Severity::Malformed, in.position(),
                 fmt::format("{}: {} bytes are left after it", T::kName, in.remaining()));
  }
  return message;
}

using Decoder = sim::Expected<ControlRecord> (*)(sim::ByteView);

template <class... Ts>
Decoder decoder_of(std::int16_t type, const std::variant<Ts...>*) {
  Decoder found = nullptr;
  ((Ts::kControlType == type ? void(found = &decode_as<Ts>) : void()), ...);
  return found;
}

}  // namespace

KeyAndValue encode_control_record(const ControlRecord& record) {
  return std::visit(
      []<class T>(const T& message) {
        sim::ByteWriter key;
        key.i16(0);
        key.i16(T::kControlType);
        sim::ByteWriter value;
        sim::write_struct(value, message, message.version);
        return KeyAndValue{.key = key.take(), .value = value.take()};
      },
      record);
}

std::int16_t control_type(sim::ByteView key) {
  sim::ByteReader in(key);
  const auto version = in.i16();
  const auto type = in.i16();
  return version && type ? *type : std::int16_t{-1};
}

sim::Expected<ControlRecord> decode_control_record(sim::ByteView key, sim::ByteView value) {
  const std::int16_t type = control_type(key);
  const Decoder decode = decoder_of(type, static_cast<const ControlRecord*>(nullptr));
  if (decode == nullptr) {
    return wrong(Severity::Unknown, 0,
                 fmt::format("control record type {} is not one of a metadata log", type));
  }
  return decode(value);
}

std::string control_type_name(std::int16_t type) {
  switch (type) {
    case 0:
      return "ABORT(0)";
    case 1:
      return "COMMIT(1)";
    case 2:
      return "LEADER_CHANGE(2)";
    case 3:
      return "SNAPSHOT_HEADER(3)";
    case 4:
      return "SNAPSHOT_FOOTER(4)";
    case 5:
      return "KRAFT_VERSION(5)";
    case 6:
      return "KRAFT_VOTERS(6)";
    default:
      return fmt::format("UNKNOWN({})", type);
  }
}

}  // namespace kraft
