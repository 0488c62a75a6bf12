// SPDX-License-Identifier: Apache-2.0
//
// void call_in_frame(void (*visit)(void), void (*fill)(void* frame)): calls `visit` from a frame of
// FRAME_SIZE bytes whose lower end `fill` has written.
        .text
        .globl  call_in_frame
        .type   call_in_frame, @function
call_in_frame:
        .cfi_startproc
        push    %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        push    %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        sub     $FRAME_SIZE, %rsp
        .cfi_adjust_cfa_offset FRAME_SIZE
        mov     %rdi, %rbx
        mov     %rsp, %rdi
        call    *%rsi
        call    *%rbx
        add     $FRAME_SIZE, %rsp
        .cfi_adjust_cfa_offset -FRAME_SIZE
        pop     %rbx
        .cfi_adjust_cfa_offset -8
        pop     %rbp
        .cfi_adjust_cfa_offset -8
        ret
        .cfi_endproc
        .size   call_in_frame, .-call_in_frame
        .section .note.GNU-stack,"",@progbits
