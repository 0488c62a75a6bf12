// SPDX-License-Identifier: Apache-2.0
//
// void loiter_call_in_wait(void (*function)(void*), void* argument)
//
// A frame for the real call of a wait, so that cancellation, which unwinds, clears the wait before
// the program's own handlers run. Its personality does that and lets the unwinding go on: no landing
// pad, which would need libgcc, and no pthread cleanup handler, which siglongjmp would leave behind
// on the thread's chain.

    .text
    .globl loiter_call_in_wait
    .hidden loiter_call_in_wait
    .hidden loiter_unwind_wait
    .type loiter_call_in_wait, @function
    .p2align 4
loiter_call_in_wait:
    .cfi_startproc
    .cfi_personality 0x1b, loiter_unwind_wait
    endbr64
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size loiter_call_in_wait, . - loiter_call_in_wait

#include "preload/assembly_notes.inc"
