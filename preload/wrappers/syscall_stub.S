// SPDX-License-Identifier: Apache-2.0
//
// long syscall(long number, ...)
//
// Programs reach clone and vfork through it, which return twice: a frame of ours would be returned
// from twice as well. So every call goes on to the real function by a jump, with registers and stack
// as the caller left them; but the calls on futexes, and those by which a program gives up system calls,
// which go to C.

#define CALL_PRCTL 157
#define CALL_FUTEX 202
#define CALL_SECCOMP 317
#define CALL_FUTEX_WAITV 449

    .text

    .hidden loiter_real_syscall
    .hidden loiter_resolve_all
    .hidden loiter_futex_call
    .hidden loiter_futex_waitv_call
    .hidden loiter_prctl_call
    .hidden loiter_seccomp_call

    .globl syscall
    .type syscall, @function
    .p2align 4
syscall:
    .cfi_startproc
    endbr64
    cmpq $CALL_FUTEX, %rdi
    je loiter_futex_call
    cmpq $CALL_FUTEX_WAITV, %rdi
    je loiter_futex_waitv_call
    cmpq $CALL_SECCOMP, %rdi
    je loiter_seccomp_call
    cmpq $CALL_PRCTL, %rdi
    je loiter_prctl_call
    cmpq $0, loiter_real_syscall(%rip)
    je 1f
    jmp *loiter_real_syscall(%rip)

// Before the library is ready: once in a process' life. What a variadic function may take its
// arguments from is kept.
1:
    .irp register, rax, rdi, rsi, rdx, rcx, r8, r9
    pushq %\register
    .cfi_adjust_cfa_offset 8
    .endr
    subq $128, %rsp
    .cfi_adjust_cfa_offset 128
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    movups %xmm\number, 16*\number(%rsp)
    .endr
    call loiter_resolve_all
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    movups 16*\number(%rsp), %xmm\number
    .endr
    addq $128, %rsp
    .cfi_adjust_cfa_offset -128
    .irp register, r9, r8, rcx, rdx, rsi, rdi, rax
    popq %\register
    .cfi_adjust_cfa_offset -8
    .endr
    jmp *loiter_real_syscall(%rip)
    .cfi_endproc
    .size syscall, . - syscall

#include "preload/assembly_notes.inc"
