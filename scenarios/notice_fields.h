#pragma once

#include <optional>

#include "scenarios/field_json.h"
#include "sim/core/payload.h"

namespace scenarios {

// What a notice says, field by field; nothing for a payload that is none of AllNotices, such as a
// message.
std::optional<FieldJson> notice_fields(const sim::Payload& payload);

}  // namespace scenarios
