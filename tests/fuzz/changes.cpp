// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/changes.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>
#include <string_view>

namespace fuzz {

namespace {

// The standard says what comes out of it, so that it is the same everywhere.
std::mt19937 chance;

constexpr std::string_view kMarks = "\"'\\{}[]<>:,;=*^$%#-/ \t\n";
constexpr uint64_t kOddNumbers[] = {0,          1,          2,          8,           0x7f,
                                    0xff,       0x7fff,     0xffff,     0x7fffffff,  0xffffffff,
                                    1ULL << 32, 1ULL << 40, 1ULL << 47, ~0ULL >> 1U, ~0ULL};

/// Changes a number of 1, 2, 4 or 8 bytes somewhere.
void change_number(uint8_t* data, size_t size) {
    const size_t bytes = std::min<size_t>(size_t{1} << by_chance(4), size);
    uint8_t* const at = data + by_chance(size - bytes + 1);
    uint64_t number = 0;
    std::memcpy(&number, at, bytes);
    switch (by_chance(3)) {
        case 0: number = kOddNumbers[by_chance(std::size(kOddNumbers))]; break;
        case 1: number += by_chance(32) + 1; break;
        case 2: number -= by_chance(32) + 1; break;
    }
    std::memcpy(at, &number, bytes);
}

size_t remove_part(uint8_t* data, size_t size) {
    const size_t at = by_chance(size);
    const size_t bytes = by_chance(std::min<size_t>(size - at, 64)) + 1;
    std::memmove(data + at, data + at + bytes, size - at - bytes);
    return size - bytes;
}

/// Puts a part of it in once more.
size_t repeat_part(uint8_t* data, size_t size, size_t max_size) {
    const size_t from = by_chance(size);
    const size_t to = by_chance(size + 1);
    const size_t bytes = std::min({by_chance(64) + 1, size - from, max_size - size});
    uint8_t part[64];
    std::memcpy(part, data + from, bytes);
    std::memmove(data + to + bytes, data + to, size - to);
    std::memcpy(data + to, part, bytes);
    return size + bytes;
}

void overwrite_part(uint8_t* data, size_t size) {
    const size_t from = by_chance(size);
    const size_t to = by_chance(size);
    std::memmove(data + to, data + from, std::min({by_chance(256) + 1, size - from, size - to}));
}

}  // namespace

void start_changes(uint32_t number) {
    chance.seed(number);
}

size_t by_chance(size_t end) {
    return end == 0 ? 0 : chance() % end;
}

size_t change_by_chance(uint8_t* data, size_t size, size_t max_size) {
    if (size == 0) return 0;
    switch (by_chance(8)) {
        case 0: data[by_chance(size)] ^= static_cast<uint8_t>(1U << by_chance(8)); break;
        case 1: data[by_chance(size)] = static_cast<uint8_t>(chance()); break;
        case 2: data[by_chance(size)] = static_cast<uint8_t>(kMarks[by_chance(kMarks.size())]); break;
        case 3:
        case 4: change_number(data, size); break;
        case 5: return remove_part(data, size);
        case 6: return repeat_part(data, size, max_size);
        case 7: overwrite_part(data, size); break;
    }
    return size;
}

}  // namespace fuzz
