#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/bytes.h"

namespace zk {

// RFC 4648 §4 with padding, as java.util.Base64's basic encoder and decoder: padding may be missing
// on decode, characters outside the alphabet are refused.
std::string base64_encode(sim::ByteView bytes);
std::optional<sim::Bytes> base64_decode(std::string_view text);

}  // namespace zk
