// SPDX-License-Identifier: Apache-2.0
//
// void call_without_table(void (*function)(void)): hand-written, no unwind information, and a frame
// that nothing but that information could describe.
        .text
        .globl  call_without_table
        .type   call_without_table, @function
call_without_table:
        sub     $72, %rsp
        call    *%rdi
        add     $72, %rsp
        ret
        .size   call_without_table, .-call_without_table
        .section .note.GNU-stack,"",@progbits
