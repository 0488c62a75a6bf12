// SPDX-License-Identifier: Apache-2.0
//
// Threads that each sit in a call on a descriptor of its own kind; a thread is named for what it sits on.
// Says "ROW FACT" for what a test cannot know beforehand, then "sitting", and stays.
//
//   sitting_on_descriptors FOLDER     FOLDER: for fifos and sockets
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/e2e/calls/rows.h"
#include "tests/support/gate.h"

namespace {

using calls::checked;
using calls::rows;
using calls::tell;

constexpr int kDay = 86'400;
std::string folder;

void read_one(int descriptor) {
    char bytes[128];
    if (read(descriptor, bytes, sizeof bytes) < 0) std::perror("read");
}

/// A row that reads from `descriptor`.
void reads(const std::string& name, int descriptor) {
    tell(name, checked(descriptor, name.c_str()));
    rows.push_back({name, [descriptor] { read_one(descriptor); }});
}

/// A child that does nothing but to hold what it inherits, as long as this process lives.
pid_t child_that_waits() {
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    return checked(child, "fork");
}

void fill(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    const std::vector<char> bytes(4096);
    while (write(descriptor, bytes.data(), bytes.size()) > 0) {
    }
    fcntl(descriptor, F_SETFL, flags);
}

void send_away(int descriptor) {
    int sockets[2];
    checked(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
    char byte = 0;
    iovec bytes{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    checked(static_cast<int>(sendmsg(sockets[0], &message, 0)), "sendmsg");
}

void make_pipes() {
    int ends[2];
    checked(pipe(ends), "pipe");
    tell("pipe write end", ends[1]);
    reads("pipe", ends[0]);
    // Only the child can read it.
    int outgoing[2];
    checked(pipe(outgoing), "pipe");
    tell("child", child_that_waits());
    close(outgoing[0]);
    fill(outgoing[1]);
    tell("full pipe", outgoing[1]);
    rows.push_back({"full pipe", [end = outgoing[1]] {
                        if (write(end, "x", 1) < 0) std::perror("write");
                    }});
    // The write end of another lies in a message that nobody takes.
    checked(pipe(ends), "pipe");
    send_away(ends[1]);
    close(ends[1]);
    reads("sent pipe", ends[0]);
    const std::string fifo = folder + "/fifo";
    checked(mkfifo(fifo.c_str(), 0600), "mkfifo");
    reads("fifo", open(fifo.c_str(), O_RDWR));
    const std::string lonely = folder + "/lonely";
    checked(mkfifo(lonely.c_str(), 0600), "mkfifo");
    rows.push_back({"open fifo", [lonely] { close(open(lonely.c_str(), O_RDONLY)); }});
}

sockaddr_in loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// Bound to a port of the kernel's choice, which it puts into `address`.
int bound(int type, sockaddr_in& address) {
    const int made = checked(socket(AF_INET, type, 0), "socket");
    address = loopback();
    socklen_t size = sizeof address;
    checked(bind(made, reinterpret_cast<sockaddr*>(&address), size), "bind");
    checked(getsockname(made, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return made;
}

int connected_to(const sockaddr_in& address) {
    const int made = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
    checked(connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    return made;
}

void make_inet_sockets() {
    sockaddr_in address{};
    const int listener = bound(SOCK_STREAM, address);
    checked(listen(listener, 5), "listen");
    tell("tcp port", ntohs(address.sin_port));
    sockaddr_in second{};
    const int server = bound(SOCK_STREAM, second);
    checked(listen(server, 0), "listen");
    tell("tcp peer port", ntohs(second.sin_port));
    reads("tcp recv", connected_to(second));
    // The server's queue of one is full.
    rows.push_back({"tcp connect", [second] { close(connected_to(second)); }});
    tell("tcp accept", listener);
    rows.push_back({"tcp accept", [listener] { close(accept(listener, nullptr, nullptr)); }});

    sockaddr_in datagrams{};
    const int udp = bound(SOCK_DGRAM, datagrams);
    tell("udp port", ntohs(datagrams.sin_port));
    reads("udp", udp);

    const int six = socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 address6{};
    address6.sin6_family = AF_INET6;
    address6.sin6_addr = in6addr_loopback;
    socklen_t size = sizeof address6;
    if (six < 0 || bind(six, reinterpret_cast<sockaddr*>(&address6), size) != 0) return;  // no IPv6 here
    getsockname(six, reinterpret_cast<sockaddr*>(&address6), &size);
    checked(listen(six, 5), "listen");
    tell("tcp6 port", ntohs(address6.sin6_port));
    tell("tcp6", six);
    rows.push_back({"tcp6", [six] { close(accept(six, nullptr, nullptr)); }});
}

void make_unix_sockets() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder.c_str());
    const int listener = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    checked(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    checked(listen(listener, 5), "listen");
    tell("unix accept", listener);
    const int client = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    checked(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), "connect");
    const int server = accept(listener, nullptr, nullptr);
    tell("unix server", server);
    reads("unix client", client);
    rows.push_back({"unix accept", [listener] { close(accept(listener, nullptr, nullptr)); }});
    // Nobody accepts here, and the queue is full with one.
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s/full", folder.c_str());
    const int lazy = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    checked(bind(lazy, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    checked(listen(lazy, 0), "listen");
    const int early = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    checked(connect(early, reinterpret_cast<sockaddr*>(&address), sizeof address), "connect");
    reads("unaccepted", early);
    const int late = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    tell("unix connect", late);
    rows.push_back({"unix connect", [late, address] {
                        if (connect(late, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
                            std::perror("connect");
                        }
                    }});
    int ends[2];
    checked(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), "socketpair");
    tell("seqpacket peer", ends[1]);
    reads("seqpacket", ends[0]);
    // Of datagrams, nobody hears that the other end is gone.
    checked(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), "socketpair");
    close(ends[1]);
    reads("orphan", ends[0]);
    const int netlink = checked(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "socket");
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    checked(bind(netlink, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel), "bind");
    reads("netlink", netlink);
}

void limit(int socket, int option, int seconds) {
    const timeval time{seconds, 0};
    checked(setsockopt(socket, SOL_SOCKET, option, &time, sizeof time), "setsockopt");
}

/// Sockets whose calls give up after a day, and ones whose number such a socket had.
void make_limited_sockets() {
    int ends[2];
    const auto pair = [&] { return checked(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair"), ends[0]; };
    const auto receives = [](const std::string& name, int socket) {
        tell(name, socket);
        rows.push_back({name, [socket] {
                            char byte;
                            if (recv(socket, &byte, 1, 0) < 0) std::perror("recv");
                        }});
    };
    int made = pair();
    limit(made, SO_RCVTIMEO, kDay);
    receives("limited recv", made);
    made = pair();
    limit(made, SO_RCVTIMEO, kDay);
    reads("limited read", made);
    made = pair();
    limit(made, SO_SNDTIMEO, kDay);
    receives("limited send", made);  // receives without a limit
    fill(made);
    rows.push_back({"limited write", [made] {
                        if (write(made, "x", 1) < 0) std::perror("write");
                    }});
    sockaddr_in address{};
    const int listener = bound(SOCK_STREAM, address);
    checked(listen(listener, 5), "listen");
    limit(listener, SO_RCVTIMEO, kDay);
    connected_to(address);
    receives("accepted", checked(accept(listener, nullptr, nullptr), "accept"));
    rows.push_back({"limited accept", [listener] { close(accept(listener, nullptr, nullptr)); }});
    const int gone = pair();
    limit(gone, SO_RCVTIMEO, kDay);
    const int other = pair();
    checked(dup2(other, gone), "dup2");
    receives("renumbered", gone);
    made = pair();
    limit(made, SO_RCVTIMEO, kDay);
    limit(made, SO_RCVTIMEO, 0);
    receives("unlimited", made);
}

int timer_of_a_day() {
    const int timer = checked(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd");
    itimerspec time{};
    time.it_value.tv_sec = kDay;
    timerfd_settime(timer, 0, &time, nullptr);
    return timer;
}

void make_others() {
    reads("eventfd", eventfd(0, 0));
    reads("timerfd", timer_of_a_day());
    reads("idle timer", timerfd_create(CLOCK_MONOTONIC, 0));
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGWINCH);
    reads("signalfd", signalfd(-1, &signals, 0));
    const int watch = inotify_init1(0);
    inotify_add_watch(watch, folder.c_str(), IN_DELETE_SELF);
    reads("inotify", watch);
    const int master = checked(posix_openpt(O_RDWR | O_NOCTTY), "posix_openpt");
    grantpt(master);
    unlockpt(master);
    tell("pty name", ptsname(master));
    reads("terminal", open(ptsname(master), O_RDWR | O_NOCTTY));
    reads("pty", master);
}

void make_sets() {
    const int event = eventfd(0, 0);
    const int timer = timer_of_a_day();
    tell("set event", event);
    tell("set timer", timer);
    rows.push_back({"poll", [=] {
                        pollfd entries[3] = {{event, POLLIN, 0}, {-1, POLLIN, 0}, {timer, POLLIN, 0}};
                        poll(entries, 3, kDay * 1000);
                    }});
    rows.push_back({"poll nothing", [] { poll(nullptr, 0, -1); }});
    rows.push_back({"ppoll one", [=] {
                        pollfd entry{event, POLLIN, 0};
                        ppoll(&entry, 1, nullptr, nullptr);
                    }});
    rows.push_back({"select", [=] {
                        fd_set set;
                        FD_ZERO(&set);
                        FD_SET(event, &set);
                        FD_SET(timer, &set);
                        timeval time{kDay, 0};
                        select(std::max(event, timer) + 1, &set, nullptr, nullptr, &time);
                    }});
    const int epoll = epoll_create1(0);
    for (const int each : {event, timer}) {
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.fd = each;
        epoll_ctl(epoll, EPOLL_CTL_ADD, each, &wanted);
    }
    tell("epoll", epoll);
    rows.push_back({"epoll", [epoll] {
                        epoll_event ready;
                        epoll_wait(epoll, &ready, 1, -1);
                    }});
}

/// They would outlive this process, which is killed: a child that is not in its group takes them away then.
void remove_after_death(int queue, int set) {
    if (checked(fork(), "fork") != 0) return;
    setpgid(0, 0);
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (int each = 3; each < 256; ++each) close(each);  // it is no other end of anything
    int signal = 0;
    sigwait(&end, &signal);
    msgctl(queue, IPC_RMID, nullptr);
    semctl(set, 0, IPC_RMID);
    _exit(0);
}

void make_queues() {
    const int queue = checked(msgget(IPC_PRIVATE, 0600), "msgget");
    tell("msgrcv", queue);
    rows.push_back({"msgrcv", [queue] {
                        struct {
                            long type;
                            char text[8];
                        } message;
                        msgrcv(queue, &message, sizeof message.text, 0, 0);
                    }});
    const int set = checked(semget(IPC_PRIVATE, 2, 0600), "semget");
    remove_after_death(queue, set);
    tell("semop", set);
    rows.push_back({"semop", [set] {
                        sembuf take{1, -1, 0};
                        semop(set, &take, 1);
                    }});
    const std::string name = "/loiter-" + std::to_string(getpid());
    const mqd_t posix = mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, nullptr);
    if (posix < 0) return;  // a machine may have none
    mq_unlink(name.c_str());
    tell("mq_receive", static_cast<int>(posix));
    rows.push_back({"mq_receive", [posix] {
                        std::vector<char> message(8192);
                        mq_receive(posix, message.data(), message.size(), nullptr);
                    }});
}

/// libc's functions that wait in another one.
void make_libc_calls() {
    int ends[2];
    checked(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    tell("fgets", ends[0]);
    rows.push_back({"fgets", [end = ends[0]] {
                        char line[8];
                        if (std::fgets(line, sizeof line, fdopen(end, "r")) == nullptr) std::perror("fgets");
                    }});
    sockaddr_in silent{};
    bound(SOCK_DGRAM, silent);
    tell("getaddrinfo", ntohs(silent.sin_port));
    rows.push_back({"getaddrinfo", [silent] {
                        res_init();
                        _res.nscount = 1;
                        _res.nsaddr_list[0] = silent;
                        _res.retrans = kDay;
                        addrinfo* found = nullptr;
                        getaddrinfo("nobody.invalid.example.", "80", nullptr, &found);
                    }});
}

}  // namespace

int main(int, char** arguments) {
    folder = arguments[1];
    make_pipes();
    make_inet_sockets();
    make_unix_sockets();
    make_others();
    make_sets();
    make_queues();
    make_libc_calls();
    make_limited_sockets();
    calls::sit_in_all();
}
