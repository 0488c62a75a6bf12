// SPDX-License-Identifier: Apache-2.0
//
// The memory of a live process as an unwinder needs it: words, each page fetched once. Code and
// unwind tables stay known; what the process can write is forgotten with begin_moment().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace unwind {

/// One mapping of the process.
struct Region {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t offset = 0;
    bool readable = false;
    bool writable = false;
    bool executable = false;
    bool of_file = false;  ///< of a file, or of the kernel's own code
    std::string path;
};

/// Copies up to `bytes` bytes from `address`; returns how many came before the first unreadable one.
using ReadMemory = std::function<size_t(uint64_t address, void* to, size_t bytes)>;

class Memory {
public:
    /// `regions`: by address.
    Memory(std::vector<Region> regions, ReadMemory read);

    const std::vector<Region>& regions() const { return regions_; }
    /// Null: nothing is mapped there.
    const Region* region_at(uint64_t address) const;
    bool is_code(uint64_t address) const;

    bool read(uint64_t address, void* to, size_t bytes);
    template <typename Value>
    std::optional<Value> value(uint64_t address) {
        Value value;
        return read(address, &value, sizeof(value)) ? std::optional<Value>(value) : std::nullopt;
    }

    /// Forgets what can change, and reads `bytes` from `address` on in one go.
    void begin_moment(uint64_t address, size_t bytes);
    /// How often memory that can change was fetched since begin_moment().
    size_t fetches() const { return fetches_; }

private:
    static constexpr size_t kPageBytes = 4096;
    using Page = std::array<unsigned char, kPageBytes>;
    using Pages = std::unordered_map<uint64_t, std::unique_ptr<Page>>;  ///< by address; null: unreadable

    const Page* page_at(uint64_t address);
    const Page* fetch(uint64_t address);

    std::vector<Region> regions_;
    ReadMemory read_;
    Pages lasting_;
    Pages of_moment_;
    uint64_t recent_address_ = 1;  ///< of no page
    const Page* recent_ = nullptr;
    size_t fetches_ = 0;
};

}  // namespace unwind
