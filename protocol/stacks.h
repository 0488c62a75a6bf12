// SPDX-License-Identifier: Apache-2.0
//
// What a recording has beside its threads: stacks and the modules that they lead through, texts and names that
// the program gave. Part of layout.h, whose rules are its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace protocol {

inline constexpr uint32_t kMaxFrames = 128;

/// Bits of StackHeader::flags.
inline constexpr uint8_t kStackTruncated = 1;       ///< deeper than kMaxFrames
inline constexpr uint8_t kStackIncomplete = 2;      ///< ended early: no unwind information, or little stack left
inline constexpr uint8_t kStackHasSignal = 4;       ///< passes through a signal handler's frame
inline constexpr uint8_t kStackInterruptedOwn = 8;  ///< of our code, left out: `exact` is where it goes back

/// An interned stack: this header, then `depth` program counters (u64), innermost first, all of
/// them return addresses but those marked in `exact`. Immutable once its id is visible: ids are
/// published by the release store of the interning table, so a reader that has an id sees it whole.
/// A stack id is the header's offset in the region divided by 8; 0 is "none".
struct StackHeader {
    uint32_t mark;  ///< kStackMark
    uint16_t depth;
    uint8_t flags;
    uint8_t exact;        ///< index + 1 of the first frame whose pc is no return address; 0: none
    uint32_t generation;  ///< of the module table when it was taken
    uint32_t hash;
};
inline constexpr uint32_t kStackMark = 0x6b737431;
static_assert(sizeof(StackHeader) == 16, "layout change: bump kVersion");

/// A text that the program gave, in the arena of stacks. Its id is as a stack's. Immutable; equal texts have
/// one id, but where two threads gave one for the first time at once.
struct TextHeader {
    uint32_t mark;   ///< kTextMark
    uint32_t bytes;  ///< of the text that follows, without its NUL; at most kMaxTextBytes
    uint32_t next;   ///< id of another text of its bucket; 0: the last
    uint32_t hash;
};
inline constexpr uint32_t kTextMark = 0x74787431;
inline constexpr uint32_t kMaxTextBytes = 255;
static_assert(sizeof(TextHeader) == 16, "layout change: bump kVersion");

/// The name of the lock at an address, in the arena of stacks; one for each address that ever had a name.
struct LockName {
    uint32_t mark;  ///< kLockNameMark
    uint32_t next;  ///< id of another one of its bucket; 0: the last
    uint64_t address;
    std::atomic<uint32_t> text;  ///< id; 0: the lock has no name any more. Any thread
    uint32_t reserved;
};
inline constexpr uint32_t kLockNameMark = 0x6c6e6d31;
static_assert(sizeof(LockName) == 24, "layout change: bump kVersion");

/// Buckets of each, and how many of both together a recording takes: the arena is for stacks.
inline constexpr uint32_t kTextBuckets = 64;
inline constexpr uint32_t kMaxTexts = 16384;

inline constexpr size_t kModulePathBytes = 952;
/// One loaded object. A pc of a stack of generation g lies in the module that covers it with the
/// largest generation <= g.
struct ModuleRecord {
    std::atomic<uint32_t> ready;  ///< 1 when filled: release, pairs with the reader's copy
    uint32_t generation;          ///< value of ProcessRecord::generation when it was first seen
    uint64_t bias;                ///< load bias: address = bias + ELF virtual address
    uint64_t start;               ///< first mapped address
    uint64_t end;                 ///< one past the last
    uint32_t build_id_size;       ///< 0: none
    uint8_t build_id[32];
    uint32_t reserved;
    char path[kModulePathBytes];  ///< NUL-terminated; as the loader knows it, main program resolved
};
static_assert(sizeof(ModuleRecord) == 1024, "layout change: bump kVersion");

}  // namespace protocol
