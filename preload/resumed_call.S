// SPDX-License-Identifier: Apache-2.0
//
// loiter_resumed_call: a handler returns to here, RSP at a ResumedCall (resumed_call.h), RAX and the
// arguments those of the call. Goes on behind the program's system call as if that had returned.
//
// loiter_signal_restorer: what the kernel makes a handler return to. Unwinders know it by its code,
// which must be these two instructions, and ours by the rules below.

    .text
    .globl loiter_resumed_call
    .hidden loiter_resumed_call
    .globl loiter_resumed_call_return
    .hidden loiter_resumed_call_return
    .type loiter_resumed_call, @function
    .p2align 4
    .cfi_startproc
    .cfi_signal_frame                                   // the caller's pc is not behind a call
    .cfi_escape 0x0f, 3, 0x77, 56, 0x06                 // CFA: the word at RSP + 56
    .cfi_escape 0x10, 16, 2, 0x77, 48                   // return address: at RSP + 48
    nop
loiter_resumed_call:
    syscall
loiter_resumed_call_return:
    movq 120(%rsp), %rcx
    testq %rcx, %rcx
    jz 3f
    testq %rax, %rax                                    // an error after some bytes: those count
    jns 2f
    xorl %eax, %eax
2:  addq %rcx, %rax
3:  cmpq $0, 104(%rsp)
    je 1f
    movq %rax, 112(%rsp)
    movl $14, %eax                                      // rt_sigprocmask(SIG_SETMASK, mask, 0, 8)
    movl $2, %edi
    leaq 96(%rsp), %rsi
    xorl %edx, %edx
    movl $8, %r10d
    syscall
    movq 112(%rsp), %rax
1:  movq 0(%rsp), %rdi
    movq 8(%rsp), %rsi
    movq 16(%rsp), %rdx
    movq 24(%rsp), %r10
    movq 32(%rsp), %r8
    movq 40(%rsp), %r9
    movq 48(%rsp), %rcx
    movq 56(%rsp), %rsp
    .cfi_def_cfa %rsp, 0
    .cfi_register %rip, %rcx
    notrack jmp *%rcx
    .cfi_endproc
    .size loiter_resumed_call, . - loiter_resumed_call

    .macro saved register, offset                       // at RSP + offset, as two bytes of SLEB128
    .cfi_escape 0x10, \register, 3, 0x77, (\offset & 0x7f) | 0x80, \offset >> 7
    .endm

    .globl loiter_signal_restorer
    .hidden loiter_signal_restorer
    .type loiter_signal_restorer, @function
    .p2align 4
    .cfi_startproc
    .cfi_signal_frame
    .cfi_escape 0x0f, 4, 0x77, (160 & 0x7f) | 0x80, 160 >> 7, 0x06
    saved 8, 40
    saved 9, 48
    saved 10, 56
    saved 11, 64
    saved 12, 72
    saved 13, 80
    saved 14, 88
    saved 15, 96
    saved 5, 104
    saved 4, 112
    saved 6, 120
    saved 3, 128
    saved 1, 136
    saved 0, 144
    saved 2, 152
    saved 16, 168
    nop                                                 // unwinders look one byte before
loiter_signal_restorer:
    movq $15, %rax                                      // rt_sigreturn
    syscall
    .cfi_endproc
    .size loiter_signal_restorer, . - loiter_signal_restorer

#include "preload/assembly_notes.inc"
