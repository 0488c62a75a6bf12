// SPDX-License-Identifier: Apache-2.0
//
// A recording, from its first byte to the last word of the reports. Of a process of another boot: what this
// machine's processes happen to be has no part in it.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "protocol/layout.h"
#include "read/read.h"
#include "read/records/head.h"
#include "read/records/identity.h"
#include "read/records/source.h"
#include "read/take_snapshot.h"
#include "tests/fuzz/reports.h"
#include "tests/fuzz/target.h"

namespace fuzz {

namespace {

using protocol::ProcessRecord;

class BytesSource : public reader::Source {
public:
    explicit BytesSource(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {
        overwrite(offsetof(ProcessRecord, boot_id), 0xff, sizeof(ProcessRecord::boot_id));
        overwrite(offsetof(ProcessRecord, pid_namespace), 0, sizeof(ProcessRecord::pid_namespace));
    }

    size_t read(uint64_t offset, void* to, size_t bytes) const override {
        if (offset >= bytes_.size()) return 0;
        const size_t there = std::min<size_t>(bytes, bytes_.size() - offset);
        std::memcpy(to, bytes_.data() + offset, there);
        return there;
    }
    bool write(uint64_t, const void*, size_t) override { return false; }
    uint64_t size() const override { return bytes_.size(); }
    void cut(uint64_t) override {}
    uint64_t inode() const override { return 1; }

private:
    void overwrite(size_t offset, int value, size_t bytes) {
        if (bytes_.size() >= offset + bytes) std::memset(bytes_.data() + offset, value, bytes);
    }

    std::vector<uint8_t> bytes_;
};

snapshot::Reason reason_of(Bytes input) {
    constexpr snapshot::Reason kReasons[] = {snapshot::Reason::kPostMortem, snapshot::Reason::kExit,
                                             snapshot::Reason::kTimeout,    snapshot::Reason::kDump,
                                             snapshot::Reason::kWatch,      snapshot::Reason::kSignal};
    constexpr size_t kAt = offsetof(ProcessRecord, reserved0);  // nothing else looks there
    return kReasons[input.size() > kAt ? input[kAt] % std::size(kReasons) : 0];
}

/// Where a change stays within the shape: the parts of the head, each slot and what is in it, the arenas.
struct Window {
    size_t offset;
    size_t bytes;
};

Window window_of(size_t size, unsigned seed) {
    const size_t part = (seed >> 8) % 16;
    const Window whole{0, size};
    if (part == 0) return whole;
    size_t offset = part < 4 ? 24 : part < 6 ? offsetof(ProcessRecord, foreign_unlocks) : protocol::kHeadBytes;
    size_t bytes = part < 2   ? 232
                   : part < 4 ? offsetof(ProcessRecord, exe) - 24
                   : part < 6 ? sizeof(ProcessRecord) - offset
                              : size - std::min(size, offset);
    // Most of a slot is empty: smaller windows hit what counts.
    if (part >= 8 && bytes > 4096) {
        const size_t slots = bytes / 4096;
        offset += (seed >> 12) % slots * 4096;
        bytes = part >= 12 ? 256 : 1024;
    }
    if (offset >= size) return whole;
    return {offset, std::min(bytes, size - offset)};
}

}  // namespace

void run_recording(Bytes input) {
    const BytesSource source(input);
    try {
        const reader::Layout layout = reader::check_head(source, "input");
        const auto head = std::make_unique<ProcessRecord>();
        reader::copy_head(source, layout, *head);
        const reader::Identity identity(*head, 0);
        expect_sound_reports_mostly(input, reader::take_snapshot(source, layout, identity, reason_of(input), {}));
    } catch (const reader::Error& error) {
        expect_one_line(error.what());
    }
}

/// The head stays one: what checks it is soon known, what lies behind is more.
size_t mutate_recording(uint8_t* data, size_t size, size_t max_size, unsigned seed, Change change) {
    if (size < protocol::kHeadBytes || seed % 64 == 0) return change(data, size, max_size);
    const Window window = window_of(size, seed);
    const std::vector<uint8_t> before(data + window.offset, data + window.offset + window.bytes);
    const size_t changed = change(data + window.offset, window.bytes, window.bytes);
    std::copy(before.begin() + static_cast<std::ptrdiff_t>(changed), before.end(), data + window.offset + changed);
    ProcessRecord head{};
    std::memcpy(static_cast<void*>(&head), data, sizeof(head));
    if (seed % 8 != 0) {
        head.magic = protocol::kMagic;
        head.version = protocol::kVersion;
        head.size = sizeof(ProcessRecord);
        head.thread_record_size = sizeof(protocol::ThreadRecord);
        head.module_record_size = sizeof(protocol::ModuleRecord);
        for (protocol::Region& region : head.regions) {
            region.offset = std::min<uint64_t>(region.offset, size);
            region.bytes = std::min<uint64_t>(region.bytes, size - region.offset);
        }
        std::memcpy(data, static_cast<const void*>(&head), offsetof(ProcessRecord, created_total));
    }
    return size;
}

}  // namespace fuzz
