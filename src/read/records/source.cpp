// SPDX-License-Identifier: Apache-2.0
#include "read/records/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "read/kernel/target_memory.h"
#include "read/read.h"

namespace reader {

namespace {

constexpr uint64_t kMaxOffset = std::numeric_limits<off_t>::max();

class FileSource : public Source {
public:
    FileSource(int descriptor, uint64_t inode) : descriptor_(descriptor), inode_(inode) {}
    ~FileSource() override { close(descriptor_); }

    size_t read(uint64_t offset, void* to, size_t bytes) const override {
        if (offset > kMaxOffset || bytes > kMaxOffset - offset) return 0;
        size_t done = 0;
        while (done < bytes) {
            const ssize_t got =
                pread(descriptor_, static_cast<char*>(to) + done, bytes - done, static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) break;
            done += static_cast<size_t>(got);
        }
        return done;
    }

    bool write(uint64_t offset, const void* from, size_t bytes) override {
        // A shorter file must not grow: it would no longer be seen to be cut short.
        if (offset > size() || bytes > size() - offset) return false;
        return pwrite(descriptor_, from, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
    }

    uint64_t size() const override {
        struct stat status = {};
        return fstat(descriptor_, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
    }

    void cut(uint64_t bytes) override {
        if (bytes < size() && ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) return;
    }

    uint64_t inode() const override { return inode_; }

private:
    int descriptor_;
    uint64_t inode_;
};

class MemorySource : public Source {
public:
    MemorySource(uint32_t pid, uint64_t address, uint64_t bytes) : pid_(pid), address_(address), bytes_(bytes) {}

    size_t read(uint64_t offset, void* to, size_t bytes) const override {
        if (offset >= bytes_) return 0;
        return read_memory(pid_, address_ + offset, to, std::min<uint64_t>(bytes, bytes_ - offset)).bytes;
    }

    bool write(uint64_t offset, const void* from, size_t bytes) override {
        if (offset > bytes_ || bytes > bytes_ - offset) return false;
        return write_memory(pid_, address_ + offset, from, bytes);
    }

    uint64_t size() const override { return bytes_; }
    void cut(uint64_t) override {}
    uint64_t inode() const override { return 0; }

private:
    uint32_t pid_;
    uint64_t address_;
    uint64_t bytes_;
};

[[noreturn]] void refuse(const std::string& path, int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR: throw Error(path + ": there is no such file");
        case ELOOP: throw Error(path + " is a symbolic link; name the recording itself");
        case EACCES:
        case EPERM: throw Error(path + ": no right to read it; run as its owner or as root");
        default: throw Error(path + " cannot be opened: " + std::strerror(error));
    }
}

void check_file(const std::string& path, const struct stat& status) {
    if (S_ISLNK(status.st_mode)) refuse(path, ELOOP);
    if (S_ISDIR(status.st_mode)) throw Error(path + " is a folder; name a recording in it");
    if (!S_ISREG(status.st_mode)) throw Error(path + " is no regular file, so it is not a recording");
    if (geteuid() != 0 && status.st_uid != geteuid()) {
        throw Error(path + " belongs to another user (" + std::to_string(status.st_uid) +
                    "); run as that user or as root");
    }
}

int open_readable(const std::string& path) {
    // Not blocked by a pipe that takes the file's place between the check and here.
    constexpr int kFlags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    const int descriptor = open(path.c_str(), O_RDWR | kFlags);
    return descriptor >= 0 ? descriptor : open(path.c_str(), O_RDONLY | kFlags);
}

}  // namespace

std::unique_ptr<Source> open_file(const std::string& path) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0) refuse(path, errno);
    check_file(path, status);
    const int descriptor = open_readable(path);
    if (descriptor < 0) refuse(path, errno);
    const bool known = fstat(descriptor, &status) == 0;
    auto source = std::make_unique<FileSource>(descriptor, known ? status.st_ino : 0);
    check_file(path, status);
    return source;
}

std::unique_ptr<Source> open_memory(uint32_t pid, uint64_t address, uint64_t bytes) {
    return std::make_unique<MemorySource>(pid, address, bytes);
}

}  // namespace reader
