// SPDX-License-Identifier: Apache-2.0
#include "memo_fixture.h"

#include "preload/process/restriction.h"
#include "preload/stacks/stack_check.h"

MemoTest::Tally MemoTest::tally;
ObservedStack MemoTest::last;
preload::StackLimits MemoTest::limits;
uint32_t MemoTest::last_id;
uintptr_t MemoTest::last_sp;

MemoTest::MemoTest() {
    tally = {};
    limits = own_limits();
    recording.become_thread();
}

MemoTest::~MemoTest() {
    preload::restrictions = 0;
}

uint64_t MemoTest::recalled_so_far() {
    return preload::stack_counts().recalled;
}

void MemoTest::compare(uint64_t recalled_before) {
    ++tally.compared;
    tally.recalled += recalled_so_far() != recalled_before ? 1 : 0;
    if (last.is_equal()) {
        ++tally.equal;
    } else if (!last.is_marked_prefix() && tally.wrong++ == 0) {
        tally.first_wrong = last.describe();
    }
}

__attribute__((noinline)) void MemoTest::visit() {
    const uint64_t recalled = recalled_so_far();
    last_sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    last_id = observe_captured(limits, last);
    compare(recalled);
    __asm__ volatile("");  // no tail call
}
