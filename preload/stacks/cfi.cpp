// SPDX-License-Identifier: Apache-2.0
//
// From an address to its row: .eh_frame_hdr's sorted table, the function's entry (FDE), the entry
// it shares with others (CIE), and the two programs. Layouts: LSB 5.0, "Exception Frames".
#include "preload/stacks/cfi.h"

#include <dlfcn.h>
#include <string.h>

#include "preload/stacks/cfi_program.h"
#include "preload/stacks/safe_read.h"
#include "preload/stacks/table_cursor.h"

// Not there before glibc 2.35: stacks then end, marked, after their first frame.
#pragma weak _dl_find_object

namespace preload {

namespace {

constexpr uint8_t kFormatMask = 0x0f;

/// What is mapped of a module around its tables.
struct Range {
    const uint8_t* begin;
    const uint8_t* end;

    TableCursor from(const uint8_t* at) const { return at < begin || at >= end ? TableCursor() : TableCursor(at, end); }
};

struct TableEntry {
    int32_t function;  ///< distances from the start of .eh_frame_hdr
    int32_t entry;
};

/// The entry of the last function that starts at or before `address`. Null: none.
const uint8_t* search_table(const Range& tables, const uint8_t* header, uintptr_t address) {
    constexpr uint8_t kVersion = 1;
    constexpr uint8_t kSortedTable = 0x3b;  // four signed bytes, relative to the header: what linkers write
    TableCursor cursor = tables.from(header);
    const auto version = cursor.fixed<uint8_t>();
    const auto frame_encoding = cursor.fixed<uint8_t>();
    const auto count_encoding = cursor.fixed<uint8_t>();
    const auto table_encoding = cursor.fixed<uint8_t>();
    if (version != kVersion || table_encoding != kSortedTable) return nullptr;
    cursor.encoded(frame_encoding & kFormatMask);  // where .eh_frame is; the table says more
    const uint64_t count = cursor.encoded(count_encoding);
    if (count > UINT32_MAX) return nullptr;
    const uint8_t* const table = cursor.skip(count * sizeof(TableEntry));
    if (table == nullptr || count == 0) return nullptr;

    const auto entry_at = [table](uint64_t index) {
        TableEntry entry;
        memcpy(&entry, table + index * sizeof(entry), sizeof(entry));
        return entry;
    };
    const auto distance = static_cast<int64_t>(address - reinterpret_cast<uintptr_t>(header));
    uint64_t low = 0;  // entries before `low` start at or before the address, those from `high` on after
    uint64_t high = count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (entry_at(middle).function <= distance) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? nullptr : header + entry_at(low - 1).entry;
}

/// What stands behind the length word of the entry at `at`.
TableCursor contents_of(const Range& tables, const uint8_t* at) {
    constexpr uint32_t kLongEntry = 0xffffffff;  // of 4 GiB and more; nobody writes them
    TableCursor cursor = tables.from(at);
    const auto length = cursor.fixed<uint32_t>();
    return length == 0 || length == kLongEntry ? TableCursor() : cursor.part(length);
}

bool read_augmentation(const char* letters, TableCursor& cursor, CommonEntry& common) {
    if (*letters == '\0') return true;
    if (*letters++ != 'z') return false;
    common.has_augmentation_data = true;
    TableCursor data = cursor.part(cursor.uleb());
    for (; *letters != '\0'; ++letters) {
        switch (*letters) {
            case 'R': common.pointer_encoding = data.fixed<uint8_t>(); break;
            case 'P': data.encoded(data.fixed<uint8_t>()); break;
            case 'L': data.fixed<uint8_t>(); break;
            case 'S': common.is_signal_frame = true; break;
            default: return false;
        }
    }
    return data.ok();
}

bool read_common_entry(const Range& tables, const uint8_t* at, CommonEntry& common) {
    TableCursor cursor = contents_of(tables, at);
    if (cursor.fixed<uint32_t>() != 0) return false;  // the id that tells it from a function's entry
    const auto version = cursor.fixed<uint8_t>();
    if (version != 1 && version != 3) return false;
    const auto* const letters = reinterpret_cast<const char*>(cursor.position());
    while (cursor.fixed<uint8_t>() != 0) {
    }
    if (!cursor.ok()) return false;
    common.code_alignment = cursor.uleb();
    common.data_alignment = cursor.sleb();
    const uint64_t return_address = version == 1 ? cursor.fixed<uint8_t>() : cursor.uleb();
    if (return_address != kReturnAddress || !read_augmentation(letters, cursor, common)) return false;
    common.program = cursor;
    return cursor.ok();
}

/// The kernel's frame layout is relied on, so the trampoline has to be the kernel's: it does nothing
/// but rt_sigreturn. An interrupted one may stand at either of its two instructions.
bool is_signal_return(uintptr_t address) {
    constexpr uint8_t kCode[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};  // mov $15,%rax; syscall
    constexpr uintptr_t kSecondInstruction = 7;
    const uintptr_t starts[] = {address + 1, address, address - kSecondInstruction};
    uint8_t code[sizeof(kCode)];
    SafeReader memory;
    for (const uintptr_t start : starts) {
        if (memory.copy(start, code, sizeof(code)) && memcmp(code, kCode, sizeof(code)) == 0) return true;
    }
    return false;
}

bool read_row(const Range& tables, const uint8_t* entry, uintptr_t address, FrameRow& row) {
    TableCursor cursor = contents_of(tables, entry);
    const uint8_t* const here = cursor.position();
    const auto distance = cursor.fixed<uint32_t>();
    if (!cursor.ok() || distance == 0) return false;
    CommonEntry common;
    if (!read_common_entry(tables, here - distance, common)) return false;
    const uintptr_t function = cursor.encoded(common.pointer_encoding);
    const uintptr_t size = cursor.encoded(common.pointer_encoding & kFormatMask);
    if (common.has_augmentation_data) cursor.skip(cursor.uleb());
    if (!cursor.ok() || address - function >= size) return false;
    if (!CfiProgram(common, row).run(cursor, function, address)) return false;
    row.is_signal_frame = common.is_signal_frame;
    return !common.is_signal_frame || is_signal_return(address);
}

}  // namespace

RowSearch find_frame_row(uintptr_t address, FrameRow& row) {
    dl_find_object found;
    if (_dl_find_object == nullptr || _dl_find_object(reinterpret_cast<void*>(address), &found) != 0) {
        return RowSearch::kNoModule;
    }
    const auto* const header = static_cast<const uint8_t*>(found.dlfo_eh_frame);
    // Of a program with gaps between its segments only the segment that was asked for is given.
    if (header == nullptr || _dl_find_object(found.dlfo_eh_frame, &found) != 0) return RowSearch::kNoRow;
    const Range tables{static_cast<const uint8_t*>(found.dlfo_map_start),
                       static_cast<const uint8_t*>(found.dlfo_map_end)};
    const uint8_t* const entry = search_table(tables, header, address);
    return entry != nullptr && read_row(tables, entry, address, row) ? RowSearch::kFound : RowSearch::kNoRow;
}

}  // namespace preload
