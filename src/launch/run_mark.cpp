// SPDX-License-Identifier: Apache-2.0
#include "launch/run_mark.h"

#include <sys/random.h>
#include <unistd.h>

namespace launch {
namespace {

/// Not zero, which stands for no run.
uint32_t draw_number() {
    uint32_t number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
        // Early in a boot: in one folder two runs of one pid are rare, and at one moment rarer.
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        number = static_cast<uint32_t>(getpid()) ^ static_cast<uint32_t>(now.count());
    }
    return number | 1;
}

}  // namespace

RunMark make_run_mark(std::chrono::milliseconds grace) {
    const uint32_t number = draw_number();
    return {number, "LOITER_SUPERVISOR=" + std::to_string(grace.count()) + ":" + std::to_string(number)};
}

}  // namespace launch
