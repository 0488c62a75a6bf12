// SPDX-License-Identifier: Apache-2.0
//
// `forgotten_thread destroyed|replaced`: a std::thread that can still be joined goes out of scope, or gets another one;
// built with LLVM's C++ library. The other of each is detached, or joinable as well.
#include <pthread.h>
#include <unistd.h>

#include <string_view>
#include <thread>

void work() {
    pthread_setname_np(pthread_self(), "worker");
    pause();
}

void forget() {
    std::thread thread(work);
    std::thread(work).detach();
}

void replace() {
    std::thread thread(work);
    thread = std::thread(work);
}

int main(int argc, char** argv) {
    const std::string_view variant = argc > 1 ? argv[1] : "";
    if (variant == "replaced") replace();
    if (variant == "destroyed") forget();
    std::thread(+[] {}).join();
    return 0;
}
