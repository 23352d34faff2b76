#include "scenarios/notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scenarios/notice_list.h"
#include "sim/base/suggest.h"

namespace scenarios {
namespace {

template <class... Notices>
constexpr auto types_by_name(NoticeList<Notices...>) {
  std::array types{NoticeType{Notices::kName, Notices::kRule}...};
  std::ranges::sort(types, {}, &NoticeType::name);
  return types;
}
constexpr auto kTypes = types_by_name(AllNotices{});

}  // namespace

std::span<const NoticeType> notice_types() {
  return kTypes;
}

sim::Expected<void> check_notice(std::string_view name, const sim::Place& place) {
  if (std::ranges::find(kTypes, name, &NoticeType::name) != kTypes.end()) return {};
  std::array<std::string_view, kTypes.size()> names;
  std::ranges::transform(kTypes, names.begin(), &NoticeType::name);
  return std::unexpected(
      sim::Problem{sim::Severity::Usage, place,
                   fmt::format("there is no notice '{}'.{}", name, sim::did_you_mean(name, names)),
                   "'zk2kraft run --list notices' names all."});
}

}  // namespace scenarios
