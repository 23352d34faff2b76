#include "scenarios/notice_fields.h"

#include <algorithm>
#include <array>

#include "scenarios/notice_list.h"

namespace scenarios {
namespace {

struct Row {
  std::string_view name;
  FieldJson (*fields)(const sim::Payload& notice);
};

template <class... Notices>
constexpr auto sorted(NoticeList<Notices...>) {
  std::array rows{Row{Notices::kName, [](const sim::Payload& notice) {
                        return field_json(notice.as<Notices>());
                      }}...};
  std::ranges::sort(rows, {}, &Row::name);
  return rows;
}

constexpr auto kRows = sorted(AllNotices{});

}  // namespace

std::optional<FieldJson> notice_fields(const sim::Payload& payload) {
  const auto row = std::ranges::lower_bound(kRows, payload.name(), {}, &Row::name);
  if (row == kRows.end() || row->name != payload.name()) return std::nullopt;
  return row->fields(payload);
}

}  // namespace scenarios
