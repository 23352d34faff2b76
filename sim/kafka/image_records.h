#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/kafka/image.h"
#include "sim/kafka/metadata_version.h"
#include "sim/kafka/records.h"

namespace sim {

using RecordSink = std::function<void(VersionedRecord)>;

// Writes the image as the records of a snapshot, in Kafka's order of families (MetadataImage.write,
// kraft.md §5.2) and in canonical order inside each, as a controller at `version` writes them. Replayed on
// an empty image, and closed by `MetadataDelta::finish_snapshot`, they give the image again, with `version`.
//
// What the version has no record or no field for is left out and named in the answer, a phrase each; Kafka
// refuses to write such a snapshot.
[[nodiscard]] std::vector<std::string> to_records(const MetadataImage& image,
                                                  MetadataVersion version, const RecordSink& sink);
// At the image's own metadata.version.
[[nodiscard]] std::vector<std::string> to_records(const MetadataImage& image,
                                                  const RecordSink& sink);

}  // namespace sim
