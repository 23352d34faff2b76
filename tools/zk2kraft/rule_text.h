#pragma once

#include <nlohmann/json.hpp>

#include "migrate/check/check.h"
#include "tools/zk2kraft/check_report.h"
#include "tools/zk2kraft/verb.h"

// What `gate` and `status` say of one rule or check, for people and for programs.
namespace tools {

// Its findings with evidence, then why, fix and reference; `head` before the first line.
void print_rule(const migrate::CheckResult& result, std::string_view head, CheckDetail detail);
nlohmann::ordered_json rule_json(const migrate::CheckResult& result);
nlohmann::ordered_json evidence_json(std::span<const migrate::Evidence> evidence);
// A document, on one line for JsonLines.
void print_json_text(const nlohmann::ordered_json& json, OutputFormat format);
// Lines below each other, the first behind `head`, the others under it.
void print_block(std::string_view head, std::string_view lines);

}  // namespace tools
