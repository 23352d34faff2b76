#pragma once

#include <cstdint>

#include "sim/base/bytes.h"
#include "sim/kafka/record_enums.h"

// What a server keeps of a password (RFC 5802 §3, ScramFormatter): two keys from which neither the password nor
// its salted form can be had.
namespace sim {

struct ScramKeys {
  Bytes stored_key;
  Bytes server_key;
  bool operator==(const ScramKeys&) const = default;
};

// From what a client derived from the password by itself, with salt and iterations. Requires a known mechanism.
ScramKeys scram_keys(ScramMechanism mechanism, const Bytes& salted_password);

}  // namespace sim
