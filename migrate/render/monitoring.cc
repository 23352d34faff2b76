#include "migrate/render/monitoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/plan/thresholds.h"

namespace migrate {
namespace {

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    out += upper ? static_cast<char>(c | 0x20) : c == '-' ? '_' : c;
  }
  return out;
}

std::string_view part(std::string_view bean, std::string_view label) {
  const std::size_t at = bean.find(label);
  if (at == std::string_view::npos) return {};
  bean.remove_prefix(at + label.size());
  return bean.substr(0, bean.find(','));
}

// {} and {0}: the name.
std::string with_name(std::string_view expression, const std::string& name) {
  std::string out;
  while (!expression.empty()) {
    const bool is_name = expression.starts_with("{}") || expression.starts_with("{0}");
    out += is_name ? name : std::string(1, expression.front());
    expression.remove_prefix(is_name ? expression.find('}') + 1 : 1);
  }
  return out;
}

std::string quoted_yaml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text)
    out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

// Rules of jmx_exporter for exactly these attributes: what they do not name it need not read.
std::string exporter_rules() {
  std::string out =
      "# jmx_exporter, on every node; these rules give the names below:\n"
      "#   lowercaseOutputName: true\n#   rules:\n";
  std::set<std::string> beans;
  for (const Threshold& watched : thresholds()) {
    const std::string domain(watched.bean.substr(0, watched.bean.find(':')));
    const std::string type(part(watched.bean, "type="));
    const std::string name(part(watched.bean, "name="));
    const std::string key =
        name.empty() ? fmt::format("type={}", type) : fmt::format("type={}, name={}", type, name);
    const bool quantile = watched.attribute.ends_with("Percentile");
    const std::string line = fmt::format(
        "#   - pattern: '{}<{}><>{}'\n#     name: {}\n{}", domain, key, watched.attribute,
        name.empty() ? fmt::format("{}_{}_{}", domain, type, watched.attribute)
                     : fmt::format("{}_{}_{}", domain, type, name),
        quantile ? "#     labels: {quantile: '0.99'}\n" : "");
    std::string tidy = line;
    const std::size_t at = tidy.find("name: ", tidy.find("#     name: "));
    for (std::size_t i = at; i < tidy.find('\n', at); ++i) {
      if (tidy[i] == '.' || tidy[i] == '-') tidy[i] = '_';
    }
    if (beans.insert(tidy).second) out += tidy;
  }
  return out;
}

std::string alert_rule(const Threshold& watched, const Limit& limit, const std::string& name) {
  std::string out = fmt::format("      - alert: {}\n        expr: {}\n", limit.alert,
                                quoted_yaml(with_name(limit.expression, name)));
  if (!limit.lasting.empty()) out += fmt::format("        for: {}\n", limit.lasting);
  out += fmt::format(
      "        labels: {{severity: {}}}\n        annotations:\n          summary: {}\n"
      "          description: {}\n          mbean: {}\n",
      limit.level == LimitLevel::Warn ? "warn" : "abort", quoted_yaml(limit.summary),
      quoted_yaml(limit.why), quoted_yaml(fmt::format("{} {}", watched.bean, watched.attribute)));
  return out;
}

}  // namespace

std::string exported_name(std::string_view bean, std::string_view attribute) {
  std::string name = lower(bean.substr(0, bean.find(':'))) + "_" + lower(part(bean, "type="));
  std::ranges::replace(name, '.', '_');
  const std::string_view own = part(bean, "name=");
  if (own.empty()) return name + "_" + lower(attribute);
  name += "_" + lower(own);
  if (attribute.ends_with("Percentile")) name += "{quantile=\"0.99\"}";
  return name;
}

std::string monitoring_rules(const RenderedFleet& fleet) {
  const auto brokers = std::ranges::count_if(
      fleet.nodes, [](const RenderedNode& node) { return is_broker(node.shape); });
  std::string out = fmt::format(
      "# A migration from ZooKeeper to KRaft of {} brokers: what to watch. Metrics are those of "
      "Kafka 3.9.1.\n"
      "# severity abort: restart nobody, and ask zk2kraft gate rollback. Edit the thresholds to "
      "your rehearsal.\n{}groups:\n  - name: kraft-migration\n    rules:\n",
      brokers, exporter_rules());
  for (const Threshold& watched : thresholds()) {
    const std::string name = exported_name(watched.bean, watched.attribute);
    for (const Limit& limit : watched.limits) {
      if (!limit.alert.empty()) out += alert_rule(watched, limit, name);
    }
  }
  return out;
}

}  // namespace migrate
