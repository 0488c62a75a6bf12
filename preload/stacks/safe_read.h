// SPDX-License-Identifier: Apache-2.0
//
// Loads from a stack that may not be there. Runs in wrappers and signal handlers: never faults,
// takes no lock; inside the thread's own stack a read is one load, elsewhere it costs a system call
// a page.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/stacks/stack_capture.h"

namespace preload {

/// True when the 8 bytes at `address` can be read. The kernel looks, so nothing faults.
bool is_readable(uintptr_t address);

/// The stack that `sp` lies on: the thread's own, or the signal stack it runs on. Zeros: neither.
StackLimits stack_around(uintptr_t sp, StackLimits own);

class SafeReader {
public:
    /// The walk goes on at `sp`: from there up to the end of the stack around it nothing needs a
    /// check. Below it even the thread's own stack may not be mapped yet.
    void enter(uintptr_t sp, StackLimits around) {
        trusted_low_ = sp;
        trusted_bytes_ = around.high >= sizeof(uintptr_t) + sp ? around.high - sizeof(uintptr_t) + 1 - sp : 0;
    }

    bool read(uintptr_t address, uintptr_t& value) {
        if (__builtin_expect(address - trusted_low_ >= trusted_bytes_, 0) && !check(address)) return false;
        typedef uintptr_t __attribute__((may_alias, aligned(1))) AnyWord;
        value = *reinterpret_cast<const AnyWord*>(address);  // NOLINT(*-core.NullDereference): null is refused above
        return true;
    }

    /// Copies any memory of the process, checking every page of it.
    bool copy(uintptr_t address, void* to, size_t bytes);

private:
    bool check(uintptr_t address);

    uintptr_t trusted_low_ = 0;
    uintptr_t trusted_bytes_ = 0;
    uintptr_t good_page_ = 1;  ///< last page found readable; 1 is no page
};

}  // namespace preload
