// SPDX-License-Identifier: Apache-2.0
#include "read/records/head.h"

#include <algorithm>
#include <cstring>

#include "read/kernel/signal_sets.h"
#include "read/read.h"

namespace reader {

using protocol::ProcessRecord;
using protocol::RegionKind;

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint32_t kMaxStride = 1U << 16;
constexpr uint64_t kMaxExtent = uint64_t{1} << 48;  // offsets and sizes up to here cannot overflow

// Smaller ones never existed: what is up to here was there from the first version on.
constexpr uint32_t kMinHead = offsetof(ProcessRecord, created_total);
constexpr uint32_t kMinThread = offsetof(protocol::ThreadRecord, holds);
constexpr uint32_t kMinModule = offsetof(protocol::ModuleRecord, path);
constexpr uint32_t kStackUnit = 8;

/// The first words of every recording, of whatever version.
struct Opening {
    uint64_t magic;
    uint32_t size;
    uint32_t version;
};

[[noreturn]] void damaged(const std::string& name) {
    throw Error(name + " is damaged: its head contradicts itself; there is nothing to be read from it");
}

[[noreturn]] void cut_short(const std::string& name) {
    throw Error(name + " is cut short; copy the whole recording");
}

Opening check_opening(const Source& source, const std::string& name) {
    Opening opening{};
    if (source.size() == 0) throw Error(name + " is empty, so it is not a recording");
    if (!read_value(source, 0, opening)) throw Error(name + " is not a recording: it is too short");
    if (opening.magic == 0 && opening.version <= protocol::kVersion) {
        throw Error(name + " is not a recording yet: its process is just starting, or ended while it did");
    }
    if (opening.magic != protocol::kMagic) throw Error(name + " is not a recording");
    if (opening.version != protocol::kVersion) {
        throw Error(name + " was recorded by another version (recording version " + std::to_string(opening.version) +
                    ", this command reads " + std::to_string(protocol::kVersion) +
                    "); use the loiter that came with its library");
    }
    if (opening.size < kMinHead) damaged(name);
    return opening;
}

bool is_sane(const Extent& extent, uint32_t least) {
    return extent.element_bytes >= least && extent.element_bytes <= extent.stride && extent.stride <= kMaxStride &&
           extent.offset <= kMaxExtent && extent.bytes <= kMaxExtent;
}

/// Bytes of a region that its writer says are in use.
uint64_t claimed_bytes(const Layout& layout, const ProcessRecord& head, RegionKind kind) {
    const protocol::Region& region = head.regions[kind];
    return std::min({region.used.load(std::memory_order_relaxed), region.committed.load(std::memory_order_relaxed),
                     layout.regions[kind].bytes});
}

constexpr RegionKind kRegions[] = {protocol::kThreads, protocol::kStacks, protocol::kModules};

}  // namespace

Layout check_head(const Source& source, const std::string& name) {
    Layout layout;
    layout.head_bytes = check_opening(source, name).size;
    if (source.size() < std::min<uint64_t>(layout.head_bytes, sizeof(ProcessRecord))) cut_short(name);
    ProcessRecord head{};
    copy_head(source, layout, head);
    const uint32_t element_bytes[] = {head.thread_record_size, kStackUnit, head.module_record_size};
    const uint32_t least[] = {kMinThread, kStackUnit, kMinModule};
    for (const RegionKind kind : kRegions) {
        const protocol::Region& region = head.regions[kind];
        layout.regions[kind] = {region.offset, region.bytes, region.stride, element_bytes[kind]};
        if (!is_sane(layout.regions[kind], least[kind])) damaged(name);
        if (used_bytes(source, layout, head, kind) < claimed_bytes(layout, head, kind)) cut_short(name);
    }
    return layout;
}

void copy_head(const Source& source, const Layout& layout, ProcessRecord& head) {
    // The second page holds notes that most processes never write: in memory it may not be there.
    std::memset(static_cast<void*>(&head), 0, sizeof(head));
    auto* const bytes = reinterpret_cast<char*>(&head);
    const uint64_t known = std::min<uint64_t>(layout.head_bytes, sizeof(head));
    const uint64_t first = std::min(known, kPage);
    source.read(0, bytes, first);
    if (known > first) source.read(first, bytes + first, known - first);
}

uint64_t used_bytes(const Source& source, const Layout& layout, const ProcessRecord& head, RegionKind kind) {
    const uint64_t size = source.size();
    const uint64_t offset = layout.regions[kind].offset;
    return std::min(claimed_bytes(layout, head, kind), size > offset ? size - offset : 0);
}

uint64_t bytes_in_use(const Layout& layout, const ProcessRecord& head) {
    uint64_t end = protocol::kHeadBytes;
    for (const RegionKind kind : kRegions) {
        const uint64_t claimed = claimed_bytes(layout, head, kind);
        if (claimed > 0) end = std::max(end, layout.regions[kind].offset + claimed);
    }
    return (end + kPage - 1) / kPage * kPage;
}

uint64_t signals_of_library(const ProcessRecord& head) {
    const uint32_t report_signal = head.report_signal.load(kRelaxed);
    const bool is_signal = report_signal >= 1 && report_signal <= 64;
    return head.grace_signals.load(kRelaxed) | (is_signal ? bit_of(static_cast<int>(report_signal)) : 0);
}

std::string exe_of(const ProcessRecord& head) {
    return std::string(head.exe, strnlen(head.exe, sizeof(head.exe)));
}

std::vector<std::string> command_of(const ProcessRecord& head) {
    std::vector<std::string> command;
    const char* at = head.command;
    const char* const end = at + std::min<size_t>(head.command_bytes, sizeof(head.command));
    while (at < end) {
        const size_t length = strnlen(at, static_cast<size_t>(end - at));
        command.emplace_back(at, length);
        at += length + 1;
    }
    return command;
}

}  // namespace reader
