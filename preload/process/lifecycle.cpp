// SPDX-License-Identifier: Apache-2.0
//
// Load and end of the library, and the wrappers of calls that end the process.
//
// Our destructor runs before those of other libraries, which may still join their threads. A handler
// that is registered while exit handlers run comes after all of them: that is where the end is.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/process/grace.h"
#include "preload/process/process_end.h"
#include "preload/process/recording.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"
#include "preload/threads/this_thread.h"

// glibc's: where they are missing, the library stays out of what the program does.
extern "C" int on_exit(void (*handler)(int, void*), void* argument) noexcept __attribute__((weak));
extern "C" int __cxa_at_quick_exit(void (*handler)(void*), void* library) __attribute__((weak));

namespace preload {

using protocol::End;

namespace {

void end_at_once() {
    if (end_process()) return remove_recording();
    stay_if_over();
}

void end_at_once(End end, int status) {
    if (end_process(end, status)) return remove_recording();
    stay_if_over();
}

void at_the_very_end(int status, void*) {
    if (!is_own_process()) return;
    const bool is_first = comes_first_to_the_end();
    // For whoever comes next past all wrappers: main, which returns meanwhile, or libc's error(). The handlers have all
    // been run, so libc has room for this one.
    if (is_first || must_stay()) on_exit(at_the_very_end, nullptr);
    if (is_first) note_return(status);
    end_at_once();
}

void at_the_very_quick_end(void*) {
    end_at_once();
}

[[gnu::constructor]] void on_load() {
    const int saved = errno;
    // Of what is registered the first one in runs last. No library: this one is never unloaded.
    if (this_thread() != nullptr) __cxa_at_quick_exit(at_the_very_quick_end, nullptr);
    errno = saved;
}

[[gnu::destructor]] void on_unload() {
    if (is_own_process()) on_exit(at_the_very_end, nullptr);
}

}  // namespace

extern "C" {

EXPORTED void exit(int status) noexcept {
    stay_if_over();
    note_end(End::kExit, status);
    real::exit(status);
    __builtin_unreachable();
}

EXPORTED void _exit(int status) {
    end_at_once(End::kUnderscoreExit, status);
    real::_exit(status);
    __builtin_unreachable();
}

EXPORTED void _Exit(int status) noexcept {
    end_at_once(End::kUnderscoreExit, status);
    real::_Exit(status);
    __builtin_unreachable();
}

// libc runs the at_quick_exit handlers, ours last, and then an _exit of its own, which no wrapper sees.
EXPORTED void quick_exit_new(int status) noexcept {
    stay_if_over();
    note_end(End::kQuickExit, status);
    real::quick_exit_new(status);
    __builtin_unreachable();
}

EXPORTED void quick_exit_old(int status) noexcept {
    stay_if_over();
    note_end(End::kQuickExit, status);
    real::quick_exit_old(status);
    __builtin_unreachable();
}

}  // extern "C"

EXPORT_VERSION(quick_exit, new, "@@GLIBC_2.24");
EXPORT_VERSION(quick_exit, old, "@GLIBC_2.10");

}  // namespace preload
