// SPDX-License-Identifier: Apache-2.0
#include "render/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "render/render.h"
#include "render/words.h"

namespace render {

namespace {

constexpr size_t kFirstColumn = 45;
constexpr size_t kLastColumn = 80;  ///< longer functions push their own place only
constexpr size_t kSpace = 2;

/// The last `count` parts of a path: ("/src/a/x.cpp", 2) is "a/x.cpp".
std::string_view last_parts(std::string_view path, size_t count) {
    size_t start = path.size();
    while (count-- > 0 && start != std::string_view::npos && start > 0) start = path.rfind('/', start - 1);
    return start == std::string_view::npos || start == 0 ? path : path.substr(start + 1);
}

/// Each path by as few of its last parts as no other path ends with.
std::map<std::string, std::string> short_names(const std::set<std::string>& paths) {
    std::map<std::string, std::string> names;
    std::set<std::string> unsettled = paths;
    for (size_t parts = 1; !unsettled.empty(); ++parts) {
        std::map<std::string_view, size_t> uses;
        for (const std::string& path : unsettled) ++uses[last_parts(path, parts)];
        std::set<std::string> clashing;
        for (const std::string& path : unsettled) {
            const std::string_view name = last_parts(path, parts);
            if (uses[name] == 1 || name == path)
                names[path] = name;
            else
                clashing.insert(path);
        }
        unsettled = std::move(clashing);
    }
    return names;
}

std::string_view escape_code(Style style) {
    switch (style) {
        case Style::kPlain: return "";
        case Style::kHeadline: return "\x1b[1;31m";
        case Style::kHeader: return "\x1b[36m";
        case Style::kDim: return "\x1b[2m";
    }
    return "";
}

}  // namespace

void Page::add(std::string text, Style style) {
    lines_.push_back({std::move(text), style, {}, {}, 0});
}

void Page::add_gap() {
    if (!lines_.empty() && !lines_.back().text.empty()) add("");
}

void Page::add_frame(std::string function, std::string path, int line, Style style) {
    lines_.push_back({std::move(function), style, {}, std::move(path), line});
}

void Page::add_frame(std::string function, std::string place, Style style) {
    lines_.push_back({std::move(function), style, std::move(place), {}, 0});
}

std::string Page::laid_out(bool color) const {
    std::set<std::string> paths;
    size_t column = kFirstColumn;
    for (const Line& line : lines_) {
        if (!line.path.empty()) paths.insert(line.path);
        if (line.path.empty() && line.place.empty()) continue;
        const size_t wanted = display_width(line.text) + kSpace;
        if (wanted <= kLastColumn) column = std::max(column, wanted);
    }
    const std::map<std::string, std::string> names = short_names(paths);

    std::string out;
    for (const Line& line : lines_) {
        std::string place = line.place;
        if (!line.path.empty()) place = printable(names.at(line.path));
        if (line.line > 0) place += fmt::format(":{}", line.line);
        std::string text = line.text;
        if (!place.empty()) {
            const size_t width = display_width(text);
            text += std::string(width + kSpace <= column ? column - width : kSpace, ' ') + place;
        }
        const bool painted = color && line.style != Style::kPlain && !text.empty();
        out += painted ? fmt::format("{}{}\x1b[0m\n", escape_code(line.style), text) : text + "\n";
    }
    return out;
}

}  // namespace render
