// SPDX-License-Identifier: Apache-2.0
//
// One blocking call that signals hit: `interrupted_calls CALL SIGNALS [STACK]`. Thread T2 makes the call; the
// main thread sends it SIGUSR1 whenever the kernel shows it asleep, SIGNALS times at most, and then
// makes happen what the call waits for. Calls that wait for time alone get a signal a third of that
// time after the last, until they return. Says "result R errno E NOTES"; notes: "early" when a timeout
// came too soon, "restarted" when every signal made it wait anew. `interrupted_calls list` names them.
// STACK: "small", the least there is for a thread; "alternate", and a signal stack with little room;
// "reported", as usual, but standard error stays open, which reports go to.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "tests/targets/blocking_io_calls.h"

namespace {

using calls::Call;
using calls::Calls;
using calls::kShort;
using calls::my;
using calls::now;

struct Outcome {
    long result;
    int error;
    uint64_t nanoseconds;
};

const Call* subject;

bool has_signal_stack = false;

void use_signal_stack() {
    constexpr size_t kRoom = 1536;  // for the handler itself
    static char memory[64 * 1024];
    const stack_t stack{memory, 0, getauxval(AT_MINSIGSTKSZ) + kRoom};
    if (sigaltstack(&stack, nullptr) != 0) calls::fail("sigaltstack");
}

void* make_call(void* argument) {
    auto& outcome = *static_cast<Outcome*>(argument);
    if (has_signal_stack) use_signal_stack();
    my->caller_tid = gate::raw_call(SYS_gettid);
    const uint64_t start = now();
    errno = 0;
    outcome.result = -88;
    pthread_cleanup_push([](void*) { my->returned = true; }, nullptr);
    outcome.result = subject->call();
    outcome.error = outcome.result < 0 ? errno : 0;
    outcome.nanoseconds = now() - start;
    pthread_cleanup_pop(1);
    return nullptr;
}

bool is_pending(long tid, int signal) {
    char status[4096];
    gate::detail::read_task_file(tid, "status", status, sizeof(status));
    const char* const text = gate::detail::after_key(status, "SigPnd:");
    return text != nullptr && (strtoull(text, nullptr, 16) >> (signal - 1) & 1) != 0;
}

/// Asleep in a system call, and since its count of sleeps was `switches` it has slept anew.
bool sleeps_again(uint64_t& switches) {
    const long tid = my->caller_tid;
    if (my->returned) return true;
    if (tid == 0 || is_pending(tid, SIGUSR1)) return false;
    const gate::detail::Sight sight = gate::detail::look_at(tid);
    if (!sight.asleep || sight.call < 0 || sight.switches <= switches) return false;
    switches = sight.switches;
    return true;
}

void await_moment(uint64_t until) {
    gate::await([=] { return my->returned || now() >= until; });
}

int interrupt(int signals, bool by_time) {
    uint64_t switches = 0;
    int sent = 0;
    gate::await([&] { return sleeps_again(switches); });
    for (; sent < signals && !my->returned; ++sent) {
        if (by_time) await_moment(now() + kShort / 3);
        if (my->returned) break;
        syscall(SYS_tgkill, getpid(), my->caller_tid.load(), SIGUSR1);
        gate::await([&] { return sleeps_again(switches); });
    }
    return sent;
}

}  // namespace

int main(int argc, char** argv) {
    Calls all = calls::all_calls();
    for (auto&& some : {calls::more_transfers(), calls::signalled_transfers(), calls::more_waits()}) {
        all.insert(some.begin(), some.end());
    }
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (const auto& [name, call] : all) printf("%s\n", name.c_str());
        return 0;
    }
    const auto found = argc >= 3 ? all.find(argv[1]) : all.end();
    if (found == all.end()) return 2;
    subject = &found->second;
    sem_init(&my->semaphore, 0, 0);
    subject->prepare();

    Outcome outcome{};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    const std::string stack = argc > 3 ? argv[3] : "";
    if (stack != "reported") close(STDERR_FILENO);
    has_signal_stack = stack == "alternate";
    if (stack == "small" || has_signal_stack) {
        pthread_attr_setstacksize(&attributes, static_cast<size_t>(sysconf(_SC_THREAD_STACK_MIN)));
    }
    pthread_create(&my->caller, &attributes, make_call, &outcome);
    const bool by_time = !subject->finish;
    const int signals = atoi(argv[2]);
    const int sent = interrupt(signals, by_time);
    if (!by_time) {
        if (!my->returned || signals == 0) subject->finish();
    }
    gate::await([] { return my->returned.load(); });
    calls::remove_ipc();
    const bool is_early = by_time && outcome.nanoseconds < static_cast<uint64_t>(kShort);
    const bool is_restarted = by_time && signals > 0 && sent == signals;
    printf("result %ld errno %d%s%s%s\n", outcome.result, outcome.error, is_early ? " early" : "",
           is_restarted ? " restarted" : "", !by_time && sent != signals ? " returned too soon" : "");
    fflush(stdout);
    _exit(0);
}
