#pragma once

#include <string>

#include "sim/core/payload.h"
#include "sim/kafka/ids.h"

namespace scenarios {

// What a client program says of itself, as a sentence; nothing where a reader of the story need not know: the records
// that are processed, the commits that succeed.
std::string client_sentence(const sim::Payload& notice);

// "orders-0 at offset 7"
std::string describe_place(const sim::TopicPartition& id, sim::Offset offset);

}  // namespace scenarios
