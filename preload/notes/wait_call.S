// SPDX-License-Identifier: Apache-2.0
//
// void loiter_call_in_wait(void (*function)(void*), void* argument)
// void loiter_call_initializer(void (*function)(), const volatile void* control)
//
// Frames for calls that may be unwound: the real call of a wait, so that cancellation clears the wait
// before the program's own handlers run, and the initializer of a once. Their personalities put the
// record right and let the unwinding go on: no landing pad, which would need libgcc, and no pthread
// cleanup handler, which siglongjmp would leave behind on the thread's chain.

    .text

    .macro unwindable name, personality
    .globl \name
    .hidden \name
    .hidden \personality
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    .cfi_personality 0x1b, \personality
    endbr64
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    movq %rsi, (%rsp)                                   // tells frames of one function apart
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size \name, . - \name
\name\()_end:
    .globl \name\()_end
    .hidden \name\()_end
    .endm

    unwindable loiter_call_in_wait, loiter_unwind_wait
    unwindable loiter_call_initializer, loiter_unwind_initializer

#include "preload/assembly_notes.inc"
