// SPDX-License-Identifier: Apache-2.0
//
// Says "ready", waits for the signal with the number given, and says how it came.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, argc > 1 ? atoi(argv[1]) : SIGUSR2);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 1;
    siginfo_t info;
    if (sigwaitinfo(&awaited, &info) < 0) return 1;
    printf("code %d value %d from %d\n", info.si_code, info.si_value.sival_int, info.si_pid);
    return 0;
}
