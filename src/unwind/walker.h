// SPDX-License-Identifier: Apache-2.0
//
// Walks a stack by the unwind tables in the process' own memory (libunwind, over its remote
// interface). Never by anything but the tables: where they say nothing, the walk ends.
#pragma once

#include <libunwind.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "unwind/memory.h"
#include "unwind/modules.h"
#include "unwind/registers.h"

namespace unwind {

struct Step {
    uint64_t pc = 0;
    uint64_t stack_pointer = 0;
    bool is_return_address = true;
    bool is_signal_return = false;  ///< of the handler before it
};

struct Walk {
    enum class End {
        kOutermost,          ///< the tables say that nobody called this frame
        kNeedsFramePointer,  ///< nothing but rbp could tell the next frame
        kNotDescribed,       ///< no table has the code
        kUnreadable,         ///< memory that is not there, or makes no sense
        kTooDeep,
    };
    std::vector<Step> steps;                ///< innermost first; never empty
    std::optional<uint64_t> frame_pointer;  ///< rbp at the last step
    End end = End::kUnreadable;
};

struct Function {
    uint64_t start = 0;
    uint64_t end = 0;
};

class Walker {
public:
    /// An endless recursion has more, and then fills the stack.
    static constexpr size_t kMaxFrames = size_t{1} << 18;
    /// What every walk may have; those that are deeper share the rest of kMaxFramesBeyond.
    static constexpr size_t kMaxFramesOfAny = 1024;
    static constexpr size_t kMaxFramesBeyond = size_t{1} << 20;

    /// Both outlive it.
    Walker(Memory& memory, const Modules& modules);
    ~Walker();
    Walker(const Walker&) = delete;
    Walker& operator=(const Walker&) = delete;

    Walk walk(const Registers& registers);
    /// How deep a walk may go now.
    size_t limit() const { return std::min(kMaxFrames, kMaxFramesOfAny + beyond_); }
    /// The function that the tables describe at `address`.
    std::optional<Function> function_at(uint64_t address);
    /// What a signal handler returns to.
    bool is_signal_return(uint64_t pc);

private:
    static int find(unw_addr_space_t space, unw_word_t address, unw_proc_info_t* info, int with_rules, void* walker);
    static void release(unw_addr_space_t space, unw_proc_info_t* info, void* walker);
    static int no_list(unw_addr_space_t space, unw_word_t* list, void* walker);
    static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t* value, int write, void* walker);
    static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t* value, int write, void* walker);
    static int access_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t* value, int write, void* walker);
    static int no_resume(unw_addr_space_t space, unw_cursor_t* cursor, void* walker);
    static int no_name(unw_addr_space_t space, unw_word_t address, char* buffer, size_t size, unw_word_t* offset,
                       void* walker);

    int find_description(unw_word_t address, unw_proc_info_t* info, int with_rules);
    Walk::End step_on(unw_cursor_t& cursor, Walk& walk);

    Memory& memory_;
    const Modules& modules_;
    std::unordered_map<uint64_t, bool> signal_returns_;  ///< by address, of modules
    unw_accessors_t accessors_;
    unw_addr_space_t space_;
    Registers registers_;
    size_t accesses_ = 0;
    size_t beyond_ = kMaxFramesBeyond;
    bool lacks_description_ = false;
    bool lacks_frame_pointer_ = false;
    bool met_signal_ = false;
};

}  // namespace unwind
