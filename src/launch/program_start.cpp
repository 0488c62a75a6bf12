// SPDX-License-Identifier: Apache-2.0
#include "launch/program_start.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "launch/launch.h"

namespace launch {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
    result.push_back(nullptr);
    return result;
}

[[noreturn]] void execute(char* const* arguments, char* const* environment, const SignalSource& signals,
                          const DescriptorLimit& descriptors, int report) {
    signals.restore();
    descriptors.restore();
    execvpe(arguments[0], arguments, environment);
    const int error = errno;
    const ssize_t written = write(report, &error, sizeof error);
    _exit(written == sizeof error ? 127 : 126);
}

/// The errno that the child sent, or 0 when the program runs.
int exec_error(int descriptor) {
    int error = 0;
    ssize_t size = 0;
    do {
        size = read(descriptor, &error, sizeof error);
    } while (size < 0 && errno == EINTR);
    return size == sizeof error ? error : 0;
}

}  // namespace

std::vector<std::string> environment() {
    std::vector<std::string> result;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        result.emplace_back(*variable);
    return result;
}

std::vector<std::string> observed_environment(const std::string& library, const std::string& directory,
                                              const std::string& run_variable) {
    std::string preload = library;
    std::vector<std::string> result;
    for (std::string& variable : environment()) {
        if (variable.starts_with("LD_PRELOAD=")) {
            const std::string others = variable.substr(variable.find('=') + 1);
            if (!others.empty()) preload += ":" + others;
        } else if (!variable.starts_with("LOITER_DIR=") && !variable.starts_with("LOITER_SUPERVISOR=")) {
            result.push_back(std::move(variable));
        }
    }
    result.push_back("LD_PRELOAD=" + preload);
    result.push_back("LOITER_DIR=" + directory);
    result.push_back(run_variable);
    return result;
}

Started start_program(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                      const SignalSource& signals, const DescriptorLimit& descriptors) {
    const std::vector<char*> arguments = pointers(command);
    const std::vector<char*> variables = pointers(environment);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw Error(std::string("cannot start a program: pipe: ") + std::strerror(errno));
    const FileDescriptor reading(ends[0]);
    FileDescriptor writing(ends[1]);

    const pid_t pid = fork();
    if (pid < 0) throw Error(std::string("cannot start a program: fork: ") + std::strerror(errno));
    if (pid == 0) execute(arguments.data(), variables.data(), signals, descriptors, writing.get());

    writing = FileDescriptor();
    const int error = exec_error(reading.get());
    if (error != 0) waitpid(pid, nullptr, 0);
    return {pid, error};
}

}  // namespace launch
