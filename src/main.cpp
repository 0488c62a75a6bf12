// SPDX-License-Identifier: Apache-2.0
//
// The command. Its one catch is for what the user can fix.
#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <vector>

#include "commands.h"
#include "exit_status.h"
#include "options.h"
#include "output.h"

namespace {

constexpr int kUsage = 2;

/// A file opened later must not become descriptor 0, 1 or 2. Closed on exec: CMD finds them as we did.
void occupy_standard_descriptors() {
    int descriptor = 0;
    do {
        descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor > STDERR_FILENO) close(descriptor);
}

}  // namespace

int main(int argc, char** argv) {
    occupy_standard_descriptors();
    try {
        return command::execute(command::parse(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc)));
    } catch (const command::UsageError& error) {
        command::remark(error.what());
        return kUsage;
    } catch (const std::exception& error) {
        command::remark(error.what());
        return command::kCannot;
    }
}
