// SPDX-License-Identifier: Apache-2.0
//
// A program under the preload library, with its recordings in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/eventually.h"
#include "tests/support/target_runner.h"
#include "tests/targets/raw_recording.h"

namespace support {

/// When the recording is made: as under a command, or not before it is needed.
enum class Begins { kAtLoad, kWhenNeeded };

class RecordedProgram {
public:
    /// `more_libraries`: preloaded behind ours.
    explicit RecordedProgram(std::vector<std::string> arguments, const std::string& more_libraries = "",
                             Begins begins = Begins::kAtLoad) {
        Command command{std::move(arguments)};
        command.environment = {{"LD_PRELOAD", LOITER_LIBRARY + more_libraries},
                               {"LOITER_OPTIONS", "report=none:dir=" + folder_.path()}};
        if (begins == Begins::kAtLoad) command.environment.emplace_back("LOITER_DIR", folder_.path());
        program_ = std::make_unique<Running>(command);
    }

    Running& program() { return *program_; }

    /// Recordings in the order in which their processes, or images, began.
    std::vector<std::string> recordings() const {
        std::vector<std::pair<uint64_t, std::string>> found;
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
            if (entry.file_size() == 0) continue;  // being made
            const RawRecording raw(entry.path());
            if (raw.head().magic == protocol::kMagic) found.emplace_back(raw.head().started_ns, entry.path());
        }
        std::sort(found.begin(), found.end());
        std::vector<std::string> paths;
        for (auto& [started, path] : found) paths.push_back(path);
        return paths;
    }
    std::string first_recording() const { return recordings().at(0); }

private:
    TemporaryFolder folder_;
    std::unique_ptr<Running> program_;
};

/// The number that the program says after `word`, once it has said it.
inline uint32_t said_number(Running& program, const std::string& word) {
    EXPECT_TRUE(program.await_output(word + " "));
    const std::string& output = program.output();
    const size_t at = output.rfind(word + " ");
    return at == std::string::npos ? 0 : static_cast<uint32_t>(std::stoul(output.substr(at + word.size() + 1)));
}

}  // namespace support
