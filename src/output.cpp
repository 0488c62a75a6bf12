// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "render/render.h"
#include "text_file.h"

namespace command {
namespace {

constexpr char kPidMark[] = "%p";

/// While it lives a write to a reader that is gone, or beyond the limit of a file's size, fails instead of
/// ending this command. Not for good: CMD gets the dispositions that we got.
class FailedWritesTolerated {
public:
    FailedWritesTolerated() {
        struct sigaction ignore = {};
        ignore.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &ignore, &pipe_before_);
        sigaction(SIGXFSZ, &ignore, &size_before_);
    }
    ~FailedWritesTolerated() {
        sigaction(SIGPIPE, &pipe_before_, nullptr);
        sigaction(SIGXFSZ, &size_before_, nullptr);
    }
    FailedWritesTolerated(const FailedWritesTolerated&) = delete;
    FailedWritesTolerated& operator=(const FailedWritesTolerated&) = delete;

private:
    struct sigaction pipe_before_;
    struct sigaction size_before_;
};

/// A name that others can guess, in a folder that they may share: what they put there is neither followed nor
/// written to, nor waited for.
int open_guessable(const std::string& path, int how) {
    const int descriptor = open_for_writing(path, O_EXCL);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
    const int known = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | (how & O_APPEND));
    if (known < 0) return known;
    struct stat status = {};
    const bool is_own =
        fstat(known, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() && status.st_nlink == 1;
    if (is_own && ((how & O_TRUNC) == 0 || ftruncate(known, 0) == 0)) return known;
    close(known);
    errno = EPERM;
    return -1;
}

bool takes_files(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return faccessat(AT_FDCWD, folder.empty() ? "." : folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

std::string with_pid(std::string path, uint32_t pid) {
    const std::string number = std::to_string(pid);
    for (size_t at = 0; (at = path.find(kPidMark, at)) != std::string::npos; at += number.size()) {
        path.replace(at, std::strlen(kPidMark), number);
    }
    return path;
}

}  // namespace

bool write_all(int descriptor, const std::string& text) {
    const FailedWritesTolerated tolerated;
    size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(descriptor, text.data() + done, text.size() - done);
        if (written >= 0) {
            done += static_cast<size_t>(written);
        } else if (errno != EINTR) {
            return errno == EPIPE;
        }
    }
    return true;
}

Output::Output(const Destination& destination, const Options& options, int stream)
    : format_(destination.format),
      file_(destination.file),
      appends_(options.command == Command::kAttend),
      descriptor_(stream) {
    one_file_a_process_ = file_.find(kPidMark) != std::string::npos || (appends_ && !file_.empty());
    owned_ = !file_.empty() && !one_file_a_process_;
    if (owned_) {
        descriptor_ = open_for_writing(file_, O_EXCL);
        is_new_ = descriptor_ >= 0;
        if (!is_new_ && errno == EEXIST) descriptor_ = open_for_writing(file_, 0);
    }
    if (descriptor_ < 0 || (one_file_a_process_ && !takes_files(file_))) {
        throw UsageError("cannot write " + file_ + ": " + std::strerror(errno));
    }
    if (format_ == Format::kPprof && !one_file_a_process_ && isatty(descriptor_) == 1)
        throw UsageError("pprof is no text for a terminal; write it to a file: --format pprof=FILE");
    const char* const no_color = std::getenv("NO_COLOR");
    const bool wanted = no_color == nullptr || no_color[0] == '\0';
    colored_ = options.color == Color::kAlways ||
               (options.color == Color::kAuto && wanted && !one_file_a_process_ && isatty(descriptor_) == 1);
}

Output::~Output() {
    if (!owned_) return;
    close(descriptor_);
    if (is_new_ && !has_begun_) unlink(file_.c_str());
}

void Output::begin() {
    if (has_begun_) return;
    has_begun_ = true;
    struct stat status = {};
    // Devices and pipes cannot be cut.
    if (owned_ && !is_new_ && fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode) &&
        ftruncate(descriptor_, 0) != 0)
        failed(file_);
}

bool Output::write(uint32_t pid, const std::string& text) {
    begin();
    if (!one_file_a_process_) return write_all(descriptor_, text) || failed(file_);
    if (appends_ && text.empty()) return true;
    const std::string path = appends_ ? file_ : with_pid(file_, pid);
    const bool is_first = !appends_ && begun_.insert(path).second;
    const int descriptor = open_guessable(path, is_first ? O_TRUNC : O_APPEND);
    if (descriptor < 0) return failed(path);
    const bool written = write_all(descriptor, text) || failed(path);
    close(descriptor);
    return written;
}

bool Output::rewrite(uint32_t pid, const std::string& document) {
    const auto [written, is_first] = documents_.try_emplace(pid, document);
    if (!is_first && written->second == document) return true;
    if (!one_file_a_process_) {
        const bool can_replace = is_first || (owned_ && lseek(descriptor_, 0, SEEK_SET) == 0);
        if (!can_replace) return true;
        if (!is_first && ftruncate(descriptor_, 0) != 0) return failed(file_);
    } else {
        begun_.erase(with_pid(file_, pid));
    }
    written->second = document;
    return write(pid, document);
}

bool Output::failed(const std::string& path) {
    const int error = errno;
    if (!told_) remark("cannot write " + (path.empty() ? "the report" : path) + ": " + std::strerror(error));
    told_ = true;
    return false;
}

Outputs::Outputs(const Options& options, int stream) {
    for (const Destination& destination : options.destinations) all_.emplace_back(destination, options, stream);
}

void Outputs::begin() {
    for (Output& output : all_) output.begin();
}

bool Outputs::write(uint32_t pid, const std::function<std::string(Format format, bool colored)>& text) {
    bool all_written = true;
    for (Output& output : all_) all_written = output.write(pid, text(output.format(), output.colored())) && all_written;
    return all_written;
}

void remark(const std::string& text) {
    write_all(STDERR_FILENO, "loiter: " + render::printable(text) + "\n");
}

}  // namespace command
