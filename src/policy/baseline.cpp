// SPDX-License-Identifier: Apache-2.0
#include "policy/baseline.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/suppression.h"
#include "snapshot/characters.h"

namespace policy {

namespace {

using Json = nlohmann::json;

constexpr char kBaselineSchema[] = "loiter-baseline/1";

/// Whether a terminal would obey some of it, where a team looks the file over.
bool is_obeyed(std::string_view text) {
    while (!text.empty()) {
        const snapshot::Character next = snapshot::first_character(text);
        if (snapshot::is_control(next.code_point) || snapshot::rearranges(next.code_point)) return true;
        text.remove_prefix(std::max<size_t>(next.bytes, 1));
    }
    return false;
}

/// What is no UTF-8 is replaced: messages have names of the program's in them.
std::string quoted(const std::string& text) {
    return Json(text).dump(-1, ' ', /*ensure_ascii=*/is_obeyed(text), Json::error_handler_t::replace);
}

}  // namespace

Baseline parse_baseline(std::string_view text, const std::string& file) {
    const Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_object() || !parsed.contains("schema") || parsed["schema"] != kBaselineSchema) {
        throw Error(file + " is no baseline (" + kBaselineSchema + "); --write-baseline makes one");
    }
    const auto findings = parsed.find("findings");
    if (findings == parsed.end() || !findings->is_array()) throw Error(file + ": it has no findings");
    Baseline baseline;
    for (const Json& finding : *findings) {
        const bool is_one =
            finding.is_object() && finding.contains("fingerprint") && finding["fingerprint"].is_string();
        if (!is_one)
            throw Error(file + ": finding " + std::to_string(&finding - &findings->front() + 1) +
                        " has no fingerprint");
        const auto message = finding.find("message");
        const bool is_told = message != finding.end() && message->is_string();
        baseline.messages.emplace(finding["fingerprint"].get<std::string>(),
                                  is_told ? message->get<std::string>() : "");
    }
    return baseline;
}

std::string write_baseline(const Baseline& baseline) {
    std::string text = "{\"schema\": " + quoted(kBaselineSchema) + ", \"findings\": [";
    const char* separator = "\n";
    for (const auto& [fingerprint, message] : baseline.messages) {
        text += separator;
        text += "  {\"fingerprint\": " + quoted(fingerprint) + ", \"message\": " + quoted(message) + "}";
        separator = ",\n";
    }
    return text + "\n]}\n";
}

}  // namespace policy
