// SPDX-License-Identifier: Apache-2.0
//
// A second thread reads many bytes one at a time, faster than stacks are taken, and then waits for one
// more. Says "at LINE" and, once it waits, "waiting".
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

constexpr int kBytes = 60'000;

int ends[2];

void read_all() {
    char byte;
    for (;;) {
        if (read(ends[0], &byte, 1) != 1) abort();
    }
}
constexpr int kReadLine = __LINE__ - 3;

void* call_read_all(void*) {
    read_all();
    return nullptr;
}

}  // namespace

int main() {
    static char bytes[kBytes];
    if (pipe(ends) != 0 || write(ends[1], bytes, kBytes) != kBytes) return 2;
    char text[32];
    snprintf(text, sizeof(text), "at %d\n", kReadLine);
    gate::say(text);
    pthread_t thread;
    if (pthread_create(&thread, nullptr, call_read_all, nullptr) != 0) return 2;
    gate::await_others_in(SYS_read, 1);
    gate::say("waiting\n");
    gate::Flag().await_open();
}
