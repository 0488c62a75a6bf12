// SPDX-License-Identifier: Apache-2.0
#include "read/core/core_memory.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "read/kernel/named_file.h"

namespace reader {

namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kMaxFiles = 4096;
constexpr size_t kToldFiles = 6;

std::string listing(const std::vector<std::string>& paths) {
    std::string text;
    for (size_t i = 0; i < std::min(paths.size(), kToldFiles); ++i) text += (i == 0 ? "" : ", ") + paths[i];
    return paths.size() > kToldFiles ? text + ", and more" : text;
}

}  // namespace

CoreMemory::CoreMemory(const CoreFile& core) : core_(core) {
    const std::set<std::string_view> code = files_of_code();
    for (const CoreMapping& mapping : core.mappings()) {
        if (files_.size() == kMaxFiles) break;
        if (!files_.contains(mapping.path)) open_file(mapping, code.contains(mapping.path));
    }
}

CoreMemory::~CoreMemory() {
    for (const auto& [path, descriptor] : files_) {
        if (descriptor >= 0) close(descriptor);
    }
}

bool CoreMemory::is_segment(const CoreMapping& mapping) const {
    const std::vector<CoreSegment>& segments = core_.segments();
    const auto next =
        std::upper_bound(segments.begin(), segments.end(), mapping.start,
                         [](uint64_t wanted, const CoreSegment& segment) { return wanted < segment.start; });
    return next != segments.begin() && mapping.start < std::prev(next)->end;
}

/// Paths of those that may have some.
std::set<std::string_view> CoreMemory::files_of_code() const {
    std::vector<uint64_t> starts;  // of segments of code, ascending as those are
    for (const CoreSegment& segment : core_.segments()) {
        if (segment.executable) starts.push_back(segment.start);
    }
    std::set<std::string_view> files;
    for (const CoreMapping& mapping : core_.mappings()) {
        const auto first = std::lower_bound(starts.begin(), starts.end(), mapping.start);
        const bool is_known_as_code = first != starts.end() && *first < mapping.end;
        if (is_known_as_code || !is_segment(mapping)) files.insert(mapping.path);
    }
    return files;
}

/// The page that has the headers, and mostly the build-id, is in the core: it tells whether the file
/// is still the one that ran.
void CoreMemory::open_file(const CoreMapping& first, bool has_code) {
    int descriptor = first.path.starts_with('/') ? open_named_file(first.path) : -1;
    char ran[kPageBytes];
    char now[kPageBytes];
    const size_t known = first.offset == 0 ? core_.read(first.start, ran, sizeof(ran)) : 0;
    const bool is_object = known >= SELFMAG && std::memcmp(ran, ELFMAG, SELFMAG) == 0;
    if (descriptor < 0) {
        if (has_code) missing_.push_back(first.path);
    } else if (is_object && (pread(descriptor, now, known, 0) < static_cast<ssize_t>(std::min(known, sizeof(now))) ||
                             std::memcmp(ran, now, known) != 0)) {
        others_.push_back(first.path);
        close(descriptor);
        descriptor = -1;
    }
    files_.emplace(first.path, descriptor);
}

const CoreMapping* CoreMemory::mapping_at(uint64_t address) const {
    const std::vector<CoreMapping>& mappings = core_.mappings();
    const auto next = std::upper_bound(mappings.begin(), mappings.end(), address,
                                       [](uint64_t wanted, const CoreMapping& one) { return wanted < one.start; });
    if (next == mappings.begin() || address >= std::prev(next)->end) return nullptr;
    return &*std::prev(next);
}

size_t CoreMemory::read_file(uint64_t address, void* to, size_t bytes) const {
    const CoreMapping* const mapping = mapping_at(address);
    const auto file = mapping == nullptr ? files_.end() : files_.find(mapping->path);
    if (file == files_.end() || file->second < 0) return 0;
    const uint64_t within = address - mapping->start;
    const size_t wanted = std::min<uint64_t>(bytes, mapping->end - address);
    const uint64_t offset = mapping->offset + within;
    const ssize_t got = offset > INT64_MAX ? -1 : pread(file->second, to, wanted, static_cast<off_t>(offset));
    if (got <= 0) return 0;
    // The last page of a mapping goes on behind the file's end, with nothing in it.
    const size_t page_rest = (kPageBytes - (within + static_cast<size_t>(got)) % kPageBytes) % kPageBytes;
    const size_t zeros = std::min(page_rest, wanted - static_cast<size_t>(got));
    std::memset(static_cast<char*>(to) + got, 0, zeros);
    return static_cast<size_t>(got) + zeros;
}

size_t CoreMemory::read(uint64_t address, void* to, size_t bytes) const {
    size_t done = 0;
    while (done < bytes) {
        auto* const rest = static_cast<char*>(to) + done;
        size_t got = core_.read(address + done, rest, bytes - done);
        if (got == 0) {
            // As far as the file may speak: the core may know what follows.
            const size_t to_page_end = kPageBytes - (address + done) % kPageBytes;
            got = read_file(address + done, rest, std::min(bytes - done, to_page_end));
        }
        if (got == 0) break;
        done += got;
    }
    return done;
}

std::vector<unwind::Region> CoreMemory::regions() const {
    std::vector<unwind::Region> regions;
    for (const CoreSegment& segment : core_.segments()) {
        if (!regions.empty() && segment.start < regions.back().end) continue;  // damaged: they never overlap
        unwind::Region region;
        region.start = segment.start;
        region.end = segment.end;
        region.readable = segment.readable;
        region.writable = segment.writable;
        region.executable = segment.executable;
        if (const CoreMapping* const mapping = mapping_at(segment.start)) {
            region.path = mapping->path;
            region.offset = mapping->offset + (segment.start - mapping->start);
            region.of_file = true;
        } else {
            char magic[SELFMAG];
            const bool is_object = segment.executable && core_.read(segment.start, magic, SELFMAG) == SELFMAG &&
                                   std::memcmp(magic, ELFMAG, SELFMAG) == 0;
            region.of_file = is_object;
            if (is_object) region.path = "[vdso]";
        }
        regions.push_back(std::move(region));
    }
    // gdb leaves out what is as in its file, and does not say whether that is code.
    for (const CoreMapping& mapping : core_.mappings()) {
        if (is_segment(mapping)) continue;
        unwind::Region region;
        region.start = mapping.start;
        region.end = mapping.end;
        region.offset = mapping.offset;
        region.readable = true;
        region.executable = true;
        region.of_file = true;
        region.path = mapping.path;
        regions.push_back(std::move(region));
    }
    std::sort(regions.begin(), regions.end(),
              [](const unwind::Region& one, const unwind::Region& other) { return one.start < other.start; });
    return regions;
}

std::string CoreMemory::path_at(uint64_t address) const {
    const CoreMapping* const mapping = mapping_at(address);
    return mapping == nullptr ? "" : mapping->path;
}

std::string CoreMemory::note() const {
    std::string text;
    if (!missing_.empty()) text = "not found here: " + listing(missing_);
    if (!others_.empty())
        text += (text.empty() ? "" : "; ") + ("not what ran, but another version: " + listing(others_));
    return text.empty() ? "" : "stacks and names may lack what is in files " + text;
}

}  // namespace reader
