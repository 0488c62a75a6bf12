// SPDX-License-Identifier: Apache-2.0
//
// The rows of each_wrapper that wait for descriptors, and for locks on files.
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "protocol/layout.h"
#include "tests/targets/each_io.h"

extern "C" {
ssize_t __read_chk(int, void*, size_t, size_t);
ssize_t __pread_chk(int, void*, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void*, size_t, off64_t, size_t);
// In C++ the plain names stand for those of C99.
int old_scanf(const char*, ...) __asm__("scanf");
int old_fscanf(FILE*, const char*, ...) __asm__("fscanf");
int old_vscanf(const char*, va_list) __asm__("vscanf");
int old_vfscanf(FILE*, const char*, va_list) __asm__("vfscanf");
int __isoc99_scanf(const char*, ...);
int __isoc99_fscanf(FILE*, const char*, ...);
int __isoc99_vscanf(const char*, va_list);
int __isoc99_vfscanf(FILE*, const char*, va_list);
ssize_t __recv_chk(int, void*, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void*, size_t, size_t, int, sockaddr*, socklen_t*);
char* __fgets_chk(char*, size_t, int, FILE*);
size_t __fread_chk(void*, size_t, size_t, size_t, FILE*);
int __ppoll_chk(pollfd*, nfds_t, const timespec*, const sigset_t*, size_t);
}

namespace {

using namespace each_io;
using protocol::FileLockKind;

iovec part{bytes, 1};
msghdr message{nullptr, 0, &part, 1, nullptr, 0, 0};
mmsghdr messages{message, 0};
int writing_end = -1;  ///< of the pipe that is ready
int null = open("/dev/null", O_RDWR);

Pair make_sockets() {
    Pair made;
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, made.ends));
    return made;
}
void fill(int file) {
    fcntl(file, F_SETFL, O_NONBLOCK);
    const char block[4096] = {};
    while (write(file, block, sizeof(block)) > 0) {
    }
    while (write(file, block, 1) > 0) {
    }
    fcntl(file, F_SETFL, 0);
}

void pipe_to_read() {
    const Pair made = make_pipe();
    must(static_cast<int>(write(made.ends[1], "xx", 2)));
    ready = made.ends[0];
    writing_end = made.ends[1];
    stuck = make_pipe().ends[0];
}
void pipe_to_write() {
    ready = null;
    stuck = make_pipe().ends[1];
    fill(stuck);
}
void socket_to_read() {
    const Pair made = make_sockets();
    must(static_cast<int>(write(made.ends[1], "xx", 2)));
    ready = made.ends[0];
    stuck = make_sockets().ends[0];
}
void socket_to_write() {
    ready = make_sockets().ends[0];
    stuck = make_sockets().ends[0];
    fill(stuck);
}
void file_to_read() {
    ready = must(open("/proc/self/exe", O_RDONLY));
}

/// Of a listening socket that has room for one caller.
sockaddr_un address_of_listener(const char* name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "each_wrapper_%d_%s", getpid(), name);
    return address;
}
int listener(const char* name) {
    const sockaddr_un address = address_of_listener(name);
    const int made = must(socket(AF_UNIX, SOCK_STREAM, 0));
    must(bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
    must(listen(made, 0));
    return made;
}
int call_listener(int caller, const char* name) {
    const sockaddr_un address = address_of_listener(name);
    return connect(caller, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}
void listeners() {
    ready = listener("called");
    must(call_listener(must(socket(AF_UNIX, SOCK_STREAM, 0)), "called"));
    stuck = listener("silent");
}
int new_caller() {
    return must(socket(AF_UNIX, SOCK_STREAM, 0));
}
void full_and_empty_listener() {
    listener("free");
    listener("full");
    must(call_listener(new_caller(), "full"));
    ready = new_caller();
    stuck = new_caller();
}

std::map<std::string, Row> reading_rows() {
    const auto r = [](const OnDescriptor& call) { return on_both(pipe_to_read, call); };
    const auto f = [](const OnDescriptor& call) { return on_ready(file_to_read, call); };
    return {
        {"read", r([](int file) { ABOUT(file, read(file, bytes, 1)); })},
        {"__read_chk", r([](int file) { ABOUT(file, __read_chk(file, bytes, 1, 1)); })},
        {"readv", r([](int file) { ABOUT(file, readv(file, &part, 1)); })},
        {"pread", f([](int file) { ABOUT(file, pread(file, bytes, 1, 0)); })},
        {"pread64", f([](int file) { ABOUT(file, pread64(file, bytes, 1, 0)); })},
        {"__pread_chk", f([](int file) { ABOUT(file, __pread_chk(file, bytes, 1, 0, 1)); })},
        {"__pread64_chk", f([](int file) { ABOUT(file, __pread64_chk(file, bytes, 1, 0, 1)); })},
        {"preadv", f([](int file) { ABOUT(file, preadv(file, &part, 1, 0)); })},
        {"preadv64", f([](int file) { ABOUT(file, preadv64(file, &part, 1, 0)); })},
        {"preadv2", r([](int file) { ABOUT(file, preadv2(file, &part, 1, -1, 0)); })},
        {"preadv64v2", r([](int file) { ABOUT(file, preadv64v2(file, &part, 1, -1, 0)); })},
        {"splice", r([](int file) { ABOUT(file, splice(file, nullptr, null, nullptr, 1, 0)); })},
    };
}

/// A stream with an empty buffer, on a pipe that has something or nothing.
std::map<std::string, Row> stream_rows() {
    static FILE* stream;
    static char* read_line = nullptr;
    static size_t room = 0;
    const auto s = [](const OnDescriptor& call) {
        return on_both(pipe_to_read, [=](int file) {
            if (file == ready) must(static_cast<int>(write(writing_end, "\n", 1)));
            stream = fdopen(file, "r");
            setvbuf(stream, nullptr, _IONBF, 0);
            call(file);
        });
    };
    return {
        {"fgets", s([](int file) { ABOUT(file, fgets(bytes, 8, stream)); })},
        {"__fgets_chk", s([](int file) { ABOUT(file, __fgets_chk(bytes, 8, 8, stream)); })},
        {"fread", s([](int file) { ABOUT(file, fread(bytes, 1, 2, stream)); })},
        {"__fread_chk", s([](int file) { ABOUT(file, __fread_chk(bytes, 2, 1, 2, stream)); })},
        {"getline", s([](int file) { ABOUT(file, getline(&read_line, &room, stream)); })},
        {"getdelim", s([](int file) { ABOUT(file, getdelim(&read_line, &room, 'x', stream)); })},
        {"__getdelim", s([](int file) { ABOUT(file, __getdelim(&read_line, &room, 'x', stream)); })},
    };
}

template <int (*scan)(const char*, va_list)>
int pass_on(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = scan(format, arguments);
    va_end(arguments);
    return count;
}
template <int (*scan)(FILE*, const char*, va_list)>
int pass_on(FILE* stream, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = scan(stream, format, arguments);
    va_end(arguments);
    return count;
}

std::map<std::string, Row> scanning_rows() {
    static FILE* stream;
    const auto s = [](void (*call)(int)) {
        return on_both(pipe_to_read, [=](int file) {
            stream = fdopen(file, "r");
            setvbuf(stream, nullptr, _IONBF, 0);
            call(file);
        });
    };
    const auto in = [](void (*call)(int)) {
        return on_both(pipe_to_read, [=](int file) {
            must(dup2(file, STDIN_FILENO));
            setvbuf(stdin, nullptr, _IONBF, 0);
            call(STDIN_FILENO);
        });
    };
    return {
        {"scanf", in([](int file) { ABOUT(file, old_scanf("%c", bytes)); })},
        {"fscanf", s([](int file) { ABOUT(file, old_fscanf(stream, "%c", bytes)); })},
        {"vscanf", in([](int file) { ABOUT(file, pass_on<old_vscanf>("%c", bytes)); })},
        {"vfscanf", s([](int file) { ABOUT(file, pass_on<old_vfscanf>(stream, "%c", bytes)); })},
        {"__isoc99_scanf", in([](int file) { ABOUT(file, __isoc99_scanf("%c", bytes)); })},
        {"__isoc99_fscanf", s([](int file) { ABOUT(file, __isoc99_fscanf(stream, "%c", bytes)); })},
        {"__isoc99_vscanf", in([](int file) { ABOUT(file, pass_on<__isoc99_vscanf>("%c", bytes)); })},
        {"__isoc99_vfscanf", s([](int file) { ABOUT(file, pass_on<__isoc99_vfscanf>(stream, "%c", bytes)); })},
    };
}

void counters_to_read() {
    ready = must(eventfd(1, 0));
    stuck = must(eventfd(0, 0));
}
void counters_to_write() {
    ready = must(eventfd(0, 0));
    stuck = must(eventfd(0, 0));
    const uint64_t most = UINT64_MAX - 1;
    must(static_cast<int>(write(stuck, &most, sizeof(most))));
}
std::map<std::string, Row> counter_rows() {
    static eventfd_t value;
    return {
        {"eventfd_read", on_both(counters_to_read, [](int file) { ABOUT(file, eventfd_read(file, &value)); })},
        {"eventfd_write", on_both(counters_to_write, [](int file) { ABOUT(file, eventfd_write(file, 1)); })},
    };
}

std::map<std::string, Row> writing_rows() {
    const auto w = [](const OnDescriptor& call) { return on_both(pipe_to_write, call); };
    const auto f = [](const OnDescriptor& call) { return on_ready(pipe_to_write, call); };
    static const int source = open("/proc/self/exe", O_RDONLY);
    return {
        {"write", w([](int file) { ABOUT(file, write(file, bytes, 1)); })},
        {"writev", w([](int file) { ABOUT(file, writev(file, &part, 1)); })},
        {"pwrite", f([](int file) { ABOUT(file, pwrite(file, bytes, 1, 0)); })},
        {"pwrite64", f([](int file) { ABOUT(file, pwrite64(file, bytes, 1, 0)); })},
        {"pwritev", f([](int file) { ABOUT(file, pwritev(file, &part, 1, 0)); })},
        {"pwritev64", f([](int file) { ABOUT(file, pwritev64(file, &part, 1, 0)); })},
        {"pwritev2", w([](int file) { ABOUT(file, pwritev2(file, &part, 1, -1, 0)); })},
        {"pwritev64v2", w([](int file) { ABOUT(file, pwritev64v2(file, &part, 1, -1, 0)); })},
        {"sendfile", w([](int file) { ABOUT(file, sendfile(file, source, nullptr, 1)); })},
        {"sendfile64", w([](int file) { ABOUT(file, sendfile64(file, source, nullptr, 1)); })},
        {"fsync", f([](int file) { ABOUT(file, fsync(file)); })},
        {"fdatasync", f([](int file) { ABOUT(file, fdatasync(file)); })},
        {"tcdrain", f([](int file) { ABOUT(file, tcdrain(file)); })},
    };
}

std::map<std::string, Row> socket_rows() {
    const auto r = [](const OnDescriptor& call) { return on_both(socket_to_read, call); };
    const auto w = [](const OnDescriptor& call) { return on_both(socket_to_write, call); };
    return {
        {"setsockopt",
         {[] {
              static constexpr timeval kTime{3600, 0};
              const int file = make_sockets().ends[0];
              AT(nullptr, setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &kTime, sizeof(kTime)));
          },
          {}}},
        {"recv", r([](int file) { ABOUT(file, recv(file, bytes, 1, 0)); })},
        {"__recv_chk", r([](int file) { ABOUT(file, __recv_chk(file, bytes, 1, 1, 0)); })},
        {"recvfrom", r([](int file) { ABOUT(file, recvfrom(file, bytes, 1, 0, nullptr, nullptr)); })},
        {"__recvfrom_chk", r([](int file) { ABOUT(file, __recvfrom_chk(file, bytes, 1, 1, 0, nullptr, nullptr)); })},
        {"recvmsg", r([](int file) { ABOUT(file, recvmsg(file, &message, 0)); })},
        {"recvmmsg", r([](int file) { ABOUT(file, recvmmsg(file, &messages, 1, 0, nullptr)); })},
        {"send", w([](int file) { ABOUT(file, send(file, bytes, 1, 0)); })},
        {"sendto", w([](int file) { ABOUT(file, sendto(file, bytes, 1, 0, nullptr, 0)); })},
        {"sendmsg", w([](int file) { ABOUT(file, sendmsg(file, &message, 0)); })},
        {"sendmmsg", w([](int file) { ABOUT(file, sendmmsg(file, &messages, 1, 0)); })},
        {"accept", on_both(listeners, [](int file) { ABOUT(file, accept(file, nullptr, nullptr)); })},
        {"accept4", on_both(listeners, [](int file) { ABOUT(file, accept4(file, nullptr, nullptr, 0)); })},
        {"connect", on_both(full_and_empty_listener,
                            [](int file) { ABOUT(file, call_listener(file, file == ready ? "free" : "full")); })},
    };
}

std::map<std::string, Row> select_rows() {
    static fd_set set;
    static pollfd polled;
    const auto choose = [](int file) {
        FD_ZERO(&set);
        FD_SET(file, &set);
        polled = {file, POLLIN, 0};
        return file + 1;
    };
    static const auto select_for_an_hour = [](int count) {
        timeval hour{3600, 0};
        return select(count, &set, nullptr, nullptr, &hour);
    };
    const auto r = [](const OnDescriptor& call) { return on_both(pipe_to_read, call); };
    return {
        {"select", r([=](int file) {
             const int count = choose(file);
             ABOUT(~uint64_t{0}, select_for_an_hour(count));
         })},
        {"pselect", r([=](int file) {
             const int count = choose(file);
             ABOUT(~uint64_t{0}, pselect(count, &set, nullptr, nullptr, &kHour, nullptr));
         })},
        {"ppoll", r([=](int file) {
             choose(file);
             ABOUT(~uint64_t{0}, ppoll(&polled, 1, &kHour, nullptr));
         })},
        {"__ppoll_chk", r([=](int file) {
             choose(file);
             ABOUT(~uint64_t{0}, __ppoll_chk(&polled, 1, &kHour, nullptr, sizeof(polled)));
         })},
    };
}

/// Two open files of one: `ready` has nobody's lock on it; `stuck` is locked through another one.
int temporary_file(int& second) {
    char name[] = "/tmp/each-wrapper-XXXXXX";
    const int first = must(mkstemp(name));
    second = must(open(name, O_RDWR));
    unlink(name);
    return first;
}
void files_to_lock() {
    int other;
    ready = temporary_file(other);
    stuck = temporary_file(other);
    must(flock(other, LOCK_EX));
    struct flock whole {};
    whole.l_type = F_WRLCK;
    must(fcntl(other, F_OFD_SETLK, &whole));
}

std::map<std::string, Row> file_lock_rows() {
    static struct flock shared {};
    shared.l_type = F_RDLCK;
    const auto l = [](const OnDescriptor& call) { return on_both(files_to_lock, call); };
    const auto exclusive = [](int file, FileLockKind kind) { return protocol::file_lock_detail(file, kind, false); };
    const auto readers = [](int file, FileLockKind kind) { return protocol::file_lock_detail(file, kind, true); };
    return {
        {"flock", l([=](int file) { ABOUT(exclusive(file, FileLockKind::kFlock), flock(file, LOCK_EX)); })},
        {"fcntl", l([=](int file) { ABOUT(readers(file, FileLockKind::kProcess), fcntl(file, F_SETLKW, &shared)); })},
        {"fcntl64",
         l([=](int file) { ABOUT(readers(file, FileLockKind::kOpenFile), fcntl64(file, F_OFD_SETLKW, &shared)); })},
        {"lockf", l([=](int file) { ABOUT(exclusive(file, FileLockKind::kProcess), lockf(file, F_LOCK, 0)); })},
        {"lockf64", l([=](int file) { ABOUT(exclusive(file, FileLockKind::kProcess), lockf64(file, F_LOCK, 0)); })},
    };
}

}  // namespace

std::map<std::string, Row> io_rows() {
    std::map<std::string, Row> rows;
    for (auto&& some : {reading_rows(), stream_rows(), scanning_rows(), counter_rows(), writing_rows(), socket_rows(),
                        select_rows(), file_lock_rows()}) {
        rows.insert(some.begin(), some.end());
    }
    return rows;
}
