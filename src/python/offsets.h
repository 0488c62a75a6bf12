// SPDX-License-Identifier: Apache-2.0
//
// Where CPython keeps what of an interpreter, a thread, a frame, a code object and a string.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "python/memory.h"

namespace python {

/// In bytes from the start of each structure.
struct Offsets {
    uint32_t minor = 0;  ///< of Python 3

    struct {
        uint64_t interpreters;
    } runtime;
    struct {
        uint64_t next, threads;
    } interpreter;
    struct {
        uint64_t previous, next, interpreter, native_id;
        uint64_t frame;                   ///< or of the C frame that points to it
        std::optional<uint64_t> c_frame;  ///< of the frame within that C frame
        uint64_t size;                    ///< up to the last of these fields
    } thread;
    struct {
        uint64_t code, previous, instruction, owner;
        uint64_t size;
        bool instruction_is_last;  ///< the one executed last; else the present one
    } frame;
    struct {
        uint64_t units, first_line, file, name, line_table, instructions;
        uint64_t size;
    } code;
    struct {
        uint64_t length, state, ascii_data, compact_data;
    } text;
    struct {
        uint64_t length, data;
    } bytes;
    uint64_t type;  ///< of every object
};

/// Of a version of which the table is known; null: it is not.
const Offsets* known_offsets(uint32_t minor);

/// What the interpreter itself says of its layout (`_Py_DebugOffsets`, Python 3.13).
/// Empty: it does not look like it; `why` says what is the matter.
std::optional<Offsets> told_offsets(const Memory& memory, uint64_t runtime, uint32_t version, std::string& why);

}  // namespace python
