#include "sim/kafka/disk/group_record_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <iterator>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/kafka/record_json.h"
#include "sim/kafka/record_wire.h"

namespace sim {
namespace {

constexpr std::string_view kReadWithNewer =
    "Read it with a tool of the Kafka version that wrote it.";

GroupRecordProblem group_problem(Severity severity, std::size_t at, std::string what,
                                 bool in_value) {
  return {.problem = {.severity = severity,
                      .place = {.source = {}, .offset = at, .line = {}, .column = {}},
                      .what = std::move(what),
                      .remedy = std::string(severity == Severity::Unknown ? kReadWithNewer : "")},
          .in_value = in_value};
}

// The types that Kafka 3.9 knows by name and has no use for without share groups.
std::string_view name_of_unread_type(std::int16_t key_version) {
  constexpr std::int16_t kFirst = 9;
  constexpr std::array<std::string_view, 7> kShareGroups{"ShareGroupPartitionMetadata",
                                                         "ShareGroupMemberMetadata",
                                                         "ShareGroupMetadata",
                                                         "ShareGroupTargetAssignmentMetadata",
                                                         "ShareGroupTargetAssignmentMember",
                                                         "ShareGroupCurrentMemberAssignment",
                                                         "ShareGroupStatePartitionMetadata"};
  const auto at = static_cast<std::size_t>(key_version - kFirst);
  return key_version >= kFirst && at < kShareGroups.size() ? kShareGroups[at] : std::string_view();
}

using Decoded = std::expected<VersionedGroupRecord, GroupRecordProblem>;

template <class Entry>
std::expected<void, GroupRecordProblem> decode_value(ByteView bytes, Entry& entry,
                                                     std::int16_t& version) {
  using Key = typename Entry::Key;
  using Value = typename Entry::Value;
  WireReader in(bytes);
  if (!in.fixed(version)) {
    return std::unexpected(group_problem(
        Severity::Malformed, 0, fmt::format("the value of {} has no version", Key::kName), true));
  }
  if (version < 0 || version > Value::kHighestVersion) {
    return std::unexpected(
        group_problem(Severity::Unknown, 0,
                      fmt::format("the value of {} has version {}, {} is the highest known",
                                  Key::kName, version, Value::kHighestVersion),
                      true));
  }
  if (!read_struct(in, entry.value.emplace(), {version, version >= Value::kFlexibleSince})) {
    return std::unexpected(group_problem(
        Severity::Malformed, in.failed_at(),
        fmt::format("the value of {} version {}: {}", Key::kName, version, in.what()), true));
  }
  if (!in.empty()) {
    return std::unexpected(
        group_problem(Severity::Malformed, in.position(),
                      fmt::format("the value of {} version {}: {} bytes are left after it",
                                  Key::kName, version, in.remaining()),
                      true));
  }
  return {};
}

template <class Entry>
Decoded decode_entry(WireReader& key, std::int16_t key_version, std::optional<ByteView> value) {
  VersionedGroupRecord decoded;
  decoded.key_version = key_version;
  Entry& entry = decoded.record.emplace<Entry>();
  if (!read_struct(key, entry.key, {key_version, false})) {
    return std::unexpected(group_problem(
        Severity::Malformed, key.failed_at(),
        fmt::format("the key of {} version {}: {}", Entry::Key::kName, key_version, key.what()),
        false));
  }
  if (!value) return decoded;
  if (auto read = decode_value(*value, entry, decoded.value_version); !read)
    return std::unexpected(std::move(read).error());
  return decoded;
}

using EntryDecoder = Decoded (*)(WireReader& key, std::int16_t key_version,
                                 std::optional<ByteView> value);

template <class... Entries>
EntryDecoder decoder_of(std::int16_t key_version, const std::variant<Entries...>*) {
  EntryDecoder found = nullptr;
  const auto consider = [&]<class Entry>(const Entry*) {
    if (key_version >= Entry::Key::kLowestVersion && key_version <= Entry::Key::kHighestVersion)
      found = &decode_entry<Entry>;
  };
  (consider(static_cast<const Entries*>(nullptr)), ...);
  return found;
}

template <class Message>
void append_embedded(std::string& out, const std::optional<Embedded<Message>>& embedded,
                     ByteView bytes) {
  if (embedded) {
    append_json_struct(out, embedded->message, std::max<std::int16_t>(embedded->version, 0));
  } else {
    json_detail::append_base64(out, bytes);
  }
}

// As append_json_struct of a struct without tags, but `show` writes the values.
template <WireStruct T>
void append_json_fields(std::string& out, const T& value, std::int16_t version, const auto& show) {
  std::string_view separator = "{";
  const auto append = [&](const auto& f) {
    if (!in_version(f, version)) return;
    out += separator;
    separator = ",";
    json_detail::append_string(out, f.name);
    out += ':';
    show(f.name, value.*(f.member));
  };
  T::fields([&](const auto&... f) { (append(f), ...); });
  out += '}';
}

// Subscription and assignment are shown as what they say.
void append_consumer_member(std::string& out, const GroupMember& member, std::int16_t version) {
  append_json_fields(out, member, version, [&](std::string_view name, const auto& value) {
    if (name == "subscription") {
      append_embedded(out, decode_embedded_subscription(member.subscription), member.subscription);
    } else if (name == "assignment") {
      append_embedded(out, decode_embedded_assignment(member.assignment), member.assignment);
    } else {
      json_detail::append_value(out, value, version);
    }
  });
}

void append_consumer_group(std::string& out, const GroupMetadataValue& value,
                           std::int16_t version) {
  append_json_fields(out, value, version, [&]<class Field>(std::string_view, const Field& field) {
    if constexpr (std::same_as<Field, std::vector<GroupMember>>) {
      out += '[';
      std::string_view comma;
      for (const GroupMember& member : field) {
        out += comma;
        comma = ",";
        append_consumer_member(out, member, version);
      }
      out += ']';
    } else {
      json_detail::append_value(out, field, version);
    }
  });
}

}  // namespace

GroupRecordBytes encode_group_record(const VersionedGroupRecord& versioned) {
  return std::visit(
      [&]<class Entry>(const Entry& entry) {
        using Key = typename Entry::Key;
        using Value = typename Entry::Value;
        check(versioned.key_version >= Key::kLowestVersion &&
                  versioned.key_version <= Key::kHighestVersion,
              "a key's version is one of its type's");
        ByteWriter key;
        key.i16(versioned.key_version);
        write_struct(key, entry.key, {versioned.key_version, false});
        GroupRecordBytes bytes{.key = key.take(), .value = {}};
        if (!entry.value) return bytes;
        const std::int16_t version = versioned.value_version;
        check(version >= 0 && version <= Value::kHighestVersion,
              "a value's version is one of its type's");
        ByteWriter value;
        value.i16(version);
        write_struct(value, *entry.value, {version, version >= Value::kFlexibleSince});
        bytes.value = value.take();
        return bytes;
      },
      versioned.record);
}

Decoded decode_group_record(ByteView key, std::optional<ByteView> value) {
  WireReader in(key);
  std::int16_t version = 0;
  if (!in.fixed(version))
    return std::unexpected(
        group_problem(Severity::Malformed, 0, "the key of a record has no version", false));
  const EntryDecoder decode = decoder_of(version, static_cast<const GroupRecord*>(nullptr));
  if (decode != nullptr) return decode(in, version, value);
  const std::string_view name = name_of_unread_type(version);
  return std::unexpected(group_problem(
      Severity::Unknown, 0,
      name.empty()
          ? fmt::format("record type {} is not one of Kafka 3.9's group coordinator", version)
          : fmt::format("record type {} ({}) is of share groups, which are not read", version,
                        name),
      false));
}

std::string group_key_json(const VersionedGroupRecord& versioned) {
  std::string out = fmt::format(R"({{"type":"{}","data":)", versioned.key_version);
  std::visit([&](const auto& entry) { append_json_struct(out, entry.key, versioned.key_version); },
             versioned.record);
  return out + '}';
}

std::string group_value_json(const VersionedGroupRecord& versioned) {
  std::string out = fmt::format(R"({{"version":"{}","data":)", versioned.value_version);
  const bool is_tombstone = std::visit(
      [&]<class Entry>(const Entry& entry) {
        if (!entry.value) return true;
        if constexpr (std::is_same_v<Entry, GroupMetadataEntry>) {
          if (entry.value->protocol_type == kConsumerProtocolType) {
            append_consumer_group(out, *entry.value, versioned.value_version);
            return false;
          }
        }
        append_json_struct(out, *entry.value, versioned.value_version);
        return false;
      },
      versioned.record);
  if (is_tombstone) return R"("<DELETE>")";
  return out + '}';
}

}  // namespace sim
