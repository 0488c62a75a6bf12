// SPDX-License-Identifier: Apache-2.0
//
// dlopen and dlmopen: libc takes the RUNPATH that counts from its return address, so the real
// function must be reached by a jump, with the caller's return address in place. All a stub does is
// to note that there may be new modules.

    .text

    .macro stub name
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    .cfi_startproc
    endbr64
    movl $1, loiter_modules_changed(%rip)
    cmpq $0, loiter_real_\name(%rip)
    je 1f
    jmp *loiter_real_\name(%rip)
1:  pushq %rdi
    .cfi_adjust_cfa_offset 8
    pushq %rsi
    .cfi_adjust_cfa_offset 8
    pushq %rdx
    .cfi_adjust_cfa_offset 8
    call loiter_resolve_all
    popq %rdx
    .cfi_adjust_cfa_offset -8
    popq %rsi
    .cfi_adjust_cfa_offset -8
    popq %rdi
    .cfi_adjust_cfa_offset -8
    jmp *loiter_real_\name(%rip)
    .cfi_endproc
    .size \name, . - \name
    .endm

    .hidden loiter_modules_changed
    .hidden loiter_real_dlopen
    .hidden loiter_real_dlmopen
    .hidden loiter_resolve_all

    stub dlopen
    stub dlmopen

#include "preload/assembly_notes.inc"
