// SPDX-License-Identifier: Apache-2.0
#include "preload/process/environment.h"

#include <string.h>

extern "C" {
// The loader's: where the kernel left argc, argv and the environment. Weak: other C libraries lack it.
extern void* __libc_stack_end __attribute__((weak));
}

namespace preload {

namespace {

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/// Moves `text` behind it. -1: there is none, or one that is too large.
int64_t take_number(const char*& text) {
    if (!is_digit(*text)) return -1;
    int64_t value = 0;
    for (; is_digit(*text); ++text) {
        if (value > UINT32_MAX) return -1;
        value = value * 10 + (*text - '0');
    }
    return value;
}

/// "GRACE" or "GRACE:RUN".
void read_supervisor(const char* text, Environment& environment) {
    const int64_t grace = take_number(text);
    const int64_t run = *text == ':' ? take_number(++text) : 0;
    if (grace < 0 || run < 0 || run > UINT32_MAX || *text != '\0') return;
    environment.supervisor_grace = grace;
    environment.run = static_cast<uint32_t>(run);
}

void copy_command(char* const* arguments, uintptr_t count, Command& command) {
    for (uintptr_t i = 0; i < count && arguments[i] != nullptr; ++i) {
        const size_t bytes = strlen(arguments[i]) + 1;
        if (bytes > sizeof(command.text) - command.bytes) {
            command.is_truncated = true;
            return;
        }
        memcpy(command.text + command.bytes, arguments[i], bytes);
        command.bytes += static_cast<uint32_t>(bytes);
    }
}

}  // namespace

const char* value_of(const char* entry, const char* name) {
    const size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1 : nullptr;
}

void read_environment(Environment& environment) {
    environment.supervisor_grace = -1;
    if (&__libc_stack_end == nullptr || __libc_stack_end == nullptr) return;

    auto* const words = static_cast<uintptr_t*>(__libc_stack_end);
    auto* const arguments = reinterpret_cast<char**>(words + 1);
    const uintptr_t count = words[0];
    copy_command(arguments, count, environment.command);
    environment.stack_end = reinterpret_cast<uintptr_t>(words);
    environment.variables = arguments + count + 1;
    for (char** entry = environment.variables; *entry != nullptr; ++entry) {
        if (const char* const directory = value_of(*entry, "LOITER_DIR")) {
            const size_t length = strlen(directory);
            if (length < sizeof(environment.directory)) memcpy(environment.directory, directory, length + 1);
        } else if (const char* const supervisor = value_of(*entry, "LOITER_SUPERVISOR")) {
            read_supervisor(supervisor, environment);
        } else if (const char* const options = value_of(*entry, "LOITER_OPTIONS")) {
            environment.options = options;
        }
    }
}

}  // namespace preload
