#include "zk/disk/txn_codec.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>
#include <variant>

#include "sim/base/match.h"
#include "zk/disk/jute.h"

namespace zk::disk {
namespace {

using sim::ByteReader;
using sim::ByteView;
using sim::ByteWriter;

using Decoder = JuteDecoder<ByteReader>;
template <class T>
using Result = std::expected<T, TxnProblem>;

constexpr std::size_t kDigestBytes = 12;  // version i32, tree digest i64

// As it stands inside a multi: the body is a buffer of its own.
struct RawSubTxn {
  std::int32_t type = 0;
  Data body;
  static constexpr auto fields(auto&& visit) {
    using sim::field;
    return visit(field("type", &RawSubTxn::type), field("data", &RawSubTxn::body));
  }
};

struct RawMulti {
  std::vector<RawSubTxn> txns;
  static constexpr auto fields(auto&& visit) { return visit(sim::field("txns", &RawMulti::txns)); }
};

TxnProblem problem_of(const Decoder& decoder) {
  return {decoder.where(), decoder.why()};
}

template <class Body>
Result<Body> plain_body(ByteReader& in) {
  Decoder decoder(in);
  auto body = decoder.read<Body>(Body::kName);
  if (!body) return std::unexpected(problem_of(decoder));
  return *std::move(body);
}

// Before 3.4 a create had no parentCVersion; a server tries the old form when the new one does not
// fit.
template <TxnType type>
Result<CreateTxnOf<type>> create_body(ByteReader& in) {
  const ByteReader start = in;
  auto body = plain_body<CreateTxnOf<type>>(in);
  if (body) return body;
  in = start;
  Decoder decoder(in);
  CreateTxnOf<type> old;
  auto path = decoder.read<std::string>("path");
  auto data = path ? decoder.read<Data>("data") : std::nullopt;
  auto acl = data ? decoder.read<AclList>("acl") : std::nullopt;
  auto ephemeral = acl ? decoder.read<bool>("ephemeral") : std::nullopt;
  if (!ephemeral) return body;  // neither form: report the new one
  old.path = *std::move(path);
  old.data = *std::move(data);
  old.acl = *std::move(acl);
  old.ephemeral = *ephemeral;
  old.parent_cversion = ChildVersion(-1);
  return old;
}

// A body of the type that a variant's alternative names; `Wanted` is that alternative.
template <class Wanted>
Result<Wanted> body_of(ByteReader& in) {
  if constexpr (std::same_as<Wanted, CreateTxn> || std::same_as<Wanted, Create2Txn>) {
    return create_body<Wanted::kType>(in);
  } else {
    return plain_body<Wanted>(in);
  }
}

// The alternative of `Variant` whose type code is `type`, among those with a body of its own.
template <class Variant, std::size_t index = 0>
Result<Variant> body_by_type(std::int32_t type, ByteReader& in) {
  if constexpr (index == std::variant_size_v<Variant>) {
    return std::unexpected(
        TxnProblem{in.position(), fmt::format("no server of 3.4 to 3.9 writes the type {}", type)});
  } else {
    using Body = std::variant_alternative_t<index, Variant>;
    if constexpr (!std::same_as<Body, MultiTxn> && !std::same_as<Body, CloseSessionTxn> &&
                  !std::same_as<Body, UndoneTxn>) {
      if (type == static_cast<std::int32_t>(Body::kType)) {
        auto body = body_of<Body>(in);
        if (!body) return std::unexpected(std::move(body).error());
        return Variant(*std::move(body));
      }
    }
    return body_by_type<Variant, index + 1>(type, in);
  }
}

Result<Txn> close_session_body(ByteReader& in) {
  // No body in older servers' logs; twelve bytes after the header are then a digest, not a list.
  if (in.empty() || in.remaining() == kDigestBytes) return CloseSessionTxn{};
  Decoder decoder(in);
  auto paths = decoder.read<std::vector<std::string>>("paths2Delete");
  if (!paths) return std::unexpected(problem_of(decoder));
  return CloseSessionTxn{*std::move(paths)};
}

Result<SubTxn> sub_txn(RawSubTxn raw, std::uint64_t offset) {
  const std::string bytes = std::move(raw.body).value_or(std::string());
  // Only four bytes are an error code; see zookeeper.md §1.6.
  if (raw.type == static_cast<std::int32_t>(TxnType::Error) && bytes.size() != 4) {
    return UndoneTxn{bytes};
  }
  ByteReader in(sim::as_bytes(bytes));
  auto sub = body_by_type<SubTxn>(raw.type, in);
  if (!sub) {
    return std::unexpected(TxnProblem{offset, "in an operation of a multi: " + sub.error().what});
  }
  if (!in.empty()) {
    return std::unexpected(TxnProblem{
        offset, fmt::format("an operation of a multi has {} bytes too many", in.remaining())});
  }
  return sub;
}

Result<Txn> multi_body(ByteReader& in) {
  const std::uint64_t start = in.position();
  auto raw = [&]() -> Result<RawMulti> {
    Decoder decoder(in);
    auto multi = decoder.read<RawMulti>("txns");
    if (!multi) return std::unexpected(problem_of(decoder));
    return *std::move(multi);
  }();
  if (!raw) return std::unexpected(raw.error());
  MultiTxn multi;
  for (RawSubTxn& one : raw->txns) {
    auto sub = sub_txn(std::move(one), start);
    if (!sub) return std::unexpected(sub.error());
    multi.txns.push_back(*std::move(sub));
  }
  return multi;
}

Result<Txn> txn_body(std::int32_t type, ByteReader& in) {
  if (type == static_cast<std::int32_t>(TxnType::CloseSession)) return close_session_body(in);
  if (type == static_cast<std::int32_t>(TxnType::Multi)) return multi_body(in);
  return body_by_type<Txn>(type, in);
}

void encode_body(ByteWriter& out, const auto& body) {
  jute_encode(out, body);
}
void encode_body(ByteWriter& out, const UndoneTxn& body) {
  out.append(body.body);
}
void encode_body(ByteWriter& out, const CloseSessionTxn& body) {
  if (body.paths_to_delete) jute_encode(out, *body.paths_to_delete);
}
void encode_body(ByteWriter& out, const MultiTxn& body) {
  RawMulti raw;
  for (const SubTxn& sub : body.txns) {
    ByteWriter bytes;
    std::visit([&](const auto& one) { encode_body(bytes, one); }, sub);
    raw.txns.push_back(
        {static_cast<std::int32_t>(type_of(sub)), std::string(sim::as_text(bytes.view()))});
  }
  jute_encode(out, raw);
}

}  // namespace

std::expected<LoggedTxn, TxnProblem> decode_txn(ByteView payload) {
  ByteReader in(payload);
  Decoder decoder(in);
  auto header = decoder.read<TxnHeader>("header");
  auto type = header ? decoder.read<std::int32_t>("type") : std::nullopt;
  if (!type) return std::unexpected(problem_of(decoder));
  auto body = txn_body(*type, in);
  if (!body) return std::unexpected(body.error());
  LoggedTxn txn{.header = *header, .txn = *std::move(body), .digest = std::nullopt};
  if (in.remaining() == kDigestBytes) txn.digest = decoder.read<TxnDigest>("digest");
  if (!in.empty()) {
    return std::unexpected(
        TxnProblem{in.position(), fmt::format("{} bytes follow the transaction", in.remaining())});
  }
  return txn;
}

sim::Bytes encode_txn(const LoggedTxn& txn) {
  ByteWriter out;
  jute_encode(out, txn.header);
  out.i32(static_cast<std::int32_t>(type_of(txn.txn)));
  std::visit([&](const auto& body) { encode_body(out, body); }, txn.txn);
  if (txn.digest) jute_encode(out, *txn.digest);
  return out.take();
}

}  // namespace zk::disk
