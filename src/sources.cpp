// SPDX-License-Identifier: Apache-2.0
#include "sources.h"

#include <filesystem>
#include <system_error>

#include "output.h"

namespace command {
namespace {

void look_at_folder(const std::string& folder, const OnSnapshot& on_snapshot) {
    size_t read = 0;
    for (const reader::Found& found : reader::find_recordings(folder)) {
        try {
            look_at_recording(reader::Recording::open(found.path), on_snapshot);
            ++read;
        } catch (const reader::Error& error) {
            remark(error.what());
        }
    }
    if (read == 0) throw reader::Error("no recording could be read in " + folder);
}

}  // namespace

void look_at_recording(const reader::Recording& recording, const OnSnapshot& on_snapshot) {
    on_snapshot(recording.take_snapshot(
        recording.is_live() && !recording.is_replaced() ? snapshot::Reason::kDump : snapshot::Reason::kPostMortem));
}

void look_at_source(const std::string& path, const OnSnapshot& on_snapshot) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (std::filesystem::is_directory(status)) {
        look_at_folder(path, on_snapshot);
    } else if (std::filesystem::is_regular_file(status) && reader::is_core_file(path)) {
        on_snapshot(reader::look_at_core(path));
    } else {
        look_at_recording(reader::Recording::open(path), on_snapshot);
    }
}

}  // namespace command
