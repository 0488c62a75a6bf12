// SPDX-License-Identifier: Apache-2.0
#include "unwind/walker.h"

#include "unwind/signal_frame.h"

// Looks a function up in a table of UNW_INFO_FORMAT_REMOTE_TABLE. libunwind exports it for readers of
// other processes (perf is one), without a declaration.
extern "C" int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t address, unw_dyn_info_t* table,
                                                  unw_proc_info_t* info, int with_rules, void* argument);

namespace unwind {

namespace {

// Hundreds of times what a deep stack takes: a bound for damaged tables, whose programs can loop.
constexpr size_t kMaxAccesses = 4'000'000;

}  // namespace

Walker::Walker(Memory& memory, const Modules& modules)
    : memory_(memory),
      modules_(modules),
      accessors_{find, release, no_list, access_memory, access_register, access_float, no_resume, no_name},
      space_(unw_create_addr_space(&accessors_, 0)) {
    if (space_ != nullptr) unw_set_caching_policy(space_, UNW_CACHE_GLOBAL);
}

Walker::~Walker() {
    if (space_ != nullptr) unw_destroy_addr_space(space_);
}

Walk Walker::walk(const Registers& registers) {
    registers_ = registers;
    accesses_ = 0;
    met_signal_ = false;
    Walk walk;
    walk.steps.push_back({registers.pc, registers.stack_pointer, !registers.pc_is_exact});
    unw_cursor_t cursor;
    if (space_ == nullptr || unw_init_remote(&cursor, space_, this) != 0) return walk;
    walk.end = step_on(cursor, walk);
    if (walk.steps.size() > kMaxFramesOfAny) beyond_ -= std::min(beyond_, walk.steps.size() - kMaxFramesOfAny);
    // The cache forgets which frames are the kernel's own, behind which the address is exact.
    if (met_signal_) unw_flush_cache(space_, 0, 0);
    return walk;
}

Walk::End Walker::step_on(unw_cursor_t& cursor, Walk& walk) {
    std::vector<Step>& steps = walk.steps;
    const size_t most = limit();
    while (true) {
        unw_word_t frame_pointer = 0;
        const bool has_frame_pointer = unw_get_reg(&cursor, UNW_X86_64_RBP, &frame_pointer) == 0;
        walk.frame_pointer = has_frame_pointer ? std::optional<uint64_t>(frame_pointer) : std::nullopt;
        lacks_description_ = false;
        lacks_frame_pointer_ = false;
        const int result = unw_step(&cursor);
        // Then libunwind follows rbp as if it were a frame pointer: a guess.
        if (lacks_description_) return Walk::End::kNotDescribed;
        if (result < 0) return lacks_frame_pointer_ ? Walk::End::kNeedsFramePointer : Walk::End::kUnreadable;
        unw_word_t pc = 0;
        unw_word_t stack_pointer = 0;
        if (result == 0) return Walk::End::kOutermost;
        if (steps.size() >= most) return Walk::End::kTooDeep;
        if (unw_get_reg(&cursor, UNW_REG_IP, &pc) != 0 || pc == 0) return Walk::End::kUnreadable;
        const bool is_exact = is_signal_return(steps.back().pc);
        met_signal_ = met_signal_ || is_exact;
        // Its return address, and nothing of it on the stack.
        const bool may_be_in_register = steps.size() == 1 && registers_.first_argument.has_value();
        if (unw_get_reg(&cursor, UNW_REG_SP, &stack_pointer) != 0 || !memory_.is_code(is_exact ? pc : pc - 1) ||
            (stack_pointer < steps.back().stack_pointer + (may_be_in_register ? 0 : 1) && !is_exact)) {
            return Walk::End::kUnreadable;
        }
        const bool is_return = !is_exact && is_signal_return(pc);
        steps.push_back({pc, stack_pointer, !is_exact && !is_return, is_return});
    }
}

bool Walker::is_signal_return(uint64_t pc) {
    const Module* const module = modules_.find(pc);
    if (module == nullptr) return is_signal_frame(memory_, nullptr, pc);
    const auto [known, is_new] = signal_returns_.try_emplace(pc, false);
    if (is_new) known->second = is_signal_frame(memory_, module, pc);
    return known->second;
}

std::optional<Function> Walker::function_at(uint64_t address) {
    accesses_ = 0;
    unw_proc_info_t info{};
    if (space_ == nullptr || find_description(address, &info, 0) != 0) return std::nullopt;
    return Function{info.start_ip, info.end_ip};
}

int Walker::find_description(unw_word_t address, unw_proc_info_t* info, int with_rules) {
    const Module* const module = modules_.find(address);
    if (module == nullptr || module->table.count == 0) return -UNW_ENOINFO;
    unw_dyn_info_t table{};
    table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
    table.start_ip = module->start;
    table.end_ip = module->end;
    table.u.rti.segbase = module->table.base;
    table.u.rti.table_data = module->table.entries;
    table.u.rti.table_len = module->table.count;  // in words, which entries are as long as
    return UNW_OBJ(dwarf_search_unwind_table)(space_, address, &table, info, with_rules, this);
}

int Walker::find(unw_addr_space_t, unw_word_t address, unw_proc_info_t* info, int with_rules, void* walker) {
    auto* const self = static_cast<Walker*>(walker);
    const int result = self->find_description(address, info, with_rules);
    if (result < 0) self->lacks_description_ = true;
    return result;
}

int Walker::access_memory(unw_addr_space_t, unw_word_t address, unw_word_t* value, int write, void* walker) {
    auto* const self = static_cast<Walker*>(walker);
    if (write != 0 || ++self->accesses_ > kMaxAccesses) return -UNW_EINVAL;
    return self->memory_.read(address, value, sizeof(*value)) ? 0 : -UNW_EINVAL;
}

int Walker::access_register(unw_addr_space_t, unw_regnum_t number, unw_word_t* value, int write, void* walker) {
    auto* const self = static_cast<Walker*>(walker);
    const Registers& known = self->registers_;
    if (write != 0) return -UNW_EREADONLYREG;
    if (number == UNW_X86_64_RIP) {
        *value = known.pc;
    } else if (number == UNW_X86_64_RSP) {
        *value = known.stack_pointer;
    } else if (known.general && number >= 0 && static_cast<size_t>(number) < known.general->size()) {
        *value = (*known.general)[static_cast<size_t>(number)];
    } else if (number == UNW_X86_64_RBP && known.frame_pointer) {
        *value = *known.frame_pointer;
    } else if (number == UNW_X86_64_RDI && known.first_argument) {
        *value = *known.first_argument;
    } else {
        if (number == UNW_X86_64_RBP) self->lacks_frame_pointer_ = true;
        return -UNW_EBADREG;
    }
    return 0;
}

void Walker::release(unw_addr_space_t, unw_proc_info_t*, void*) {}

int Walker::no_list(unw_addr_space_t, unw_word_t*, void*) {
    return -UNW_ENOINFO;
}

int Walker::access_float(unw_addr_space_t, unw_regnum_t, unw_fpreg_t*, int, void*) {
    return -UNW_EBADREG;
}

int Walker::no_resume(unw_addr_space_t, unw_cursor_t*, void*) {
    return -UNW_EINVAL;
}

int Walker::no_name(unw_addr_space_t, unw_word_t, char*, size_t, unw_word_t*, void*) {
    return -UNW_ENOINFO;
}

}  // namespace unwind
