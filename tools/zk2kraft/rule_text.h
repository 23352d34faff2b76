#pragma once

#include <nlohmann/json.hpp>

#include "migrate/check/check.h"
#include "tools/zk2kraft/check_report.h"
#include "tools/zk2kraft/verb.h"

// What `check`, `gate` and `status` say of one rule or check, for people and for programs.
namespace tools {

// Its findings with evidence, then the advice; `head` before the first line.
void print_rule(const migrate::CheckResult& result, std::string_view head, CheckDetail detail);
// Why it matters, what to do, who says so, and the scenario that shows what happens otherwise.
void print_advice(const migrate::Check& check);
// Lines below each other, the first behind `head`, the others under it.
void print_block(std::string_view head, std::string_view lines, std::size_t width = 8);

nlohmann::ordered_json check_json(const migrate::Check& check);
nlohmann::ordered_json finding_json(const migrate::Finding& finding);
nlohmann::ordered_json evidence_json(std::span<const migrate::Evidence> evidence);
// The check, what came of it, and its findings.
nlohmann::ordered_json rule_json(const migrate::CheckResult& result);
// A document, on one line for JsonLines.
void print_json_text(const nlohmann::ordered_json& json, OutputFormat format);

}  // namespace tools
