// SPDX-License-Identifier: Apache-2.0
#include "read/records/shared_places.h"

#include "read/kernel/mappings.h"
#include "read/kernel/proc.h"

namespace reader {

std::optional<SharedPlace> place_of(uint32_t pid, uint64_t address) {
    std::optional<SharedPlace> place;
    visit_mappings(pid, [&](const Mapping& mapping) {
        if (address < mapping.start || address >= mapping.end) return mapping.start <= address;
        if (mapping.shared)
            place = {mapping.inode, mapping.offset + (address - mapping.start), mapping.path, mapping.deleted};
        return false;
    });
    return place;
}

std::optional<uint64_t> address_of(uint32_t pid, const SharedPlace& place) {
    std::optional<uint64_t> address;
    visit_mappings(pid, [&](const Mapping& mapping) {
        const bool is_there = mapping.shared && mapping.inode == place.inode && mapping.path == place.path &&
                              mapping.deleted == place.deleted && place.offset >= mapping.offset &&
                              place.offset - mapping.offset < mapping.end - mapping.start;
        if (is_there) address = mapping.start + (place.offset - mapping.offset);
        return !address;
    });
    return address;
}

bool share_namespaces(uint32_t one, uint32_t other) {
    for (const char* const name : {"ns/mnt", "ns/pid"}) {
        const std::string own = read_link(proc_path(one, name));
        if (own.empty() || own != read_link(proc_path(other, name))) return false;
    }
    return true;
}

}  // namespace reader
