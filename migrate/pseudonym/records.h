#pragma once

#include "migrate/pseudonym/names.h"
#include "sim/kafka/records.h"

namespace migrate {

// A record of the metadata log with every name in it replaced, and every credential. Ids, offsets
// and numbers stay, and so does what it was written in.
sim::VersionedRecord pseudonymous_record(Pseudonyms& names, sim::VersionedRecord record);

}  // namespace migrate
