// SPDX-License-Identifier: Apache-2.0
#include "preload/real.h"

#include <errno.h>

#include <type_traits>

// Another C library, where the library only forwards, has none.
#pragma weak dlvsym

extern "C" {
// Jump targets of the stubs in loader_stubs.S, syscall_stub.S and vfork_stub.S.
__attribute__((visibility("hidden"))) void* loiter_real_dlopen = nullptr;
__attribute__((visibility("hidden"))) void* loiter_real_dlmopen = nullptr;
__attribute__((visibility("hidden"))) void* loiter_real_syscall = nullptr;
__attribute__((visibility("hidden"))) void* loiter_real_vfork = nullptr;
// For the wrapper in semaphore.cpp.
__attribute__((visibility("hidden"))) void* loiter_real_sem_open = nullptr;
// For those in file_locks.cpp.
__attribute__((visibility("hidden"))) void* loiter_real_fcntl = nullptr;
__attribute__((visibility("hidden"))) void* loiter_real_fcntl64 = nullptr;
// For those in static_local.cpp.
__attribute__((visibility("hidden"))) void* loiter_real___cxa_guard_acquire = nullptr;
__attribute__((visibility("hidden"))) void* loiter_real___cxa_guard_release = nullptr;
__attribute__((visibility("hidden"))) void* loiter_real___cxa_guard_abort = nullptr;
// For terminate.cpp.
__attribute__((visibility("hidden"))) void* loiter_real__ZSt9terminatev = nullptr;
__attribute__((visibility("hidden"))) void loiter_resolve_all() {
    preload::real::resolve_all();
}
}

namespace preload::real {

namespace {

/// This libc has no such function. Only a program that does without it asks, by a weak reference: ours
/// is there.
template <typename Result>
Result fail() {
    errno = ENOSYS;
    if constexpr (std::is_pointer_v<Result>) return reinterpret_cast<Result>(intptr_t{-1});  // SIG_ERR
    if constexpr (std::is_arithmetic_v<Result>) return static_cast<Result>(-1);
}

/// The stand-in for a function that has not been looked up yet.
template <typename Pointer, Pointer* pointer>
struct FirstCall;

template <typename Result, typename... Arguments, Result (**pointer)(Arguments...)>
struct FirstCall<Result (*)(Arguments...), pointer> {
    static Result call(Arguments... arguments) {
        resolve_all();
        return *pointer == call ? fail<Result>() : (*pointer)(arguments...);
    }
};

template <typename Result, typename... Arguments, Result (**pointer)(Arguments...) noexcept>
struct FirstCall<Result (*)(Arguments...) noexcept, pointer> {
    static Result call(Arguments... arguments) noexcept {
        resolve_all();
        return *pointer == call ? fail<Result>() : (*pointer)(arguments...);
    }
};

template <typename Pointer>
void look_up(Pointer& pointer, const char* name) {
    if (void* const found = dlsym(RTLD_NEXT, name)) pointer = reinterpret_cast<Pointer>(found);
}

bool is_of_one_library(const void* one, const void* other) {
    Dl_info of_one{};
    Dl_info of_other{};
    return dladdr(one, &of_one) != 0 && dladdr(other, &of_other) != 0 && of_one.dli_fbase == of_other.dli_fbase;
}

/// Another interposer behind us, a sanitizer's runtime for instance, has the function without a version, which
/// stands for all of them, and comes before libc's.
template <typename Pointer>
void look_up(Pointer& pointer, const char* name, const char* version) {
    void* const first = dlsym(RTLD_NEXT, name);
    void* const versioned = &dlvsym == nullptr ? nullptr : dlvsym(RTLD_NEXT, name, version);
    const bool is_behind = first == nullptr || (versioned != nullptr && is_of_one_library(first, versioned));
    void* const found = is_behind ? versioned : first;
    if (found != nullptr) pointer = reinterpret_cast<Pointer>(found);
}

}  // namespace

#define INTERPOSED(name) constinit decltype(&::name) name = FirstCall<decltype(&::name), &name>::call;
#define INTERPOSED_VERSIONED(name, tag, version) \
    constinit decltype(&::name) name##_##tag = FirstCall<decltype(&::name), &name##_##tag>::call;
#define INTERPOSED_VARIADIC(name)
#define INTERPOSED_ALIAS(name)
#define INTERPOSED_STUB(name)
#include "protocol/interposed.inc"
#undef INTERPOSED
#undef INTERPOSED_VERSIONED
#undef INTERPOSED_VARIADIC
#undef INTERPOSED_ALIAS
#undef INTERPOSED_STUB

constinit decltype(&::sem_trywait) sem_wait_at_once = [](sem_t*) noexcept { return -1; };

void resolve_all() {
#define INTERPOSED(name) look_up(name, #name);
#define INTERPOSED_VERSIONED(name, tag, version) look_up(name##_##tag, #name, version);
#define INTERPOSED_VARIADIC(name)
#define INTERPOSED_ALIAS(name)
#define INTERPOSED_STUB(name) look_up(loiter_real_##name, #name);
#include "protocol/interposed.inc"
#undef INTERPOSED
#undef INTERPOSED_VERSIONED
#undef INTERPOSED_VARIADIC
#undef INTERPOSED_ALIAS
#undef INTERPOSED_STUB
}

}  // namespace preload::real
