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
    cmpq $0, %fs:(%rax)
    jne 1f
    // The child would be adopted in the place of this thread, and be taken for a process' main thread.
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call loiter_adopt_thread
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    movq _ZN7preload14current_recordE@gottpoff(%rip), %rax
    cmpq $0, %fs:(%rax)
    je 2f
1:  testb $1, %fs:(%rax)
    jne 2f
    orq $3, %fs:(%rax)          // kForwardOnly | kMayBeChild; at once, as a signal's handler may move the record
2:  cmpq $0, loiter_real_vfork(%rip)
    je 3f
    jmp *loiter_real_vfork(%rip)
3:  subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call loiter_resolve_all
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    jmp *loiter_real_vfork(%rip)
    .cfi_endproc
    .size vfork, . - vfork

    .hidden _ZN7preload14current_recordE
    .hidden loiter_adopt_thread
    .hidden loiter_real_vfork
    .hidden loiter_resolve_all

#include "preload/assembly_notes.inc"
