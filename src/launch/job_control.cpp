// SPDX-License-Identifier: Apache-2.0
#include "launch/job_control.h"

#include <fcntl.h>
#include <unistd.h>

#include "launch/file_descriptor.h"

namespace launch {

bool shell_minds_stops() {
    const pid_t parent = getppid();
    const bool is_job = getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
    if (!is_job) return false;
    const FileDescriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    return tcgetpgrp(terminal.get()) == getpgrp();
}

}  // namespace launch
