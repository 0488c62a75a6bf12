// SPDX-License-Identifier: Apache-2.0
#include "symbolize/module_files.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace symbolize {

namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr const char* kDebugDirectory = "/usr/lib/debug";

/// Files of /proc call themselves regular.
bool is_of_kernel(const struct statfs& filesystem) {
    return filesystem.f_type == PROC_SUPER_MAGIC || filesystem.f_type == SYSFS_MAGIC ||
           filesystem.f_type == DEBUGFS_MAGIC || filesystem.f_type == TRACEFS_MAGIC;
}

/// A path of a recording may name anything. Devices, pipes and files of the kernel's own are not even opened: that
/// may act by itself.
File open_regular(const std::string& path) {
    struct stat status = {};
    struct statfs filesystem = {};
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return File();
    if (statfs(path.c_str(), &filesystem) != 0 || is_of_kernel(filesystem)) return File();
    File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), path);
    if (!file.is_open() || fstat(file.descriptor(), &status) != 0 || !S_ISREG(status.st_mode)) return File();
    return file;
}

/// Lower-case hex; empty: none, or no ELF file.
std::string build_id_of(const File& file) {
    if (elf_version(EV_CURRENT) == EV_NONE) return "";
    const std::unique_ptr<Elf, decltype(&elf_end)> elf(elf_begin(file.descriptor(), ELF_C_READ_MMAP, nullptr),
                                                       &elf_end);
    const void* bytes = nullptr;
    const ssize_t length = elf ? dwelf_elf_gnu_build_id(elf.get(), &bytes) : -1;
    std::string hex;
    for (ssize_t at = 0; at < length; ++at) {
        std::array<char, 3> digits;
        std::snprintf(digits.data(), digits.size(), "%02x", static_cast<const unsigned char*>(bytes)[at]);
        hex += digits.data();
    }
    return hex;
}

constexpr std::array<uint32_t, 256> checksum_table() {
    std::array<uint32_t, 256> table = {};
    for (uint32_t byte = 0; byte < table.size(); ++byte) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0);
        table[byte] = value;
    }
    return table;
}

/// The CRC-32 that .gnu_debuglink sections hold.
uint32_t checksum_of(const File& file) {
    static constexpr std::array<uint32_t, 256> kTable = checksum_table();
    std::vector<unsigned char> buffer(1 << 16);
    uint32_t checksum = ~0u;
    for (off_t at = 0;;) {
        const ssize_t length = pread(file.descriptor(), buffer.data(), buffer.size(), at);
        if (length <= 0) return ~checksum;
        for (ssize_t i = 0; i < length; ++i) checksum = kTable[(checksum ^ buffer[i]) & 0xff] ^ (checksum >> 8);
        at += length;
    }
}

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

ModuleFiles::ModuleFiles(ModuleIdentity identity, Debuginfod* debuginfod)
    : identity_(std::move(identity)), debuginfod_(debuginfod) {}

File ModuleFiles::if_matching(File file) const {
    const bool matches = file.is_open() && (identity_.build_id.empty() || build_id_of(file) == identity_.build_id);
    return matches ? std::move(file) : File();
}

File ModuleFiles::open_matching(const std::string& path) const {
    return if_matching(open_regular(path));
}

File ModuleFiles::open_by_build_id() const {
    if (identity_.build_id.size() < 4) return File();
    const std::string below = std::string(kDebugDirectory) + "/.build-id/" + identity_.build_id.substr(0, 2) + "/" +
                              identity_.build_id.substr(2) + ".debug";
    File file;
    if (!identity_.root.empty()) file = open_matching(identity_.root + below);
    return file.is_open() ? std::move(file) : open_matching(below);
}

File ModuleFiles::open() {
    std::string path = identity_.path;
    const bool deleted = path.ends_with(kDeleted);
    if (deleted) path.resize(path.size() - kDeleted.size());
    File file;
    // Where a deleted file was, another one may be by now: only a build-id could tell.
    const bool was_deleted = deleted || !identity_.link.empty();
    if (path.starts_with('/') && !(was_deleted && identity_.build_id.empty())) {
        if (!identity_.root.empty()) file = open_matching(identity_.root + path);
        if (!file.is_open()) file = open_matching(path);
    }
    if (!file.is_open() && !identity_.link.empty()) file = open_matching(identity_.link);
    if (!file.is_open()) file = open_by_build_id();
    if (!file.is_open() && debuginfod_) file = if_matching(debuginfod_->executable(identity_.build_id));
    if (!file.is_open() && debuginfod_) file = if_matching(debuginfod_->debug_file(identity_.build_id));
    identity_.path = path;
    found_at_ = file.path();
    if (identity_.build_id.empty() && file.is_open()) identity_.build_id = build_id_of(file);
    return file;
}

File ModuleFiles::open_debug_file(const char* debuglink, uint32_t checksum) {
    File file = open_by_build_id();
    if (!file.is_open() && debuglink) file = open_by_debuglink(debuglink, checksum);
    if (!file.is_open() && debuginfod_) file = if_matching(debuginfod_->debug_file(identity_.build_id));
    return file;
}

File ModuleFiles::open_by_debuglink(const std::string& name, uint32_t checksum) const {
    if (name.empty() || name.find('/') != std::string::npos) return File();
    const std::string beside = folder_of(found_at_);
    const std::string global = kDebugDirectory + folder_of(identity_.path);
    std::vector<std::string> places = {beside + "/" + name, beside + "/.debug/" + name};
    if (!identity_.root.empty()) places.push_back(identity_.root + global + "/" + name);
    places.push_back(global + "/" + name);
    for (const std::string& place : places) {
        if (place == found_at_) continue;
        File file = open_regular(place);
        if (!file.is_open()) continue;
        const std::string build_id = build_id_of(file);
        const bool both = !build_id.empty() && !identity_.build_id.empty();
        if (both ? build_id == identity_.build_id : checksum_of(file) == checksum) return file;
    }
    return File();
}

}  // namespace symbolize
