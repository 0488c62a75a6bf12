// SPDX-License-Identifier: Apache-2.0
//
// The guards of C++'s static locals, which the compiler calls for until the local is initialized, and then
// no more: who runs the initializer owns the guard for that time, and who comes meanwhile waits.
//
// The functions are the C++ library's. Where that one came with a library that only its opener sees (an
// extension of Python), there is no next definition for us to find but by the loader's lock, which
// somebody may hold who waits for the very initializer: then the guard is worked here, by the protocol
// that libstdc++ has had since version 4.5 of GCC. An initializer that needs itself is libstdc++'s again: it throws.
#include <dlfcn.h>
#include <limits.h>
#include <linux/futex.h>

#include "preload/notes/waits.h"
#include "preload/process/recording.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"
#include "preload/wrappers/once.h"

extern "C" {
using StaticGuard = uint64_t;
int __cxa_guard_acquire(StaticGuard* guard);
void __cxa_guard_release(StaticGuard* guard) noexcept;
void __cxa_guard_abort(StaticGuard* guard) noexcept;
// Of real.cpp; null: there is no C++ library that we can see.
__attribute__((visibility("hidden"))) extern void* loiter_real___cxa_guard_acquire;
__attribute__((visibility("hidden"))) extern void* loiter_real___cxa_guard_release;
__attribute__((visibility("hidden"))) extern void* loiter_real___cxa_guard_abort;
// libc's since 2.32: the process has never had a second thread, or has one alone again.
__attribute__((weak)) extern char __libc_single_threaded;
}

namespace preload {

namespace {

// The first byte is what the compiler looks at itself; libstdc++ has its own two in the next ones.
constexpr uint32_t kInitialized = 1;
constexpr uint32_t kInProgress = 0x100;
constexpr uint32_t kAwaited = 0x10000;

uint32_t* word_of(StaticGuard* guard) {
    return reinterpret_cast<uint32_t*>(guard);  // in memory, the lower half comes first
}

/// As every C++ library has it.
bool is_in_progress(StaticGuard* guard) {
    const uint32_t word = __atomic_load_n(word_of(guard), __ATOMIC_RELAXED);
    return word != 0 && (word & 0xff) == 0;
}

void await_change(const uint32_t* word, uint32_t from) {
    forwarded_syscall(SYS_futex, as_argument(word), FUTEX_WAIT, from);
}

bool is_only_thread() {
    return &__libc_single_threaded != nullptr && __libc_single_threaded != 0;
}

/// What the library that calls has for it. Where there is but one thread, no other has the loader's lock.
void* acquire_of_caller(uintptr_t pc) {
    Dl_info library{};
    if (dladdr(reinterpret_cast<void*>(pc), &library) == 0 || library.dli_fname == nullptr) return nullptr;
    void* const opened = dlopen(library.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    void* const found = opened == nullptr ? nullptr : dlsym(opened, "__cxa_guard_acquire");
    if (found == nullptr) dlerror();  // no error of the program's
    if (opened != nullptr) real::dlclose(opened);
    return found == reinterpret_cast<void*>(__cxa_guard_acquire) ? nullptr : found;
}

int acquire(StaticGuard* guard, uintptr_t pc) {
    uint32_t* const word = word_of(guard);
    for (;;) {
        uint32_t seen = 0;  // acquire, as with the release in let_go: what the last one did is seen
        if (__atomic_compare_exchange_n(word, &seen, kInProgress, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return 1;
        if (seen == kInitialized) return 0;
        void* const refuses = is_only_thread() ? acquire_of_caller(pc) : nullptr;
        if (refuses != nullptr) return reinterpret_cast<int (*)(StaticGuard*)>(refuses)(guard);
        const uint32_t awaited = seen | kAwaited;
        if (seen != awaited &&
            !__atomic_compare_exchange_n(word, &seen, awaited, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            continue;
        await_change(word, awaited);
    }
}

void let_go(StaticGuard* guard, uint32_t now) {
    uint32_t* const word = word_of(guard);
    const uint32_t before = __atomic_exchange_n(word, now, __ATOMIC_ACQ_REL);
    if ((before & kAwaited) != 0) forwarded_syscall(SYS_futex, as_argument(word), FUTEX_WAKE, INT_MAX);
}

/// The real one may throw: libstdc++ says so of an initializer that needs itself, as long as the process has
/// but one thread.
int real_acquire(StaticGuard* guard, uintptr_t pc) {
    void* const real_one = loiter_real___cxa_guard_acquire;
    return real_one == nullptr ? acquire(guard, pc) : reinterpret_cast<int (*)(StaticGuard*)>(real_one)(guard);
}

void real_let_go(void* real_one, StaticGuard* guard, uint32_t now) {
    if (real_one == nullptr) {
        let_go(guard, now);
    } else {
        reinterpret_cast<void (*)(StaticGuard*)>(real_one)(guard);
    }
}

/// The initializer has ended, or was left. Its thread's alone: a hold that is not there was lost.
void end_initializer(void* real_one, StaticGuard* guard, uint32_t now) {
    ThreadRecord* const self = this_thread();
    Hold* const hold = self == nullptr ? nullptr : find_hold(self, address_of(guard), LockKind::kOnce);
    if (hold != nullptr) hold->state.store(HoldState::kReleasing, std::memory_order_release);
    real_let_go(real_one, guard, now);
    if (hold != nullptr) drop(self, hold);
}

}  // namespace

extern "C" {

EXPORTED int __cxa_guard_acquire(StaticGuard* guard) {
    ThreadRecord* self = this_thread();
    const CallerFrame caller = CALLER_FRAME;
    if (self == nullptr) return real_acquire(guard, caller.pc);
    if (is_in_progress(guard)) self = ensure_recording(self);
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    const int is_ours =
        wait_in(self, {WaitKind::kOnce, Function::k___cxa_guard_acquire, 0, stack, address_of(guard), 0, 0}, caller,
                [=] { return real_acquire(guard, caller.pc); });
    if (is_ours != 0) begin_initializer(guard, stack);
    return is_ours;
}

EXPORTED void __cxa_guard_release(StaticGuard* guard) noexcept {
    end_initializer(loiter_real___cxa_guard_release, guard, kInitialized);
}

EXPORTED void __cxa_guard_abort(StaticGuard* guard) noexcept {
    end_initializer(loiter_real___cxa_guard_abort, guard, 0);
}

}  // extern "C"

}  // namespace preload
