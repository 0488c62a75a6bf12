// SPDX-License-Identifier: Apache-2.0
//
// void std::terminate(), which the destructor of a std::thread calls. C gets the caller's registers, one of which
// mostly leads to that thread; the real function is reached by a jump, with registers and stack as they were.

    .text

    .hidden loiter_terminates

    .globl _ZSt9terminatev
    .type _ZSt9terminatev, @function
    .p2align 4
_ZSt9terminatev:
    .cfi_startproc
    endbr64
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    pushq %\register
    .cfi_adjust_cfa_offset 8
    .endr
    movq %rsp, %rdi
    call loiter_terminates
    movq %rax, 32(%rsp)  // what r11 has is nobody's
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    popq %\register
    .cfi_adjust_cfa_offset -8
    .endr
    jmp *%r11
    .cfi_endproc
    .size _ZSt9terminatev, . - _ZSt9terminatev

#include "preload/assembly_notes.inc"
