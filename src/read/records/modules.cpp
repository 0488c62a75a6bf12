// SPDX-License-Identifier: Apache-2.0
#include "read/records/modules.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace reader {

using protocol::ModuleRecord;

namespace {

// Twice what the largest recording has room for.
constexpr uint64_t kMaxModules = uint64_t{2} * protocol::kCapacities[0].modules;

std::string hex(const uint8_t* bytes, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
        text += "0123456789abcdef"[bytes[i] >> 4];
        text += "0123456789abcdef"[bytes[i] & 15];
    }
    return text;
}

bool is_filled(const ModuleRecord& record) {
    return record.ready.load(std::memory_order_relaxed) == 1 && record.start < record.end;
}

snapshot::Module copy_module(const ModuleRecord& record) {
    snapshot::Module module;
    module.path.assign(record.path, strnlen(record.path, sizeof(record.path)));
    if (record.build_id_size <= sizeof(record.build_id)) module.build_id = hex(record.build_id, record.build_id_size);
    module.bias = record.bias;
    module.start = record.start;
    module.end = record.end;
    return module;
}

}  // namespace

ModuleTable::ModuleTable(const Source& source, const Layout& layout, const protocol::ProcessRecord& head) {
    const Extent& extent = layout.regions[protocol::kModules];
    const uint64_t used = used_bytes(source, layout, head, protocol::kModules);
    const uint64_t count = std::min(used / extent.stride, kMaxModules);
    const auto record = std::make_unique<ModuleRecord>();
    const size_t known = std::min<size_t>(extent.element_bytes, sizeof(*record));
    for (uint64_t i = 0; i < count; ++i) {
        std::memset(static_cast<void*>(record.get()), 0, sizeof(*record));
        if (source.read(extent.offset + i * extent.stride, record.get(), known) != known) break;
        if (is_filled(*record)) entries_.push_back({copy_module(*record), record->generation, 0});
    }
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.module.start < b.module.start; });
    note_ends();
}

ModuleTable::ModuleTable(std::vector<snapshot::Module> modules) {
    for (snapshot::Module& module : modules) entries_.push_back({std::move(module), 0, 0});
    note_ends();
}

void ModuleTable::note_ends() {
    uint64_t highest = 0;
    for (Entry& entry : entries_) {
        highest = std::max(highest, entry.module.end);
        entry.highest_end = highest;
    }
}

const snapshot::Module* ModuleTable::find(uint64_t address, uint32_t generation) const {
    const Entry* found = nullptr;
    auto entry = std::upper_bound(entries_.begin(), entries_.end(), address,
                                  [](uint64_t wanted, const Entry& other) { return wanted < other.module.start; });
    while (entry != entries_.begin()) {
        --entry;
        if (entry->highest_end <= address) break;
        if (entry->module.end <= address || entry->generation > generation) continue;
        if (found == nullptr || entry->generation > found->generation) found = &*entry;
    }
    return found == nullptr ? nullptr : &found->module;
}

std::vector<snapshot::Module> ModuleTable::latest() const {
    std::vector<const Entry*> newest_first;
    for (const Entry& entry : entries_) newest_first.push_back(&entry);
    std::stable_sort(newest_first.begin(), newest_first.end(),
                     [](const Entry* a, const Entry* b) { return a->generation > b->generation; });
    std::map<uint64_t, const Entry*> by_start;
    for (const Entry* const entry : newest_first) {
        const auto next = by_start.lower_bound(entry->module.start);
        const bool meets_next = next != by_start.end() && next->first < entry->module.end;
        const bool meets_before = next != by_start.begin() && std::prev(next)->second->module.end > entry->module.start;
        if (!meets_next && !meets_before) by_start.emplace(entry->module.start, entry);
    }
    std::vector<snapshot::Module> modules;
    modules.reserve(by_start.size());
    for (const auto& [start, entry] : by_start) modules.push_back(entry->module);
    return modules;
}

}  // namespace reader
