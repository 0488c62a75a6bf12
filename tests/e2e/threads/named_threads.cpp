// SPDX-License-Identifier: Apache-2.0
//
// Creates a thread and names it at the worst moment: while it begins, and whoever asks the kernel for its name
// then has been told the old one, but has not got the answer. Says "named" and waits for a signal.
#include <pthread.h>
#include <unistd.h>

#include "tests/support/late_answer.h"

namespace {

gate::LateAnswer late;

/// Without a library that asks, the thread does.
void* begin(void*) {
    char name[16];
    gate::raw_call(SYS_prctl, PR_GET_NAME, reinterpret_cast<long>(name));
    for (;;) pause();
}

}  // namespace

int main() {
    if (!late.install(SYS_prctl, 0, PR_GET_NAME)) return 1;
    pthread_t thread;
    if (pthread_create(&thread, nullptr, begin, nullptr) != 0) return 1;
    late.await_question();
    if (pthread_setname_np(thread, "given") != 0) return 1;
    late.let_go();
    gate::await_others_in(SYS_pause, 1);
    gate::say("named\n");
    for (;;) pause();
}
