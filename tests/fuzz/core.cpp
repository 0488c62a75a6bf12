// SPDX-License-Identifier: Apache-2.0
//
// A core file: threads, mappings, the objects in its memory and their unwind tables, stacks, locks.
#include "read/read.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/reports.h"
#include "tests/fuzz/target.h"

namespace fuzz {

void run_core(Bytes input) {
    const MemoryFile file(input);
    try {
        reader::is_core_file(file.path());
        expect_sound_reports_mostly(input, reader::look_at_core(file.path()));
    } catch (const reader::Error& error) {
        expect_one_line(error.what());
    }
}

}  // namespace fuzz
