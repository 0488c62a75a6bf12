// SPDX-License-Identifier: Apache-2.0
//
// A std::thread is destroyed that can still be joined, as its argument says. one: there is no other. last: of two in a
// frame, the one that was made last. third: of those in a vector, after two that were joined. heap: a member of an
// object. assigned: another thread is assigned to it. own: std::terminate is called with one at hand.
#include <unistd.h>

#include <cstring>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

namespace {

void stay() {
    for (;;) pause();
}

__attribute__((noinline)) void destroy_one() {
    std::thread thread(stay);  // SITE(created) destroy_one
}  // SITE(destroyed) destroy_one

__attribute__((noinline)) void destroy_last() {
    std::thread first(stay);
    std::thread last(stay);
}

__attribute__((noinline)) void destroy_third() {
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([] {});
    for (int i = 0; i < 2; ++i) threads.emplace_back(stay);
    for (int i = 0; i < 2; ++i) threads[i].join();
}

struct Server {
    int port = 0;
    std::thread thread;
};

__attribute__((noinline)) void destroy_member() {
    std::thread other(stay);
    auto server = std::make_unique<Server>();
    server->thread = std::thread(stay);
    server.reset();
    other.join();
}

__attribute__((noinline)) void assign_over() {
    std::thread thread(stay);
    thread = std::thread(stay);
    thread.join();
}

__attribute__((noinline)) void terminate_itself() {
    std::thread thread(stay);
    std::terminate();
}

struct Case {
    const char* name;
    void (*run)();
};
constexpr Case kCases[] = {{"one", destroy_one},     {"last", destroy_last},    {"third", destroy_third},
                           {"heap", destroy_member}, {"assigned", assign_over}, {"own", terminate_itself}};

}  // namespace

int main(int argc, char** argv) {
    for (const Case& chosen : kCases) {
        if (argc == 2 && strcmp(chosen.name, argv[1]) == 0) chosen.run();
    }
    return 2;
}
