// SPDX-License-Identifier: Apache-2.0
//
// The stack of a thread that sits in a system call, from outside: by its program counter and stack
// pointer, which the kernel tells, and the process' memory. Nothing is stopped or signalled.
//
// Other registers are not known. Most code needs none of them; code that keeps a frame pointer in rbp
// below the first function that saved it does. Then rbp is worked out from the function's own
// prologue, and believed only where a call of that very function comes before the return address it
// leads to, and the walk from there ends at a thread's outermost frame. Else the stack ends there, and
// is marked incomplete.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "snapshot/snapshot.h"
#include "unwind/memory.h"
#include "unwind/registers.h"

namespace unwind {

class Unwinder {
public:
    /// `regions`: all of the process', by address.
    Unwinder(std::vector<Region> regions, ReadMemory read);
    ~Unwinder();
    Unwinder(const Unwinder&) = delete;
    Unwinder& operator=(const Unwinder&) = delete;

    /// Frames have address, module, build-id and offset. `has_not_run` is asked after memory was
    /// read; empty: it said no, and nothing is known.
    std::optional<snapshot::Stack> stack_at(uint64_t pc, uint64_t stack_pointer,
                                            const std::function<bool()>& has_not_run);

    /// Of a thread that is stopped, with all its registers. `let_go` is called once its stack was copied,
    /// and says whether it runs from then on. Empty: it does, and the copy did not suffice.
    std::optional<snapshot::Stack> stack_of_stopped(const Registers& registers, const std::function<bool()>& let_go);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace unwind
