// SPDX-License-Identifier: Apache-2.0
//
// vfork returns twice, and the child runs on the caller's stack: no frame of ours may lie between, so the real
// function is reached by a jump. All the stub does is to mark the word that both find the thread's record by
// (this_thread.h): the child has the parent's memory, and would write its own waits and locks into that record,
// where they stayed if it was killed in one of them.

    .text

    .globl vfork
    .type vfork, @function
    .p2align 4
vfork:
    .cfi_startproc
    endbr64
    movq _ZN7preload14current_recordE@gottpoff(%rip), %rax
    movq %fs:(%rax), %rcx
    testq %rcx, %rcx
    je 1f
    testb $1, %cl
    jne 1f
    orq $3, %rcx                // kForwardOnly | kMayBeChild
    movq %rcx, %fs:(%rax)
1:  cmpq $0, loiter_real_vfork(%rip)
    je 2f
    jmp *loiter_real_vfork(%rip)
2:  subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call loiter_resolve_all
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    jmp *loiter_real_vfork(%rip)
    .cfi_endproc
    .size vfork, . - vfork

    .hidden _ZN7preload14current_recordE
    .hidden loiter_real_vfork
    .hidden loiter_resolve_all

#include "preload/assembly_notes.inc"
