// SPDX-License-Identifier: Apache-2.0
//
// Ends or replaces itself by a bare system call, as programs of other runtimes do:
//     exit STATUS
//     exec PROGRAM
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char** environ;

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    if (strcmp(argv[1], "exit") == 0) syscall(SYS_exit_group, atoi(argv[2]));
    char* arguments[] = {argv[2], NULL};
    syscall(SYS_execve, argv[2], arguments, environ);
    return 127;
}
