// SPDX-License-Identifier: Apache-2.0
//
// A thread in each of the blocking calls, all at once: `sitting_calls FIFO`. Says "sitting" when all are;
// when somebody writes to FIFO, makes happen what they wait for, and says of each "NAME result R errno E NOTES".
// Calls that wait for time alone are made over and over until then, and must go the same way each time.
// Notes: "returned too soon", before what it waits for; "early", before its time; "unsteady".
#include <stdio.h>

#include <list>
#include <string>

#include "tests/targets/blocking_calls.h"

namespace {

using calls::Call;
using calls::kShort;
using calls::my;
using calls::now;
using calls::Objects;

std::atomic<bool> is_over{false};

struct Sitter {
    std::string name;
    Call call;
    Objects objects;
    pthread_t thread;
    long result = -88;
    int error = 0;
    std::atomic<bool> is_let_go{false};
    bool too_soon = false;
    bool early = false;
    bool unsteady = false;

    /// SO_RCVTIMEO has an end, too, and what would end the waiting before that is left out.
    bool is_by_time() const { return !call.finish || name.ends_with("_timeout"); }
};

/// The kernel counts some timeouts in ticks, of which the first is cut.
bool is_early(const Sitter& sitter, uint64_t start) {
    constexpr uint64_t kTick = 10'000'000;
    const uint64_t least = kShort - (sitter.call.finish ? kTick : 0);
    return now() - start < least;
}

void make_once(Sitter& sitter) {
    errno = 0;
    sitter.result = sitter.call.call();
    sitter.error = sitter.result < 0 ? errno : 0;
}

void make_over_and_over(Sitter& sitter) {
    for (bool is_first = true; is_first || !is_over; is_first = false) {
        const long result = sitter.result;
        const int error = sitter.error;
        const uint64_t start = now();
        make_once(sitter);
        sitter.early = sitter.early || is_early(sitter, start);
        sitter.unsteady = sitter.unsteady || (!is_first && (result != sitter.result || error != sitter.error));
    }
}

void* sit(void* argument) {
    auto& sitter = *static_cast<Sitter*>(argument);
    my = &sitter.objects;
    my->caller_tid = gate::raw_call(SYS_gettid);
    if (sitter.is_by_time()) {
        make_over_and_over(sitter);
    } else {
        make_once(sitter);
        sitter.too_soon = !sitter.is_let_go;
    }
    my->returned = true;
    return nullptr;
}

bool sits(const Sitter& sitter) {
    const long tid = sitter.objects.caller_tid;
    if (sitter.objects.returned) return true;
    if (tid == 0) return false;
    const gate::detail::Sight sight = gate::detail::look_at(tid);
    return sight.asleep && sight.call >= 0;
}

/// What one of them does to the mask of this thread is the new thread's, and no later one's.
void start(Sitter& sitter) {
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    my = &sitter.objects;
    sem_init(&my->semaphore, 0, 0);
    sitter.call.prepare();
    pthread_create(&sitter.thread, nullptr, sit, &sitter);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    gate::await([&] { return sits(sitter); });
}

void finish(Sitter& sitter) {
    my = &sitter.objects;
    sitter.is_let_go = true;
    if (!sitter.is_by_time()) sitter.call.finish();
    pthread_join(sitter.thread, nullptr);
    calls::remove_ipc();
    printf("%s result %ld errno %d%s%s%s\n", sitter.name.c_str(), sitter.result, sitter.error,
           sitter.too_soon ? " returned too soon" : "", sitter.early ? " early" : "",
           sitter.unsteady ? " unsteady" : "");
}

}  // namespace

int main(int, char** arguments) {
    std::list<Sitter> sitters;
    for (auto& [name, call] : calls::all_calls()) {
        // One is left in no ordinary way, the other has a handler of its own for the signal of others.
        if (name == "poll_cancelled" || name == "poll_left_by_jump") continue;
        Sitter& sitter = sitters.emplace_front();  // the last one first, to end them so: children have
        sitter.name = name;                        // copies of what was open before
        sitter.call = call;
        start(sitter);
    }
    gate::say("sitting\n");
    gate::raw_call(SYS_open, calls::pointer(arguments[1]), O_RDONLY);
    is_over = true;
    for (Sitter& sitter : sitters) finish(sitter);
    fflush(stdout);
    _exit(0);
}
