// SPDX-License-Identifier: Apache-2.0
#include "unwind/memory.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace unwind {

namespace {

// Far more than any unwinding reads: a bound for what a damaged stack or table could ask for.
constexpr size_t kMaxLastingPages = size_t{1} << 16;
constexpr size_t kMaxPagesOfMoment = size_t{1} << 12;

}  // namespace

Memory::Memory(std::vector<Region> regions, ReadMemory read) : regions_(std::move(regions)), read_(std::move(read)) {}

const Region* Memory::region_at(uint64_t address) const {
    const auto next = std::upper_bound(regions_.begin(), regions_.end(), address,
                                       [](uint64_t wanted, const Region& region) { return wanted < region.start; });
    if (next == regions_.begin()) return nullptr;
    const Region& region = *std::prev(next);
    return address < region.end ? &region : nullptr;
}

bool Memory::is_code(uint64_t address) const {
    const Region* const region = region_at(address);
    return region != nullptr && region->executable;
}

bool Memory::read(uint64_t address, void* to, size_t bytes) {
    auto* target = static_cast<unsigned char*>(to);
    while (bytes > 0) {
        const size_t within = address % kPageBytes;
        const size_t length = std::min(bytes, kPageBytes - within);
        const Page* const page = page_at(address - within);
        if (page == nullptr) return false;
        std::memcpy(target, page->data() + within, length);
        target += length;
        address += length;
        bytes -= length;
    }
    return true;
}

const Memory::Page* Memory::page_at(uint64_t address) {
    if (address == recent_address_) return recent_;
    const auto lasting = lasting_.find(address);
    const auto changing = lasting == lasting_.end() ? of_moment_.find(address) : lasting;
    if (lasting != lasting_.end()) {
        recent_ = lasting->second.get();
    } else if (changing != of_moment_.end()) {
        recent_ = changing->second.get();
    } else {
        recent_ = fetch(address);
    }
    recent_address_ = address;
    return recent_;
}

const Memory::Page* Memory::fetch(uint64_t address) {
    const Region* const region = region_at(address);
    const bool lasts = region != nullptr && region->of_file && !region->writable;
    Pages& pages = lasts ? lasting_ : of_moment_;
    if (pages.size() >= (lasts ? kMaxLastingPages : kMaxPagesOfMoment)) return nullptr;
    if (!lasts) ++fetches_;
    auto page = std::make_unique<Page>();
    if (region == nullptr || read_(address, page->data(), kPageBytes) != kPageBytes) page = nullptr;
    return (pages[address] = std::move(page)).get();
}

void Memory::begin_moment(uint64_t address, size_t bytes) {
    of_moment_.clear();
    recent_address_ = 1;
    fetches_ = 0;
    const uint64_t first = address - address % kPageBytes;
    std::vector<unsigned char> copy(address % kPageBytes + bytes);
    const size_t length = read_(first, copy.data(), copy.size());
    for (size_t at = 0; at + kPageBytes <= length; at += kPageBytes) {
        auto page = std::make_unique<Page>();
        std::memcpy(page->data(), copy.data() + at, kPageBytes);
        of_moment_[first + at] = std::move(page);
    }
}

}  // namespace unwind
