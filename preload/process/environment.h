// SPDX-License-Identifier: Apache-2.0
//
// What the program was started with, found on its first stack: neither `environ` nor argv is ready
// when the first wrapper may be called, and both may be overwritten later.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/layout.h"

namespace preload {

/// The arguments, as the program was given them: what it has made of them later may not even be readable.
struct Command {
    char text[sizeof(protocol::ProcessRecord::command)];  ///< each NUL-terminated
    uint32_t bytes;                                       ///< of it; 0: not known
    bool is_truncated;
};

struct Environment {
    Command command;
    char** variables;          ///< null: not known; they end with a null pointer
    char directory[1024];      ///< $LOITER_DIR; empty: none, or too long
    int64_t supervisor_grace;  ///< $LOITER_SUPERVISOR begins with it, ms; -1: no command watches this process
    uint32_t run;              ///< behind that and a colon: which run of the command this is; 0: none
    const char* options;       ///< $LOITER_OPTIONS; null: not set
    uintptr_t stack_end;       ///< highest known address of the main thread's stack; 0: not known
};

/// The value of an entry "NAME=VALUE" when `name` is its name; null otherwise.
const char* value_of(const char* entry, const char* name);

/// Fills it; call once, early. `variables` and `options` stay the program's own, the rest is copied.
void read_environment(Environment& environment);

}  // namespace preload
