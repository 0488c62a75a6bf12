// SPDX-License-Identifier: Apache-2.0
#include "compare_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "analyze/comparison.h"
#include "analyze/wait_meaning.h"
#include "output.h"
#include "policy/saved_report.h"
#include "policy/suppression.h"
#include "read/read.h"
#include "render/comparison.h"
#include "symbolize/symbolize.h"

namespace command {
namespace {

constexpr int kNothingRead = 125;

/// A report, a recording, a folder of them, or a core: each as what the comparison needs of it.
class Source {
public:
    explicit Source(const std::string& path) {
        if (std::filesystem::is_directory(path)) {
            add_folder(path);
        } else if (is_report(path)) {
            std::ifstream file(path, std::ios::binary);
            digest_ = policy::digest_of_report(std::string(std::istreambuf_iterator<char>(file), {}), path);
        } else if (reader::is_core_file(path)) {
            add(reader::look_at_core(path));
        } else {
            add(reader::Recording::open(path).take_snapshot(snapshot::Reason::kPostMortem));
        }
    }
    analyze::Digest take() { return std::move(digest_); }

private:
    static bool is_report(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        if (!file) throw reader::Error(path + " cannot be read: " + std::strerror(errno));
        char first = '\0';
        file >> first;
        return file.eof() || first == '{';
    }
    void add_folder(const std::string& path) {
        const std::vector<reader::Found> found = reader::find_recordings(path);
        if (found.empty()) throw reader::Error("there is no recording in " + path);
        for (const reader::Found& one : found) {
            add(reader::Recording::open(one.path).take_snapshot(snapshot::Reason::kPostMortem));
        }
    }
    void add(snapshot::Snapshot&& snapshot) {
        symbolizer_.name(snapshot);
        analyze::name_waits(snapshot);
        digest_.add(snapshot, analyze::analyze(snapshot));
    }

    symbolize::Symbolizer symbolizer_{symbolize::Options{}};
    analyze::Digest digest_;
};

}  // namespace

int compare(const Options& options) {
    Outputs outputs(options, STDOUT_FILENO);
    try {
        const analyze::Comparison comparison =
            analyze::compare(Source(options.source).take(), Source(options.newer).take());
        const bool written = outputs.write(0, [&](Format format, bool colored) {
            return format == Format::kJson ? render::json(comparison) : render::text(comparison, colored);
        });
        return written ? 0 : kNothingRead;
    } catch (const policy::Error& error) {
        throw reader::Error(error.what());
    }
}

}  // namespace command
