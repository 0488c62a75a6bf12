// SPDX-License-Identifier: Apache-2.0
//
// real::f, the next definition of every interposed function f; real::f_new and real::f_old where two
// versions are different code. Usable from the first instruction of the program on: each pointer
// starts out at a stand-in that looks up all of them and then calls.
#pragma once

#include <aio.h>
#include <dlfcn.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "preload/ours.h"

extern "C" {
// In libc, but in no header of the dialect that we are compiled in.
int __sigaction(int signal, const struct sigaction* action, struct sigaction* before) noexcept;
sighandler_t bsd_signal(int signal, sighandler_t handler) noexcept;
int __poll_chk(pollfd* descriptors, nfds_t count, int timeout, size_t bytes);
int __ppoll_chk(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t* mask, size_t bytes);
char* __fgets_chk(char* line, size_t bytes, int room, FILE* stream);
// The dialect's own names for scanf's family stand for these.
int __isoc99_vscanf(const char* format, va_list arguments);
int __isoc99_vfscanf(FILE* stream, const char* format, va_list arguments);
size_t __fread_chk(void* items, size_t room, size_t bytes, size_t count, FILE* stream);
ssize_t __read_chk(int file, void* bytes, size_t count, size_t room);
ssize_t __pread_chk(int file, void* bytes, size_t count, off_t offset, size_t room);
ssize_t __pread64_chk(int file, void* bytes, size_t count, off64_t offset, size_t room);
ssize_t __recv_chk(int socket, void* bytes, size_t count, size_t room, int flags);
ssize_t __recvfrom_chk(int socket, void* bytes, size_t count, size_t room, int flags, sockaddr* address,
                       socklen_t* length);
}

namespace preload::real {

#define INTERPOSED(name) OURS extern decltype(&::name) name;
#define INTERPOSED_VERSIONED(name, tag, version) OURS extern decltype(&::name) name##_##tag;
#define INTERPOSED_VARIADIC(name)
#define INTERPOSED_ALIAS(name)
#define INTERPOSED_STUB(name)
#include "protocol/interposed.inc"
#undef INTERPOSED
#undef INTERPOSED_VERSIONED
#undef INTERPOSED_VARIADIC
#undef INTERPOSED_ALIAS
#undef INTERPOSED_STUB

/// sem_trywait as the first half of sem_wait. Refuses until the library is at work: where it stays out, who watches the
/// program is to see what the program calls, and a call costs no more for it.
OURS extern decltype(&::sem_trywait) sem_wait_at_once;

/// Looks up everything, once more if called twice. Takes the loader's lock, allocates nothing.
void resolve_all();

}  // namespace preload::real

namespace preload {

/// Row numbers of interposed.inc, from 1.
enum class Function : unsigned short {
    kNone,
#define INTERPOSED(name) k_##name,
#define INTERPOSED_VERSIONED(name, tag, version) k_##name##_##tag,
#define INTERPOSED_VARIADIC(name) k_##name,
#define INTERPOSED_ALIAS(name) k_##name,
#define INTERPOSED_STUB(name) k_##name,
#include "protocol/interposed.inc"
#undef INTERPOSED
#undef INTERPOSED_VERSIONED
#undef INTERPOSED_VARIADIC
#undef INTERPOSED_ALIAS
#undef INTERPOSED_STUB
};

/// A function that the program sees in place of libc's.
#define EXPORTED __attribute__((visibility("default")))
/// Exports a wrapper under its old name as well.
#define EXPORT_ALIAS(name) EXPORTED decltype(name) __##name __attribute__((alias(#name)));
/// Exports `name##_##tag` as one version of `name` and under no other name; "@@" makes it the default.
#define EXPORT_VERSION(name, tag, at_version) __asm__(".symver " #name "_" #tag "," #name at_version ",remove")

}  // namespace preload
