// SPDX-License-Identifier: Apache-2.0
//
// loiter_call_on_stack(end, function, argument): calls function(argument) with the stack pointer at `end`, a
// multiple of 16. Unwinders find the caller by the frame pointer.

    .text
    .globl loiter_call_on_stack
    .hidden loiter_call_on_stack
    .type loiter_call_on_stack, @function
    .p2align 4
loiter_call_on_stack:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq %rdi, %rsp
    movq %rdx, %rdi
    call *%rsi
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size loiter_call_on_stack, . - loiter_call_on_stack

#include "preload/assembly_notes.inc"
