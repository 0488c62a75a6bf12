// SPDX-License-Identifier: Apache-2.0
#include "render/xml.h"

#include <string_view>

#include "render/render.h"

namespace render {

namespace {

/// The two code points that are valid UTF-8 and no characters of XML 1.0.
bool is_no_character(std::string_view text) {
    return text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF");
}

std::string escaped(const std::string& line) {
    std::string out;
    for (size_t at = 0; at < line.size(); ++at) {
        switch (line[at]) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default:
                if (is_no_character(std::string_view(line).substr(at))) {
                    out += "\xEF\xBF\xBD";
                    at += 2;
                } else {
                    out += line[at];
                }
        }
    }
    return out;
}

}  // namespace

std::string xml_text(const std::string& text) {
    std::string out;
    for (size_t start = 0; start <= text.size();) {
        const size_t end = std::min(text.find('\n', start), text.size());
        out += escaped(printable(text.substr(start, end - start)));
        if (end < text.size()) out += '\n';
        start = end + 1;
    }
    return out;
}

std::string xml_element(const std::string& name, const XmlAttributes& attributes, const std::string& content) {
    std::string out = "<" + name;
    for (const auto& [attribute, value] : attributes) out += " " + attribute + "=\"" + xml_text(value) + "\"";
    return content.empty() ? out + "/>" : out + ">" + content + "</" + name + ">";
}

}  // namespace render
