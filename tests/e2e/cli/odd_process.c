// SPDX-License-Identifier: Apache-2.0
//
// Two threads that for good
//     plain      do nothing else
//     blocks     block USR1, both
//     half       block USR1, but main
//     handles    have a handler for USR1
//     ignores    ignore USR1
//     seccomp    go on, main under a filter that allows all
//     headless   go on, but for main, which ends
// and say "ready".
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int ready[2];

static void* work(void* unused) {
    if (write(ready[1], "x", 1) != 1) return unused;
    while (1) pause();
}

static void handle(int signal) {
    (void)signal;
}

static void install_filter(void) {
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {1, &allow};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char** argv) {
    const char* const how = argc > 1 ? argv[1] : "plain";
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    if (strcmp(how, "blocks") == 0 || strcmp(how, "half") == 0) pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    if (strcmp(how, "handles") == 0) signal(SIGUSR1, handle);
    if (strcmp(how, "ignores") == 0) signal(SIGUSR1, SIG_IGN);
    pthread_t thread;
    char byte;
    if (pipe(ready) != 0 || pthread_create(&thread, NULL, work, NULL) != 0 || read(ready[0], &byte, 1) != 1) return 1;
    if (strcmp(how, "half") == 0) pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    if (strcmp(how, "seccomp") == 0) install_filter();
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 1;
    if (strcmp(how, "headless") == 0) pthread_exit(NULL);
    while (1) pause();
}
