// SPDX-License-Identifier: Apache-2.0
//
// A live process with a recording written by hand: a fork of the test that has it mapped. Its threads
// tell through shared memory what they are; the test waits until /proc shows them where they belong.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <new>
#include <thread>

#include "read/kernel/proc.h"
#include "read/read.h"
#include "recording_writer.h"

namespace reader_test {

/// Tests whose target is a child of their own.
class ChildTest : public testing::Test {
protected:
    void SetUp() override {
#ifdef __SANITIZE_THREAD__
        GTEST_SKIP() << "this sanitizer has a thread of its own in every process";
#endif
    }
};

/// Words that child and test share.
struct SharedWords {
    std::atomic<uint32_t> tids[8];
    std::atomic<uint32_t> stage;
    std::atomic<uint64_t> address;
};

inline uint32_t own_tid() {
    return static_cast<uint32_t>(syscall(SYS_gettid));
}

/// Polls, bounded: for what another process does there is nothing to wait on.
inline bool wait_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        sched_yield();
    }
    return true;
}

/// Nothing is left behind by a test that fails, or is killed.
inline void die_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
}

/// Sits in read(), of a pipe that nobody writes to.
[[noreturn]] inline void block_in_read() {
    int ends[2];
    char byte;
    if (pipe(ends) != 0) _exit(1);
    while (true) (void)!read(ends[0], &byte, 1);
}

/// Two mutexes and two threads, T2 and T3, that have one each and want the other. The threads tell
/// words 0 and 1, the first mutex is `address`.
[[noreturn]] inline void deadlock(RecordingWriter& own, SharedWords& words) {
    static pthread_mutex_t mutexes[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
    static pthread_barrier_t both;
    words.address = reinterpret_cast<uint64_t>(&mutexes[0]);
    own.start_thread(1, own_tid());
    own.start_thread(2);
    own.start_thread(3);
    pthread_barrier_init(&both, nullptr, 2);
    for (uint32_t i = 0; i < 2; ++i) {
        std::thread([&own, &words, i] {
            protocol::ThreadRecord& record = own.start_thread(i + 2, own_tid());
            pthread_mutex_lock(&mutexes[i]);
            RecordingWriter::hold(record, 0, protocol::LockKind::kMutex, reinterpret_cast<uint64_t>(&mutexes[i]));
            pthread_barrier_wait(&both);
            RecordingWriter::wait(record, protocol::WaitKind::kMutex, reinterpret_cast<uint64_t>(&mutexes[1 - i]),
                                  reader::monotonic_now());
            words.tids[i] = own_tid();
            pthread_mutex_lock(&mutexes[1 - i]);
        }).detach();
    }
    block_in_read();
}

class ObservedChild {
public:
    using Body = std::function<void(RecordingWriter&, SharedWords&)>;

    /// Forks; `body` runs in the child, as a process that the recording is of, and should not return.
    ObservedChild(RecordingWriter& writer, const Body& body) : words_(map_words()) {
        const pid_t test = getpid();
        pid_ = fork();
        if (pid_ < 0) throw std::runtime_error("fork");
        if (pid_ == 0) {
            die_with(test);
            const auto self = static_cast<uint32_t>(getpid());
            writer.head().pid = self;
            writer.head().start_ticks = reader::stat_of_process(self)->start_ticks;
            writer.head().pid_namespace = reader::namespace_inode("/proc/self/ns/pid");
            writer.head().started_ns = reader::monotonic_now();
            const auto boot = reader::boot_id();
            std::memcpy(writer.head().boot_id, boot.data(), boot.size());
            body(writer, *words_);
            _exit(0);
        }
    }
    ~ObservedChild() {
        end();
        munmap(words_, sizeof(SharedWords));
    }
    ObservedChild(const ObservedChild&) = delete;
    ObservedChild& operator=(const ObservedChild&) = delete;

    uint32_t pid() const { return static_cast<uint32_t>(pid_); }
    SharedWords& words() { return *words_; }

    bool wait_for_stage(uint32_t stage) {
        return wait_until([&] { return words_->stage >= stage; });
    }
    /// Until that thread of the child sits in that system call.
    bool wait_for_call(uint32_t tid, long number) const {
        return wait_until([&] {
            const auto call =
                reader::parse_system_call(reader::read_small_file(reader::task_path(pid(), tid, "syscall"), 512));
            return call && !call->running && call->number == number;
        });
    }
    /// The same for a thread that tells its tid in word `index`.
    bool wait_for_call_of(size_t index, long number) {
        return wait_until([&] { return words_->tids[index] != 0; }) && wait_for_call(words_->tids[index], number);
    }

    void kill_only() const { kill(pid_, SIGKILL); }
    /// Kills and reaps it, once. Returns its wait status.
    int end() {
        int status = 0;
        if (pid_ <= 0) return status;
        kill(pid_, SIGKILL);
        waitpid(pid_, &status, 0);
        pid_ = 0;
        return status;
    }

private:
    static SharedWords* map_words() {
        void* const words =
            mmap(nullptr, sizeof(SharedWords), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (words == MAP_FAILED) throw std::runtime_error("mmap");
        return new (words) SharedWords{};
    }

    pid_t pid_ = 0;
    SharedWords* words_;
};

/// What a reader sees of it at this moment.
inline snapshot::Snapshot look_at(const ObservedChild& child) {
    return reader::Recording::of_process(child.pid()).take_snapshot(snapshot::Reason::kDump);
}

}  // namespace reader_test
