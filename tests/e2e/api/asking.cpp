// SPDX-License-Identifier: Apache-2.0
//
// A program that asks and tells by loiter/loiter.h: one situation for each first argument. It leaves its
// threads behind, but for what it prints of them.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loiter/loiter.h"
#include "tests/support/gate.h"

namespace {

pthread_mutex_t g_taken = PTHREAD_MUTEX_INITIALIZER;
gate::Flag g_never;

void* wait_for_taken(void*) {
    pthread_mutex_lock(&g_taken);
    return nullptr;
}

void* run_for_ever(void*) {
    g_never.await_open();
    return nullptr;
}

void* end_at_once(void*) {
    return nullptr;
}

void start(void* (*routine)(void*), void* argument = nullptr) {
    pthread_t thread;
    pthread_create(&thread, nullptr, routine, argument);
}

loiter_counts counts() {
    loiter_counts found;
    loiter_count_threads(&found);
    return found;
}

/// Without the library it has none to wait for.
void await_blocked(unsigned blocked) {
    if (loiter_is_active() != 0) gate::await([=] { return counts().blocked == blocked; });
}

void print_counts(const char* when) {
    const loiter_counts now = counts();
    std::printf("%s: %u threads, %u blocked, %u alive, %u unjoined, %u created, %u lost\n", when, now.threads,
                now.blocked, now.alive, now.unjoined, now.created_total, now.lost);
}

int count() {
    std::printf("active: %d\n", loiter_is_active());
    print_counts("at first");
    pthread_mutex_lock(&g_taken);
    start(wait_for_taken);
    start(run_for_ever);
    start(end_at_once);
    if (loiter_is_active() != 0) gate::await([] { return counts().blocked == 1 && counts().unjoined == 1; });
    print_counts("with three");
    return 0;
}

void print_threads(const char* when, loiter_mark_t mark, const char* label = nullptr) {
    loiter_thread threads[2] = {};
    const size_t found = loiter_threads_labelled(mark, label, threads, 2);
    std::printf("%s: %zu", when, found);
    for (size_t i = 0; i < found && i < 2; ++i) {
        std::printf(" T%u[%s, %s, %s]", threads[i].number, threads[i].name, threads[i].state,
                    threads[i].label != nullptr ? threads[i].label : "-");
    }
    std::printf("\n");
}

void* wait_named(void* name) {
    pthread_setname_np(pthread_self(), static_cast<const char*>(name));
    return wait_for_taken(nullptr);
}

void* wait_expected(void*) {
    loiter_expect_this_thread();
    return wait_for_taken(nullptr);
}

int since() {
    pthread_mutex_lock(&g_taken);
    char first[] = "first", second[] = "second", third[] = "third";
    start(wait_named, first);
    const loiter_mark_t mark = loiter_mark();
    print_threads("since now", mark);
    start(wait_named, second);
    start(wait_expected);
    loiter_expect_next_thread();
    start(wait_for_taken);
    await_blocked(4);
    print_threads("since the mark", mark);
    print_threads("since the start", 0);
    loiter_set_label("third's");
    start(wait_named, third);
    await_blocked(5);
    print_threads("of a label", 0, "third's");
    print_threads("of another", 0, "nobody's");
    print_threads("more than there is room for", 0);
    return 0;
}

gate::Flag g_later;

void* create_late(void*) {
    g_later.await_open();
    start(wait_for_taken);
    return wait_for_taken(nullptr);
}

int label() {
    pthread_mutex_lock(&g_taken);
    loiter_set_label("Suite.First");
    start(create_late);
    loiter_set_label("Suite.Second");
    std::printf("%s\n", loiter_label() != nullptr ? loiter_label() : "-");
    start(wait_for_taken);
    g_later.open();
    await_blocked(3);
    loiter_set_label(nullptr);
    std::printf("%s\n", loiter_label() != nullptr ? loiter_label() : "-");
    start(wait_expected);
    await_blocked(4);
    return 0;
}

int name() {
    auto* const renewed = new pthread_mutex_t PTHREAD_MUTEX_INITIALIZER;
    loiter_name_lock(&g_taken, "some lock");
    loiter_name_lock(&g_taken, "the ledger");
    loiter_name_lock(renewed, "of another life");
    pthread_mutex_destroy(renewed);
    pthread_mutex_init(renewed, nullptr);
    pthread_mutex_lock(&g_taken);
    pthread_mutex_lock(renewed);
    start(wait_for_taken);
    start([](void* mutex) -> void* { return pthread_mutex_lock(static_cast<pthread_mutex_t*>(mutex)), nullptr; },
          renewed);
    await_blocked(2);
    return 0;
}

volatile std::sig_atomic_t g_handled = 0;

void ask_all(int) {
    errno = 1234;
    loiter_thread thread;
    const loiter_mark_t mark = loiter_mark();
    loiter_set_label("in a handler");
    loiter_threads_since(mark, &thread, 1);
    loiter_name_lock(&g_taken, "named in a handler");
    loiter_lock_waiting(&g_handled, LOITER_EXCLUSIVE);
    loiter_lock_acquired(&g_handled, LOITER_EXCLUSIVE);
    loiter_lock_released(&g_handled);
    loiter_expect_next_thread();
    g_handled = errno == 1234 && counts().threads == 2 ? 1 : 2;
}

int handler() {
    std::signal(SIGUSR2, ask_all);
    pthread_mutex_lock(&g_taken);
    start(wait_for_taken);
    await_blocked(1);
    raise(SIGUSR2);
    std::printf("handled: %d\n", static_cast<int>(g_handled));
    return 0;
}

int forked() {
    pthread_mutex_lock(&g_taken);
    loiter_set_label("the parent's");
    start(wait_for_taken);
    start(wait_for_taken);
    const loiter_mark_t mark = loiter_mark();
    std::fflush(stdout);
    if (fork() == 0) {
        std::printf("label: %s\n", loiter_label() != nullptr ? loiter_label() : "-");
        print_counts("at first");
        start(wait_for_taken);
        await_blocked(1);
        print_threads("since the parent's mark", mark);
        std::fflush(stdout);
        _exit(0);
    }
    wait(nullptr);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string situation = argc > 1 ? argv[1] : "";
    if (situation == "count") return count();
    if (situation == "since") return since();
    if (situation == "label") return label();
    if (situation == "name") return name();
    if (situation == "handler") return handler();
    if (situation == "fork") return forked();
    return 2;
}
