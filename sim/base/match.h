#pragma once

#include <utility>
#include <variant>

namespace sim {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// Visits a variant with one handler per alternative. Write no catch-all: a new alternative shall
// break the build in every place that must decide about it.
template <class Variant, class... Handlers>
decltype(auto) match(Variant&& variant, Handlers&&... handlers) {
  return std::visit(Overloaded{std::forward<Handlers>(handlers)...},
                    std::forward<Variant>(variant));
}

}  // namespace sim
