// SPDX-License-Identifier: Apache-2.0
//
// The tables of 3.11 and 3.12 are offsetof() of the headers that those versions install, x86-64:
//   Include/internal/pycore_runtime.h  pyruntimestate       pycore_interp.h  PyInterpreterState
//   Include/cpython/pystate.h          PyThreadState, _PyCFrame (3.11: `cframe`)
//   Include/internal/pycore_frame.h    _PyInterpreterFrame  Include/cpython/code.h  PyCodeObject
//   Include/cpython/unicodeobject.h    PyASCIIObject, PyCompactUnicodeObject
// None of them changes between the releases of one minor version.
#include "python/offsets.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace python {

namespace {

constexpr uint64_t kMaxOffset = uint64_t{1} << 22;

constexpr Offsets k311 = {
    .minor = 11,
    .runtime = {.interpreters = 40},
    .interpreter = {.next = 0, .threads = 16},
    .thread = {.previous = 0, .next = 8, .interpreter = 16, .native_id = 160, .frame = 56, .c_frame = 8, .size = 168},
    .frame = {.code = 32, .previous = 48, .instruction = 56, .owner = 69, .size = 72, .instruction_is_last = true},
    .code =
        {.units = 16, .first_line = 72, .file = 112, .name = 128, .line_table = 136, .instructions = 184, .size = 184},
    .text = {.length = 16, .state = 32, .ascii_data = 48, .compact_data = 72},
    .bytes = {.length = 16, .data = 32},
    .type = 8,
};

constexpr Offsets k312 = {
    .minor = 12,
    .runtime = {.interpreters = 40},
    .interpreter = {.next = 0, .threads = 72},
    .thread = {.previous = 0, .next = 8, .interpreter = 16, .native_id = 144, .frame = 56, .c_frame = 0, .size = 152},
    .frame = {.code = 0, .previous = 8, .instruction = 56, .owner = 70, .size = 72, .instruction_is_last = true},
    .code =
        {.units = 16, .first_line = 68, .file = 112, .name = 128, .line_table = 136, .instructions = 192, .size = 192},
    .text = {.length = 16, .state = 32, .ascii_data = 40, .compact_data = 56},
    .bytes = {.length = 16, .data = 32},
    .type = 8,
};

/// `_Py_DebugOffsets` of 3.13 (Include/internal/pycore_runtime.h), which stands at the head of
/// `_PyRuntime`, up to what is wanted of it.
struct Told {
    char cookie[8];
    uint64_t version, free_threaded;
    struct {
        uint64_t size, finalizing, interpreters;
    } runtime;
    struct {
        uint64_t size, id, next, threads, unused[9];
    } interpreter;
    struct {
        uint64_t size, previous, next, interpreter, frame, thread_id, native_id, unused[2];
    } thread;
    struct {
        uint64_t size, previous, code, instruction, variables, owner;
    } frame;
    struct {
        uint64_t size, file, name, qualified_name, line_table, first_line, unused[3], instructions;
    } code;
    struct {
        uint64_t size, type;
    } object;
    uint64_t others[18];  // type, tuple, list, dict, float, int
    struct {
        uint64_t size, length, data;
    } bytes;
    struct {
        uint64_t size, state, length, ascii_size;
    } text;
};
static_assert(sizeof(Told) == 8 + 70 * sizeof(uint64_t));
constexpr std::array<char, 8> kCookie = {'x', 'd', 'e', 'b', 'u', 'g', 'p', 'y'};

/// Every field is a word, and every one an offset or a size.
bool is_sane(const Told& told) {
    std::array<uint64_t, 68> words;
    static_assert(sizeof(words) == sizeof(told) - offsetof(Told, runtime));
    std::memcpy(words.data(), &told.runtime, sizeof(words));
    return std::all_of(words.begin(), words.end(), [](uint64_t word) { return word < kMaxOffset; });
}

}  // namespace

const Offsets* known_offsets(uint32_t minor) {
    for (const Offsets* const known : {&k311, &k312}) {
        if (known->minor == minor) return known;
    }
    return nullptr;
}

std::optional<Offsets> told_offsets(const Memory& memory, uint64_t runtime, uint32_t version, std::string& why) {
    const auto told = memory.value<Told>(runtime);
    if (!told || !std::equal(kCookie.begin(), kCookie.end(), told->cookie) || told->version != version ||
        !is_sane(*told)) {
        why = "the interpreter does not tell where it keeps them";
        return std::nullopt;
    }
    if (told->free_threaded != 0) {
        why = "a free-threaded interpreter keeps them in a way that is not known";
        return std::nullopt;
    }
    Offsets offsets{};
    offsets.minor = (version >> 16) & 0xff;
    offsets.runtime = {told->runtime.interpreters};
    offsets.interpreter = {told->interpreter.next, told->interpreter.threads};
    offsets.thread = {told->thread.previous, told->thread.next, told->thread.interpreter, told->thread.native_id,
                      told->thread.frame,    std::nullopt,      told->thread.size};
    offsets.frame = {told->frame.code,  told->frame.previous, told->frame.instruction,
                     told->frame.owner, told->frame.size,     false};
    offsets.code = {told->object.size,     told->code.first_line,   told->code.file, told->code.qualified_name,
                    told->code.line_table, told->code.instructions, told->code.size};
    // A compact string has two more words, of its UTF-8 form, before its characters.
    offsets.text = {told->text.length, told->text.state, told->text.ascii_size, told->text.ascii_size + 16};
    offsets.bytes = {told->bytes.length, told->bytes.data};
    offsets.type = told->object.type;
    return offsets;
}

}  // namespace python
