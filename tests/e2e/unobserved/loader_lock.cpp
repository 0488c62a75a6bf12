// SPDX-License-Identifier: Apache-2.0
//
// A thread that has one of the loader's locks waits for another thread, and that one wants the lock to open a
// library. Says "sitting" when both wait; ends by a signal only.
//
//   loader_lock LIBRARY opening   LIBRARY is being opened, and its constructor waits
//   loader_lock LIBRARY listing   who goes through the loaded objects waits, and LIBRARY is to be opened
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/gate.h"

namespace {

const char* library;
bool is_listing = false;

void* want_lock(void*) {
    pthread_setname_np(pthread_self(), "wants");
    dlopen(is_listing ? library : "libm.so.6", RTLD_NOW);  // SITE(wants) want_lock
    return nullptr;
}

}  // namespace

/// Called by the library's constructor as well.
extern "C" void await_other() {
    pthread_t thread;
    pthread_create(&thread, nullptr, want_lock, nullptr);
    pthread_join(thread, nullptr);
}

namespace {

int await_in_list(dl_phdr_info*, size_t, void*) {
    await_other();
    return 1;
}

void* have_lock(void*) {
    pthread_setname_np(pthread_self(), "has");
    if (is_listing) {
        dl_iterate_phdr(await_in_list, nullptr);
    } else {
        dlopen(library, RTLD_NOW);
    }
    return nullptr;
}

}  // namespace

int main(int, char** arguments) {
    library = arguments[1];
    is_listing = std::strcmp(arguments[2], "listing") == 0;
    pthread_t thread;
    pthread_create(&thread, nullptr, have_lock, nullptr);
    gate::await_others_blocked(2);
    gate::say("sitting\n");
    for (;;) pause();
}
