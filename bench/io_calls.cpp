// SPDX-License-Identifier: Apache-2.0
//
// What I/O costs that need not wait: one byte out of a full pipe, and into an empty one, messages through a
// pair of sockets, a poll that only looks. Knows nothing of the library.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <vector>

#include "chain.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBatch = 10'000;  ///< bytes; a pipe holds more

void check(bool holds) {
    if (!holds) abort();
}

/// One iteration is a batch of calls, so its microseconds are a call's tens of nanoseconds; what prepares it
/// is not measured.
template <typename Prepare, typename Call>
void measure_batches(benchmark::State& state, Prepare prepare, Call call) {
    for (auto _ : state) {
        prepare();
        const Clock::time_point start = Clock::now();
        for (int i = 0; i < kBatch; ++i) call();
        state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
    }
}

struct Pipe {
    Pipe() { check(pipe(ends) == 0); }
    ~Pipe() {
        close(ends[0]);
        close(ends[1]);
    }
    void fill() { check(write(ends[1], bytes.data(), kBatch) == kBatch); }
    void drain() { check(read(ends[0], bytes.data(), kBatch) == kBatch); }

    int ends[2];
    std::vector<char> bytes = std::vector<char>(kBatch, '\n');
};

struct ReadBytes {
    benchmark::State& state;
    Pipe pipe;
    char byte = 0;
    NOINLINE void operator()() {
        measure_batches(
            state, [&] { pipe.fill(); }, [&] { benchmark::DoNotOptimize(read(pipe.ends[0], &byte, 1)); });
    }
};

void read_from_ready_pipe(benchmark::State& state) {
    ReadBytes bottom{state};
    chain::run_at_depth(static_cast<int>(state.range(0)), bottom);
}
BENCHMARK(read_from_ready_pipe)->Arg(5)->Arg(15)->UseManualTime();

void write_to_empty_pipe(benchmark::State& state) {
    Pipe pipe;
    pipe.fill();
    measure_batches(
        state, [&] { pipe.drain(); }, [&] { benchmark::DoNotOptimize(write(pipe.ends[1], "\n", 1)); });
}
BENCHMARK(write_to_empty_pipe)->UseManualTime();

void send_and_receive(benchmark::State& state) {
    int ends[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    char byte = 0;
    for (auto _ : state) {
        check(send(ends[0], &byte, 1, 0) == 1);
        check(recv(ends[1], &byte, 1, 0) == 1);
    }
}
BENCHMARK(send_and_receive);

void poll_that_only_looks(benchmark::State& state) {
    Pipe pipe;
    pollfd polled{pipe.ends[0], POLLIN, 0};
    for (auto _ : state) benchmark::DoNotOptimize(poll(&polled, 1, 0));
}
BENCHMARK(poll_that_only_looks);

/// What is no wait at all, of a function that may be one.
void get_file_flags(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(fcntl(0, F_GETFL));
}
BENCHMARK(get_file_flags);

void getc_from_buffer(benchmark::State& state) {
    FILE* const file = fopen("/dev/zero", "r");
    for (auto _ : state) benchmark::DoNotOptimize(getc(file));
    fclose(file);
}
BENCHMARK(getc_from_buffer);

}  // namespace

/// With a second thread: what is recorded is recorded from the first on.
int main(int argc, char** argv) {
    std::thread([] {}).join();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
