// SPDX-License-Identifier: Apache-2.0
//
// The lines of a text report before they are laid out. The column of the places and how much of a
// path tells two files apart depend on all lines, so they are settled at the end.
#pragma once

#include <string>
#include <vector>

namespace render {

enum class Style { kPlain, kHeadline, kHeader, kDim };

class Page {
public:
    /// `text` is printable and one line.
    void add(std::string text, Style style = Style::kPlain);
    /// A blank line, unless it would be the first or follow another.
    void add_gap();
    /// A frame: `function` left, the place in its column: "bank.cpp:42"; `line` 0: not known.
    void add_frame(std::string function, std::string path, int line, Style style = Style::kPlain);
    /// A frame whose place is no source file: "libfoo.so+0x1234"; may be empty.
    void add_frame(std::string function, std::string place, Style style = Style::kPlain);

    std::string laid_out(bool color) const;

private:
    struct Line {
        std::string text;
        Style style = Style::kPlain;
        std::string place;
        std::string path;
        int line = 0;
    };

    std::vector<Line> lines_;
};

}  // namespace render
