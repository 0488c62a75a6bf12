// SPDX-License-Identifier: Apache-2.0
//
// Where the command's words go: reports to a stream or to files, remarks to standard error.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "options.h"

namespace command {

/// One destination of reports.
class Output {
public:
    /// `stream`: the descriptor when no file is named. Opens the file, whose content stays until the first
    /// report; with %p in its name checks that its folder takes files. Throws UsageError where that fails.
    Output(const Destination& destination, const Options& options, int stream);
    ~Output();
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// Empties the file: what was in it is of an earlier command. Nothing to do where reports were written.
    void begin();

    /// Writes in one piece where the system does. An empty text leaves an empty file. A reader that
    /// went away is no failure; for any other, says so once on standard error and returns false.
    bool write(uint32_t pid, const std::string& text);

    /// The same for a document, in place of what was written of it before; on a stream, which cannot take
    /// it back, the first stays.
    bool rewrite(uint32_t pid, const std::string& document);

    Format format() const { return format_; }
    bool is_one_a_process() const { return one_file_a_process_; }
    /// By --color, and by whether a terminal reads.
    bool colored() const { return colored_; }

private:
    bool failed(const std::string& path);

    Format format_;
    std::string file_;
    bool appends_;  ///< to reports that the same process was given before; a clean one makes no file
    bool one_file_a_process_ = false;
    int descriptor_;
    bool owned_ = false;
    bool is_new_ = false;     ///< the file was not there before
    bool has_begun_ = false;  ///< until then the file is as it was found
    bool colored_ = false;
    bool told_ = false;
    std::set<std::string> begun_;                ///< files that hold this run's reports already
    std::map<uint32_t, std::string> documents_;  ///< as last written, by process
};

/// All destinations of a command, found usable when this is made.
class Outputs {
public:
    /// Throws UsageError.
    Outputs(const Options& options, int stream);

    std::deque<Output>& all() { return all_; }
    /// All that could be refused has been checked.
    void begin();

    /// What is not of threads: `text` gives it in each format asked for.
    bool write(uint32_t pid, const std::function<std::string(Format format, bool colored)>& text);

private:
    std::deque<Output> all_;
};

/// True, or errno says why not; a reader that is gone has read enough. No failure ends this command.
bool write_all(int descriptor, const std::string& text);

/// One line, "loiter: ...", on standard error; control characters are made harmless.
void remark(const std::string& text);

}  // namespace command
