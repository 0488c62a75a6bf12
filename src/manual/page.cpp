// SPDX-License-Identifier: Apache-2.0
//
// Manual pages in roff. Lines are short, as linters of pages ask for; text is escaped so that minus signs,
// quotes and carets stay what can be copied to a shell.
#include <fmt/format.h>

#include <cctype>
#include <utility>

#include "manual/manual.h"
#include "manual/texts.h"

namespace manual {
namespace {

constexpr size_t kWidth = 76;

std::string escaped(std::string_view text) {
    std::string roff;
    for (const char c : text) {
        switch (c) {
            case '\\': roff += "\\e"; break;
            case '-': roff += "\\-"; break;
            case '\'': roff += "\\(aq"; break;
            case '`': roff += "\\(ga"; break;
            case '^': roff += "\\(ha"; break;
            case '~': roff += "\\(ti"; break;
            case '"': roff += "\\(dq"; break;
            default: roff += c;
        }
    }
    return roff.starts_with('.') ? "\\&" + roff : roff;
}

/// "FORMAT[=FILE]", "auto|always": what is to be replaced in italics, what is to be typed in bold.
std::string typed(std::string_view text) {
    std::string roff;
    char font = 'R';
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const char wanted = std::isupper(c) != 0 ? 'I' : std::islower(c) != 0 ? 'B' : c == '-' ? font : 'R';
        if (wanted != font) roff += fmt::format("\\f{}", wanted);
        font = wanted;
        roff += escaped(text.substr(i, 1));
    }
    return font == 'R' ? roff : roff + "\\fR";
}

class Page {
public:
    void add(const std::string& line) { text_ += line + "\n"; }
    void heading(const char* title) { add(fmt::format(".SH {}", title)); }

    void paragraph(std::string_view text) {
        std::string line;
        for (size_t start = 0; start < text.size();) {
            const size_t end = std::min(text.find(' ', start), text.size());
            const std::string word = escaped(text.substr(start, end - start));
            start = end + 1;
            if (!line.empty() && line.size() + 1 + word.size() > kWidth) add(std::exchange(line, ""));
            line += (line.empty() ? "" : " ") + word;
        }
        if (!line.empty()) add(line);
    }

    /// `tag` is roff already.
    void item(const std::string& tag, std::string_view text) {
        add(".TP");
        add(tag);
        paragraph(text);
    }

    void options(const std::vector<Option>& options) {
        heading("OPTIONS");
        for (const Option& option : options) {
            std::string tag;
            for (const std::string& name : option.names) {
                tag += fmt::format("{}\\fB{}\\fR", tag.empty() ? "" : ", ", escaped(name));
                if (!option.value_name.empty()) tag += " " + typed(option.value_name);
            }
            item(tag, option.description + ".");
        }
    }

    void paragraphs(std::string_view command, const std::string& first) {
        heading("DESCRIPTION");
        if (!first.empty()) paragraph(first + ".");
        bool is_first = first.empty();
        for (const std::string_view text : description_of(command)) {
            if (!std::exchange(is_first, false)) add(".PP");
            paragraph(text);
        }
    }

    void rows(const char* title, const std::vector<Row>& rows) {
        if (rows.empty()) return;
        heading(title);
        for (const Row& row : rows) item("\\fB" + escaped(row.name) + "\\fR", row.text);
    }

    const std::string& text() const { return text_; }

private:
    std::string text_;
};

std::string page_name(const std::string& command) {
    return command.empty() ? "loiter" : "loiter-" + command;
}

/// Small at its beginning, as the lines of whatis are, but for words that are all capitals.
std::string uncapitalized(std::string text) {
    const bool is_word = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
    if (is_word) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

void add_title(Page& page, const CommandTable& table, const std::string& name, const std::string& description) {
    std::string title;
    for (const char c : name) title += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    page.add(".\\\" Made of the command line's own table, by loiter help --man.");
    page.add(fmt::format(".TH {} 1 {} \"loiter {}\" \"User Commands\"", escaped(title), table.date, table.version));
    page.heading("NAME");
    page.paragraph(name + " - " + uncapitalized(description));
}

void add_usage(Page& page, const Command& command) {
    page.add(fmt::format("\\fBloiter {}\\fR {}", escaped(command.name), typed(command.arguments)));
}

void add_others(Page& page, const CommandTable& table, const std::string& own) {
    page.heading("SEE ALSO");
    std::vector<std::string> names;
    if (!own.empty()) names.push_back(page_name(""));
    for (const Command& command : table.commands) {
        if (command.name != own) names.push_back(page_name(command.name));
    }
    for (size_t i = 0; i < names.size(); ++i)
        page.add(fmt::format(".BR {} (1){}", escaped(names[i]), i + 1 < names.size() ? "," : ""));
}

std::string page_of_all(const CommandTable& table) {
    Page page;
    add_title(page, table, page_name(""), table.description);
    page.heading("SYNOPSIS");
    for (const Command& command : table.commands) {
        add_usage(page, command);
        page.add(".br");
    }
    page.add("\\fBloiter\\fR \\fIOPTION\\fR");
    page.paragraphs("", "");
    page.heading("COMMANDS");
    for (const Command& command : table.commands) {
        page.add(".TP");
        page.add(fmt::format(".BR {} (1)", escaped(page_name(command.name))));
        page.paragraph(command.description + ".");
    }
    page.options(table.options);
    page.rows("ENVIRONMENT", environment());
    page.rows("FILES", files());
    add_others(page, table, "");
    return page.text();
}

std::string page_of(const CommandTable& table, const Command& command) {
    Page page;
    add_title(page, table, page_name(command.name), command.description);
    page.heading("SYNOPSIS");
    add_usage(page, command);
    page.paragraphs(command.name, command.description);
    page.options(command.options);
    page.heading("EXIT STATUS");
    for (const Status& status : command.statuses)
        page.item("\\fB" + escaped(status.status) + "\\fR", status.meaning + ".");
    page.rows("EXAMPLES", examples_of(command.name));
    add_others(page, table, command.name);
    return page.text();
}

}  // namespace

std::string page(const CommandTable& table, const std::string& command) {
    const Command* const one = find_command(table, command);
    return one == nullptr ? page_of_all(table) : page_of(table, *one);
}

}  // namespace manual
