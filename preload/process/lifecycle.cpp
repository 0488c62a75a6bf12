// SPDX-License-Identifier: Apache-2.0
//
// Load and end of the library, and the wrappers of calls that end the process.
//
// Our destructor runs before those of other libraries, which may still join their threads. A handler
// that is registered while exit handlers run comes after all of them: that is where the end is.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>

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

void at_the_very_end(int status, void*) {
    static std::atomic<long> first{0};
    const long self = raw_syscall(SYS_gettid);
    long expected = 0;
    if (!first.compare_exchange_strong(expected, self) && expected == self) return;
    // So that main comes here, too, which returns meanwhile: no wrapper sees that. The handlers have all been run, so
    // libc has room for this one.
    on_exit(at_the_very_end, nullptr);
    // Without a call of exit main has returned, and libc's own exit came here.
    if (expected == 0 && !has_noted_end()) note_end(End::kReturn, status);
    if (!end_process()) stay_if_over();
    remove_recording();
}

void at_the_very_quick_end(void*) {
    end_process();
    remove_recording();
}

void end_at_once(End end, int status) {
    if (end_process(end, status)) return remove_recording();
    stay_if_over();
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
