// SPDX-License-Identifier: Apache-2.0
//
// See target_runner.h. Runs in the test process.
#include "tests/support/target_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace support {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// Standard input of the program: memory, so that nobody has to feed a pipe.
int input_file(const std::string& text) {
    const int file = memfd_create("input", MFD_CLOEXEC);
    if (file < 0) fail("memfd_create");
    if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("write");
    lseek(file, 0, SEEK_SET);
    return file;
}

struct Strings {
    explicit Strings(const std::vector<std::string>& texts) : texts_(texts) {
        for (std::string& text : texts_) pointers_.push_back(text.data());
        pointers_.push_back(nullptr);
    }
    char** data() { return pointers_.data(); }

private:
    std::vector<std::string> texts_;
    std::vector<char*> pointers_;
};

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& more) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        bool replaced = false;
        for (const auto& [name, value] : more) replaced = replaced || text.starts_with(name + "=");
        if (!replaced) all.push_back(text);
    }
    for (const auto& [name, value] : more) all.push_back(name + "=" + value);
    return all;
}

/// Appends what is there to read. False at the end of the stream.
bool drain(int file, std::string& to) {
    char buffer[16384];
    while (true) {
        const ssize_t got = read(file, buffer, sizeof buffer);
        if (got > 0) {
            to.append(buffer, static_cast<size_t>(got));
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
    }
}

}  // namespace

Running::Running(const Command& command) : deadline_(std::chrono::steady_clock::now() + command.hard_limit) {
    int output[2];
    int errors[2];
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0) fail("pipe2");
    const int input = input_file(command.input);
    Strings arguments(command.arguments);
    Strings environment(environment_with(command.environment));
    pid_ = fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
        setpgid(0, 0);
        dup2(input, 0);
        dup2(output[1], 1);
        dup2(errors[1], 2);
        if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) _exit(127);
        execvpe(arguments.data()[0], arguments.data(), environment.data());
        _exit(127);
    }
    setpgid(pid_, pid_);
    close(input);
    close(output[1]);
    close(errors[1]);
    output_fd_ = output[0];
    errors_fd_ = errors[0];
    fcntl(output_fd_, F_SETFL, O_NONBLOCK);
    fcntl(errors_fd_, F_SETFL, O_NONBLOCK);
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));  // <sys/pidfd.h> of glibc 2.36 is not for C++
    if (pidfd_ < 0) fail("pidfd_open");
}

Running::~Running() {
    if (!ended_) {
        kill_group();
        waitpid(pid_, nullptr, 0);
    }
    for (const int file : {pidfd_, output_fd_, errors_fd_}) {
        if (file >= 0) close(file);
    }
}

void Running::signal(int number) const {
    if (!ended_) kill(pid_, number);
}

void Running::kill_group() const {
    kill(-pid_, SIGKILL);
}

void Running::read_available() {
    for (auto [file, text] : {std::pair{&output_fd_, &outcome_.output}, std::pair{&errors_fd_, &outcome_.errors}}) {
        if (*file >= 0 && !drain(*file, *text)) {
            close(*file);
            *file = -1;
        }
    }
}

/// Waits for output or for the end; false once it has ended.
bool Running::pump() {
    if (ended_) return false;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    pollfd files[] = {{pidfd_, POLLIN, 0}, {output_fd_, POLLIN, 0}, {errors_fd_, POLLIN, 0}};
    poll(files, 3, static_cast<int>(std::max<long>(left.count(), 0)));
    if (left.count() <= 0) {
        outcome_.out_of_time = true;
        kill_group();
    }
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, outcome_.out_of_time ? 0 : WNOHANG);
    read_available();
    if (reaped != pid_) return true;
    ended_ = true;
    outcome_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return false;
}

bool Running::await_output(const std::string& text) {
    while (outcome_.output.find(text) == std::string::npos) {
        if (!pump()) return outcome_.output.find(text) != std::string::npos;
    }
    return true;
}

bool Running::await_call(long number) const {
    const std::string path = "/proc/" + std::to_string(pid_) + "/syscall";
    for (;;) {
        std::ifstream file(path);
        std::string call;  // "running" in none
        if (!(file >> call) || std::chrono::steady_clock::now() > deadline_) return false;
        if (call == std::to_string(number)) return true;
        std::this_thread::yield();
    }
}

Outcome Running::finish() {
    while (pump()) {
    }
    return outcome_;
}

Outcome run(const Command& command) {
    return Running(command).finish();
}

Observed observe(const std::string& loiter, const std::string& mode, const std::vector<std::string>& options,
                 const Command& target) {
    const TemporaryFolder folder;
    const std::string file = folder.path() + "/report.json";
    Command command = target;
    command.arguments = {loiter, mode, "--format", "json", "-o", file};
    command.arguments.insert(command.arguments.end(), options.begin(), options.end());
    command.arguments.push_back("--");
    command.arguments.insert(command.arguments.end(), target.arguments.begin(), target.arguments.end());
    Observed observed{run(command), {}};
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) observed.reports.push_back(nlohmann::json::parse(line));
    return observed;
}

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "loiter-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) fail("mkdtemp");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace support
