// SPDX-License-Identifier: Apache-2.0
#include "launch/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>
#include <vector>

#include "launch/launch.h"

namespace launch {
namespace {

constexpr char kPrefix[] = "loiter-run-";

constexpr off_t kHeadBytes = 4096;

/// For the recordings of some processes.
constexpr uint64_t kLeastRoom = uint64_t{16} << 20;

FileDescriptor open_folder(const std::string& path) {
    return FileDescriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool is_still_there(const std::string& path, const FileDescriptor& folder) {
    struct stat by_path = {};
    struct stat by_descriptor = {};
    return stat(path.c_str(), &by_path) == 0 && fstat(folder.get(), &by_descriptor) == 0 &&
           by_path.st_ino == by_descriptor.st_ino && by_path.st_dev == by_descriptor.st_dev;
}

bool has_room(const std::string& folder) {
    struct statvfs filesystem = {};
    if (statvfs(folder.c_str(), &filesystem) != 0) return false;
    // A tmpfs without a limit tells no size.
    const bool is_limited = filesystem.f_blocks != 0 && filesystem.f_frsize != 0;
    return !is_limited || filesystem.f_bavail >= kLeastRoom / filesystem.f_frsize;
}

/// Makes and locks a folder in `parent`; returns a closed descriptor where that cannot be done.
FileDescriptor make_private(const std::string& parent, std::string& path) {
    // Another command may remove the folder before it is locked: then the next try has another name.
    for (int attempt = 0; attempt < 8; ++attempt) {
        path = parent + "/" + kPrefix + "XXXXXX";
        if (mkdtemp(path.data()) == nullptr) return FileDescriptor();
        FileDescriptor folder = open_folder(path);
        if (flock(folder.get(), LOCK_EX | LOCK_NB) == 0 && is_still_there(path, folder)) return folder;
    }
    return FileDescriptor();
}

/// Rights alone do not tell: of /proc, or of a full disk. Else errno says why not.
bool takes_file(const std::string& folder) {
    std::string path = folder + "/.loiter-XXXXXX";
    const FileDescriptor file(mkostemp(path.data(), O_CLOEXEC));
    if (!file.is_open()) return false;
    const int error = posix_fallocate(file.get(), 0, kHeadBytes);
    unlink(path.c_str());
    // Filesystems that cannot say so in advance have their chance.
    errno = error;
    return error != ENOSPC && error != EDQUOT;
}

}  // namespace

std::vector<std::string> run_directory_parents() {
    std::vector<std::string> folders{"/dev/shm"};
    const char* const temporary = std::getenv("TMPDIR");
    if (temporary != nullptr && temporary[0] == '/') folders.emplace_back(temporary);
    folders.emplace_back("/tmp");
    return folders;
}

RunDirectory::RunDirectory(const std::string& keep) : path_(keep) {
    if (!keep.empty()) return;
    // Where there is little room, rather than nowhere.
    for (const bool has_little : {false, true}) {
        for (const std::string& parent : run_directory_parents()) {
            if (has_room(parent) == has_little) continue;
            lock_ = make_private(parent, path_);
            if (lock_.is_open()) return;
        }
    }
    path_.clear();
}

void RunDirectory::remove_if_empty() const {
    if (is_private()) rmdir(path_.c_str());
}

std::string make_keep_directory(const std::string& path) {
    std::error_code error;
    std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
    const auto refuse = [&path](const std::string& why) { throw Error("cannot record in " + path + ": " + why); };
    if (error) refuse(error.message());
    if (mkdir(absolute.c_str(), 0700) != 0 && errno != EEXIST) refuse(std::strerror(errno));
    if (!std::filesystem::is_directory(absolute, error)) refuse(error ? error.message() : "not a folder");
    if (access(absolute.c_str(), R_OK | W_OK | X_OK) != 0) refuse(std::strerror(errno));
    if (!takes_file(absolute)) refuse(std::strerror(errno));
    return absolute;
}

std::vector<std::string> run_directories() {
    std::vector<std::string> found;
    for (const std::string& parent : run_directory_parents()) {
        std::error_code error;
        for (std::filesystem::directory_iterator entry(parent, error), end; !error && entry != end;
             entry.increment(error)) {
            struct stat status = {};
            const std::string path = entry->path().string();
            const bool named_so = entry->path().filename().string().starts_with(kPrefix);
            if (named_so && lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) found.push_back(path);
        }
    }
    return found;
}

std::vector<std::string> abandoned_run_directories() {
    std::multimap<time_t, std::string, std::greater<>> by_age;
    for (const std::string& path : run_directories()) {
        struct stat status = {};
        const FileDescriptor folder = open_folder(path);
        const bool is_free = flock(folder.get(), LOCK_SH | LOCK_NB) == 0;
        if (is_free && fstat(folder.get(), &status) == 0) by_age.emplace(status.st_mtime, path);
    }
    std::vector<std::string> paths;
    for (const auto& [time, path] : by_age) paths.push_back(path);
    return paths;
}

void remove_unused_run_directories() {
    for (const std::string& path : run_directories()) {
        const FileDescriptor folder = open_folder(path);
        if (flock(folder.get(), LOCK_EX | LOCK_NB) == 0) rmdir(path.c_str());
    }
}

}  // namespace launch
