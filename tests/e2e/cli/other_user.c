// SPDX-License-Identifier: Apache-2.0
//
//   other_user HOW PROGRAM
//
// Has a child execute the program as a user who may do nothing, and waits for it.
// HOW: fork, vfork, or fails: like fork, of a program that cannot be executed, which is no failure; or itself: without
// a child
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const long kNobody = 65534;

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const int by_itself = strcmp(argv[1], "itself") == 0;
    const pid_t child = by_itself ? 0 : strcmp(argv[1], "vfork") == 0 ? vfork() : fork();
    if (child == 0) {
        // Of this thread alone, past libc: a child of vfork shares the rest with its parent.
        if (syscall(SYS_setresgid, kNobody, kNobody, kNobody) == 0 &&
            syscall(SYS_setresuid, kNobody, kNobody, kNobody) == 0)
            execl(argv[2], argv[2], (char*)0);
        _exit(strcmp(argv[1], "fails") == 0 ? 0 : 9);
    }
    int status = 1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
