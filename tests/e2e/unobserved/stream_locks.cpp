// SPDX-License-Identifier: Apache-2.0
//
// Threads that wait for streams which others have. Says "sitting" past stdio
// when they do; ends by a signal only.
//
//   stream_locks waiting    one reads from stdin, others want stdin, a file and stderr
//   stream_locks crossed    two want each the file that the other has
//   stream_locks mixed      one has a file and wants a mutex, another has that and writes to the file
//   stream_locks near       they meet all the time, and never get stuck
//   stream_locks flushing   one has a file and opens another, one flushes all
//   stream_locks opening    they meet all the time over the list of all, and never get stuck
//   stream_locks left       a thread has ended with a file, and was joined
//   stream_locks kept       the same, and nobody has joined it
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/gate.h"

pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;

namespace {

FILE* files[2];
gate::Crossing crossing(2);
gate::Flag taken;
gate::Flag gone;

void* named(const char* name, void (*run)()) {
    pthread_setname_np(pthread_self(), name);
    run();
    return nullptr;
}

template <typename Run>
pthread_t start(Run) {
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return Run()(); }, nullptr);
    return thread;
}

void read_line() {
    char line[16];
    fgets(line, sizeof line, stdin);  // SITE(reads) read_line
}
void read_byte() {
    getc(stdin);  // SITE(byte) read_byte
}
void read_field() {
    int field = 0;
    if (fscanf(stdin, "%d", &field) == 1) _exit(4);  // SITE(field) read_field
}
void lock_stdin() {
    flockfile(stdin);
}
void write_file() {
    fprintf(files[0], "text");  // SITE(writes) write_file
}
void complain() {
    fputs("text", stderr);
}

void lock_and_cross(int own) {
    flockfile(files[own]);
    crossing.arrive_and_await();
    fputs("text", files[1 - own]);
}
void cross_first() {
    lock_and_cross(0);
}
void cross_second() {
    lock_and_cross(1);
}

void want_mutex() {
    flockfile(files[0]);
    crossing.arrive_and_await();
    pthread_mutex_lock(&g_mutex);
}
void have_mutex() {
    pthread_mutex_lock(&g_mutex);
    crossing.arrive_and_await();
    write_file();
}

void* end_with_file() {
    flockfile(files[0]);
    taken.open();
    return nullptr;
}

void take_both() {
    for (;;) {
        flockfile(files[0]);
        flockfile(files[1]);
        funlockfile(files[1]);
        funlockfile(files[0]);
    }
}
void take_either() {
    for (;;) {
        flockfile(files[1]);
        funlockfile(files[1]);
        flockfile(files[0]);
        funlockfile(files[0]);
    }
}
void take_with_mutex() {
    for (;;) {
        flockfile(files[1]);
        pthread_mutex_lock(&g_mutex);
        pthread_mutex_unlock(&g_mutex);
        funlockfile(files[1]);
    }
}
void take_mutex_first() {
    for (;;) {
        pthread_mutex_lock(&g_mutex);
        pthread_mutex_unlock(&g_mutex);
        flockfile(files[1]);
        funlockfile(files[1]);
    }
}

void open_another() {
    fclose(fopen("/dev/null", "w"));  // SITE(opens) open_another
}
void have_file_and_open() {
    flockfile(files[0]);
    taken.open();
    gone.await_open();
    open_another();
}
void flush_all() {
    taken.await_open();
    fflush(nullptr);  // SITE(flushes) flush_all
}
void keep_flushing() {
    for (;;) fflush(nullptr);
}
void keep_opening() {
    for (;;) {
        flockfile(files[0]);
        funlockfile(files[0]);
        open_another();
    }
}

void write_when_left() {
    gone.await_open();
    write_file();
}

void wait_for_streams() {
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[0], 0) != 0) _exit(4);
    start([] { return named("reads", read_line); });
    gate::await_others_in(/*read*/ 0, 1);
    flockfile(files[0]);
    flockfile(stderr);
    start([] { return named("line", read_line); });
    start([] { return named("byte", read_byte); });
    start([] { return named("field", read_field); });
    start([] { return named("locks", lock_stdin); });
    start([] { return named("writes", write_file); });
    start([] { return named("complains", complain); });
}

void await_others_asleep_in_futex(size_t count) {
    gate::await([=] {
        gate::detail::Sights sights;
        gate::detail::look(sights);
        size_t waiting = 0;
        for (size_t i = 0; i < sights.count; ++i) {
            waiting += sights.threads[i].asleep && sights.threads[i].call == gate::kCallFutex ? 1 : 0;
        }
        return waiting == count;
    });
}

}  // namespace

int main(int, char** arguments) {
    const char* const way = arguments[1];
    size_t blocked = 2;
    for (FILE*& file : files) file = fopen("/dev/null", "w");
    if (std::strcmp(way, "waiting") == 0) {
        wait_for_streams();
        blocked = 0;
    } else if (std::strcmp(way, "near") == 0) {
        start([] { return named("both", take_both); });
        start([] { return named("either", take_either); });
        start([] { return named("with mutex", take_with_mutex); });
        start([] { return named("mutex first", take_mutex_first); });
        gate::say("sitting\n");
        for (;;) pause();
    } else if (std::strcmp(way, "opening") == 0) {
        start([] { return named("flushes", keep_flushing); });
        start([] { return named("opens", keep_opening); });
        start([] { return named("opens too", keep_opening); });
        gate::say("sitting\n");
        for (;;) pause();
    } else if (std::strcmp(way, "flushing") == 0) {
        start([] { return named("opens", have_file_and_open); });
        start([] { return named("flushes", flush_all); });
        await_others_asleep_in_futex(1);
        gone.open();
    } else if (std::strcmp(way, "crossed") == 0) {
        start([] { return named("first", cross_first); });
        start([] { return named("second", cross_second); });
    } else if (std::strcmp(way, "mixed") == 0) {
        start([] { return named("file", want_mutex); });
        start([] { return named("mutex", have_mutex); });
    } else {
        const pthread_t owner = start([] { return end_with_file(); });
        // Before the owner has gone: it would be given that one's memory, and count
        // as the owner.
        start([] { return named("waits", write_when_left); });
        taken.await_open();
        if (std::strcmp(way, "left") == 0) pthread_join(owner, nullptr);
        gate::await_thread_count(2);
        gone.open();
        blocked = 1;
    }
    if (blocked != 0) {
        gate::await_others_blocked(blocked);
    } else {
        await_others_asleep_in_futex(6);
    }
    gate::say("sitting\n");
    for (;;) pause();
}
