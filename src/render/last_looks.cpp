// SPDX-License-Identifier: Apache-2.0
#include "render/last_looks.h"

#include <fmt/format.h>

#include "analyze/frames.h"
#include "render/render.h"

namespace render {

std::string program_name(const snapshot::Process& process) {
    const std::string name(analyze::base_name(process.exe));
    return name.empty() ? "a program" : printable(name);
}

std::string frame_label(const snapshot::Frame& frame) {
    if (!frame.function.empty()) return printable(frame.function);
    if (frame.module.empty()) return fmt::format("{:#x}", frame.address);
    return fmt::format("{}+{:#x}", printable(std::string(analyze::base_name(frame.module))), frame.offset);
}

}  // namespace render
