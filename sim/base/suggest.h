#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sim {

// The candidate that a person who typed `word` most likely meant, or an empty view if none is near: at most
// a third of the letters differ (insertions, deletions, changes, neighbours swapped; case is ignored).
std::string_view suggest(std::string_view word, std::span<const std::string_view> candidates);

// " Did you mean 'x'?" or nothing: to be appended to a sentence.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sim
