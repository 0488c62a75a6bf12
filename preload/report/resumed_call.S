// SPDX-License-Identifier: Apache-2.0
//
// loiter_resumed_call: a handler returns to here, RSP at a ResumedCall (resumed_call.h), RAX and the
// arguments those of the call. Goes on behind the program's system call as if that had returned.
//
// loiter_signal_restorer: what the kernel makes our handler return to.
//
// loiter_program_restorer, loiter_restarting_restorer: the same for handlers of the program, without
// and with SA_RESTART. Every register is free here; RSP points at the ucontext that sigreturn is
// about to restore. They tell our handler two things that it could not know:
//   - The handler ran before the kernel had begun a resumed call, although the program made it long
//     ago: it must not begin any more, it was interrupted.
//   - An EINTR is the doing of the program's own signal. RCX, which every system call changes, and
//     which still is the address behind the call, tells it: it becomes loiter_program_restorer.

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
    movq 104(%rsp), %rcx
    testq %rcx, %rcx
    jz 3f
    testq %rax, %rax                                    // an error after some bytes: those count
    jns 2f
    xorl %eax, %eax
2:  addq %rcx, %rax
3:  movq 0(%rsp), %rdi
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

    .macro restorer name
    .globl \name
    .hidden \name
    .type \name, @function
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
\name:
    .endm
    .macro restore name
    movq $15, %rax                                      // rt_sigreturn
    syscall
    .cfi_endproc
    .size \name, . - \name
    .endm

    restorer loiter_signal_restorer
    restore loiter_signal_restorer

    restorer loiter_program_restorer
    leaq loiter_resumed_call(%rip), %rax
    cmpq %rax, 168(%rsp)
    jne 2f
1:  leaq loiter_resumed_call_return(%rip), %rax         // not begun yet: it has been interrupted
    movq %rax, 168(%rsp)
    movq $-4, 144(%rsp)                                 // -EINTR
    jmp 3f
2:  cmpq $-4, 144(%rsp)
    jne 4f
    movq 168(%rsp), %rax
    cmpq %rax, 152(%rsp)
    jne 4f
3:  leaq loiter_program_restorer(%rip), %rax
    movq %rax, 152(%rsp)
4:
    restore loiter_program_restorer

    restorer loiter_restarting_restorer
    leaq loiter_resumed_call(%rip), %rax
    cmpq %rax, 168(%rsp)
    jne 2b
    movq 160(%rsp), %rax
    cmpq $0, 96(%rax)
    je 1b
    restore loiter_restarting_restorer

#include "preload/assembly_notes.inc"
