// SPDX-License-Identifier: Apache-2.0
//
// Locks that pthread knows nothing of, annotated by loiter/loiter.h: one situation for each first argument.
// The program leaves its threads in them and returns.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include <pthread.h>

#include "loiter/loiter.h"
#include "tests/support/gate.h"

namespace {

/// Readers count down from 0, a writer is 1.
class SpinLock {
public:
    void lock() {
        take(LOITER_EXCLUSIVE, [this] { return try_set(0, 1); });
    }
    void lock_shared() {
        take(LOITER_SHARED, [this] { return try_read(); });
    }
    void lock_for(int looks) {
        loiter_lock_waiting(this, LOITER_EXCLUSIVE | LOITER_TIMED);  // SITE(timed) lock_for
        for (int look = 0; look < looks || looks < 0; ++look) {
            if (try_set(0, 1)) return loiter_lock_acquired(this, LOITER_EXCLUSIVE);
            gate::pause_a_moment();
        }
        loiter_lock_given_up(this);
    }
    void unlock() {
        loiter_lock_released(this);
        if (state_ > 0)
            state_ = 0;
        else
            ++state_;
    }

private:
    bool try_set(int from, int to) { return state_.compare_exchange_strong(from, to); }
    bool try_read() {
        const int readers = state_;
        return readers <= 0 && try_set(readers, readers - 1);
    }
    template <typename Try>
    void take(int mode, Try try_lock) {
        if (!try_lock()) {
            loiter_lock_waiting(this, mode);  // SITE(spin) take
            while (!try_lock()) gate::pause_a_moment();
        }
        loiter_lock_acquired(this, mode);  // SITE(taken) take
    }
    std::atomic<int> state_{0};
};

/// Waits in a condition, which is nobody's business.
class ParkingLock {
public:
    void lock() {
        std::unique_lock<std::mutex> guard(mutex_);
        if (is_taken_) {
            loiter_lock_waiting(this, LOITER_EXCLUSIVE);  // SITE(park) lock
            while (is_taken_) free_.wait(guard);
        }
        is_taken_ = true;
        loiter_lock_acquired(this, LOITER_EXCLUSIVE);
    }

private:
    std::mutex mutex_;
    std::condition_variable free_;
    bool is_taken_ = false;
};

SpinLock g_first;
SpinLock g_second;
ParkingLock& g_parking = *new ParkingLock;  // the destructor of its condition would wait for its waiters
gate::Crossing g_both(2);

void start(void* (*routine)(void*)) {
    pthread_t thread;
    pthread_create(&thread, nullptr, routine, nullptr);
}

void await_blocked(unsigned blocked) {
    gate::await([=] {
        loiter_counts counts;
        loiter_count_threads(&counts);
        return counts.blocked == blocked;
    });
}

int cycle() {
    loiter_name_lock(&g_second, "the second");
    start([](void*) -> void* { return g_first.lock(), g_both.arrive_and_await(), g_second.lock(), nullptr; });
    start([](void*) -> void* { return g_second.lock(), g_both.arrive_and_await(), g_first.lock(), nullptr; });
    await_blocked(2);
    return 0;
}

/// A writer waits for two readers, one of which waits for a lock that the writer has.
int readers() {
    static gate::Crossing all(3);
    start([](void*) -> void* { return g_first.lock_shared(), all.arrive_and_await(), g_second.lock(), nullptr; });
    start([](void*) -> void* { return g_first.lock_shared(), all.arrive_and_await(), g_parking.lock(), nullptr; });
    g_parking.lock();
    start([](void*) -> void* { return g_second.lock(), all.arrive_and_await(), g_first.lock(), nullptr; });
    await_blocked(3);
    return 0;
}

/// Of two that read, neither waits for the other, whatever it says.
int reads_only() {
    g_first.lock_shared();
    start([](void*) -> void* {
        loiter_lock_waiting(&g_first, LOITER_SHARED);
        static gate::Flag never;
        never.await_open();
        return nullptr;
    });
    await_blocked(1);
    return 0;
}

int parks() {
    g_parking.lock();
    start([](void*) -> void* { return g_parking.lock(), nullptr; });
    await_blocked(1);
    return 0;
}

int gives_up() {
    static gate::Flag has_tried;
    g_first.lock();
    start([](void*) -> void* {
        g_second.lock();
        g_second.unlock();
        g_first.lock_for(2);
        has_tried.open();
        g_first.lock_for(-1);
        return nullptr;
    });
    has_tried.await_open();
    gate::await([] {
        loiter_thread other;
        return loiter_threads_since(0, &other, 1) == 1 && std::string(other.state) == "custom lock";
    });
    return 0;
}

/// Nothing is left of a wait that was given up, and of a lock that was released.
int done() {
    static gate::Flag is_done;
    g_first.lock();
    start([](void*) -> void* {
        static gate::Flag never;
        g_first.lock_for(2);
        g_second.lock();
        g_second.unlock();
        is_done.open();
        never.await_open();
        return nullptr;
    });
    is_done.await_open();
    g_first.unlock();
    return 0;
}

int orphan() {
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return g_first.lock(), nullptr; }, nullptr);
    pthread_join(thread, nullptr);
    start([](void*) -> void* { return g_first.lock(), nullptr; });
    await_blocked(1);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string situation = argc > 1 ? argv[1] : "";
    if (situation == "cycle") return cycle();
    if (situation == "readers") return readers();
    if (situation == "reads-only") return reads_only();
    if (situation == "parks") return parks();
    if (situation == "gives-up") return gives_up();
    if (situation == "done") return done();
    if (situation == "orphan") return orphan();
    return 2;
}
