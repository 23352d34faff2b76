#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sim/kafka/image.h"

namespace sim {

// The content of an image (without its provenance) as text: a line for each thing, sorted by family and key,
// the same for equal images and different for others. Strings are quoted where they are not plain words.
//
//   topic orders id=8G5d…
//   partition orders 3 replicas=[1,2,3] directories=[…] isr=[1,2] … leader=1 …
//   config TOPIC orders retention.ms="60000"
std::string canonical_text(const MetadataImage& image);
// The same, line by line, for images too large for one string.
void canonical_lines(const MetadataImage& image, const std::function<void(std::string_view)>& line);

}  // namespace sim
