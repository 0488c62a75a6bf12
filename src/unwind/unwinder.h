// SPDX-License-Identifier: Apache-2.0
//
// The stack of a thread that sits in a system call, from outside: by its program counter and stack
// pointer, which the kernel tells, and the process' memory. Nothing is stopped or signalled.
//
// Other registers are not known. Most code needs none of them; code that keeps a frame pointer in rbp
// below the first function that saved it does. Then rbp is worked out from the function's own
// prologue, and believed only where a call of that very function comes before the return address it
// leads to, and the walk from there ends at a thread's outermost frame. Else the stack ends there, and
// is marked incomplete. The same goes for code of V8, which has no tables and keeps frame pointers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
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
    std::optional<snapshot::Stack> stack_at(const Registers& registers, const std::function<bool()>& has_not_run);
    /// The same for a thread that cannot run, with the registers that it had.
    snapshot::Stack stack_of(uint64_t pc, uint64_t stack_pointer, uint64_t frame_pointer);

    /// Where the functions begin that led to frame `index` and made it: the one that the unwind tables
    /// describe there, and the one that the next frame called. They differ where a call was a jump.
    std::vector<uint64_t> functions_of(const snapshot::Stack& stack, size_t index);

    /// Those that the function at this address ends in by a jump: nothing on a stack leads back to it then.
    std::vector<uint64_t> functions_jumped_to(uint64_t function);

    /// Functions of these names by address, in glibc's own objects: other libraries have the same names.
    std::unordered_map<uint64_t, std::string_view> functions_of_glibc(std::span<const std::string_view> names);

    /// The same for variables.
    std::unordered_map<uint64_t, std::string_view> objects_of_glibc(std::span<const std::string_view> names);

    /// All objects, by start address.
    std::vector<snapshot::Module> modules() const;

    /// Of a thread that is stopped, with all its registers. `let_go` is called once its stack was copied,
    /// and says whether it runs from then on. Empty: it does, and the copy did not suffice.
    std::optional<snapshot::Stack> stack_of_stopped(const Registers& registers, const std::function<bool()>& let_go);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace unwind
