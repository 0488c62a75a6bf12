// SPDX-License-Identifier: Apache-2.0
//
// The rows of each_wrapper that wait for children, signals, queues and the servers of names.
#include <aio.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/targets/each_io.h"

namespace {

using namespace each_io;

sigset_t only_usr2() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    return set;
}
/// Blocked in every thread, and pending for this one.
void have_usr2_pending() {
    const sigset_t set = only_usr2();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    gate::raw_call(SYS_tgkill, getpid(), gettid(), SIGUSR2);
}
void handle_usr2() {
    signal(SIGUSR2, [](int) {});
}

std::map<std::string, Row> signal_wait_rows() {
    static const sigset_t usr2 = only_usr2();
    static constexpr uint64_t kUsr2 = uint64_t{1} << (SIGUSR2 - 1);
    static sigset_t all_but_usr2;
    sigfillset(&all_but_usr2);
    sigdelset(&all_but_usr2, SIGUSR2);
    static uint64_t left;
    memcpy(&left, &all_but_usr2, sizeof(left));
    left = ~left;
    static int got;
    static std::atomic<bool> returned;
    const auto pause_until_signal = [] {
        handle_usr2();
        static const int tid = gettid();
        pthread_t sender;
        pthread_create(
            &sender, nullptr,
            [](void*) -> void* {
                gate::await([] { return gate::raw_call(SYS_tgkill, getpid(), tid, SIGUSR2), returned.load(); });
                return nullptr;
            },
            nullptr);
        AT(nullptr, (pause(), returned = true));
    };
    return {
        {"pause", {pause_until_signal, [] { AT(nullptr, pause()); }}},
        {"sigsuspend",
         {[] {
              handle_usr2();
              have_usr2_pending();
              ABOUT(left, sigsuspend(&all_but_usr2));
          },
          [] { ABOUT(left, sigsuspend(&all_but_usr2)); }}},
        {"sigwait",
         {[] {
              have_usr2_pending();
              ABOUT(kUsr2, sigwait(&usr2, &got));
          },
          [] { ABOUT(kUsr2, sigwait(&usr2, &got)); }}},
        {"sigwaitinfo",
         {[] {
              have_usr2_pending();
              ABOUT(kUsr2, sigwaitinfo(&usr2, nullptr));
          },
          [] { ABOUT(kUsr2, sigwaitinfo(&usr2, nullptr)); }}},
    };
}

pid_t brief = -1;    ///< a child that has ended
pid_t endless = -1;  ///< one that ends with us

void make_children() {
    brief = must(fork());
    if (brief == 0) gate::raw_call(SYS_exit_group, 0);
}
void make_endless_child() {
    endless = must(fork());
    if (endless != 0) return;
    gate::raw_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    for (;;) gate::raw_call(SYS_pause);
}

/// A command that ends with us: it reads from a pipe that only we have the other end of.
std::string endless_command() {
    const Pair made = make_pipe();
    fcntl(made.ends[1], F_SETFD, FD_CLOEXEC);
    return "exec cat <&" + std::to_string(made.ends[0]);
}

std::map<std::string, Row> child_rows() {
    const auto c = [](void (*wait_for)(pid_t)) {
        return Row{[=] { make_children(), wait_for(brief); }, [=] { wait_for(endless); }, make_endless_child};
    };
    static constexpr uint64_t kAny = ~uint64_t{0};
    static FILE* stream;
    // Children that record would be beside us.
    static const auto run = [](const std::string& command) {
        unsetenv("LD_PRELOAD");
        ABOUT(kAny, system(command.c_str()));
    };
    static const auto close_after = [](const std::string& command) {
        unsetenv("LD_PRELOAD");
        stream = popen(command.c_str(), "r");
        ABOUT(kAny, pclose(stream));
    };
    return {
        {"wait", c([](pid_t) { ABOUT(kAny, wait(nullptr)); })},
        {"waitpid", c([](pid_t child) { ABOUT(child, waitpid(child, nullptr, 0)); })},
        {"waitid", c([](pid_t child) { ABOUT(child, waitid(P_PID, static_cast<id_t>(child), nullptr, WEXITED)); })},
        {"wait3", c([](pid_t) { ABOUT(kAny, wait3(nullptr, 0, nullptr)); })},
        {"wait4", c([](pid_t child) { ABOUT(child, wait4(child, nullptr, 0, nullptr)); })},
        {"system", {[] { run("true"); }, [] { run(endless_command()); }}},
        {"pclose", {[] { close_after("true"); }, [] { close_after(endless_command()); }}},
    };
}

mqd_t make_queue() {
    const std::string name = "/each-wrapper-" + std::to_string(getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 1;
    attributes.mq_msgsize = 8;
    const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT, 0600, &attributes);
    mq_unlink(name.c_str());
    return must(queue);
}
void queues_to_read() {
    ready = make_queue();
    mq_send(ready, bytes, 1, 0);
    stuck = make_queue();
}
void queues_to_write() {
    ready = make_queue();
    stuck = make_queue();
    mq_send(stuck, bytes, 1, 0);
}

timespec in_an_hour() {
    timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += 3600;
    return time;
}

std::map<std::string, Row> queue_rows() {
    static const timespec far = in_an_hour();
    static long text[2] = {1, 0};
    static sembuf up{0, 1, 0};
    static aiocb control;
    static const aiocb* const list[] = {&control};
    static aiocb64 control64;
    static const aiocb64* const list64[] = {&control64};
    const auto r = [](const OnDescriptor& call) { return on_both(queues_to_read, call); };
    const auto w = [](const OnDescriptor& call) { return on_both(queues_to_write, call); };
    const auto begin = [](auto& with, auto start) {
        with.aio_fildes = make_pipe().ends[0];
        with.aio_buf = bytes;
        with.aio_nbytes = 1;
        start(&with);
    };
    // Removed at once where they are made: a test leaves none behind, and so cannot wait for them.
    const auto with_messages = [](void (*call)(int)) {
        const int queue = must(msgget(IPC_PRIVATE, 0600));
        call(queue);
        msgctl(queue, IPC_RMID, nullptr);
    };
    const auto with_semaphores = [](void (*call)(int)) {
        const int set = must(semget(IPC_PRIVATE, 1, 0600));
        call(set);
        semctl(set, 0, IPC_RMID);
    };
    return {
        {"msgsnd", {[=] { with_messages([](int queue) { AT(nullptr, msgsnd(queue, text, 8, 0)); }); }, {}}},
        {"msgrcv",
         {[=] {
              with_messages([](int queue) {
                  msgsnd(queue, text, 8, 0);
                  AT(nullptr, msgrcv(queue, text, 8, 0, 0));
              });
          },
          {}}},
        {"semop", {[=] { with_semaphores([](int set) { AT(nullptr, semop(set, &up, 1)); }); }, {}}},
        {"mq_receive", r([](int queue) { ABOUT(queue, mq_receive(queue, bytes, 8, nullptr)); })},
        {"mq_timedreceive", r([](int queue) { ABOUT(queue, mq_timedreceive(queue, bytes, 8, nullptr, &far)); })},
        {"mq_send", w([](int queue) { ABOUT(queue, mq_send(queue, bytes, 1, 0)); })},
        {"mq_timedsend", w([](int queue) { ABOUT(queue, mq_timedsend(queue, bytes, 1, 0, &far)); })},
        {"aio_suspend",
         {[] { AT(nullptr, aio_suspend(list, 1, &kHour)); }, [] { AT(nullptr, aio_suspend(list, 1, &kHour)); },
          [=] { begin(control, aio_read); }}},
        {"aio_suspend64",
         {[] { AT(nullptr, aio_suspend64(list64, 1, &kHour)); }, [] { AT(nullptr, aio_suspend64(list64, 1, &kHour)); },
          [=] { begin(control64, aio_read64); }}},
    };
}

/// Answered without asking anybody: that a server does not answer can not be arranged here.
std::map<std::string, Row> name_rows() {
    static constexpr char kName[] = "127.0.0.1";
    static sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static addrinfo* found;
    static hostent entry;
    static hostent* result;
    static int error;
    static char room[8192];
    const auto look_up = [](void (*call)()) { return Row{call, {}}; };
    return {
        {"getaddrinfo", look_up([] { AT(nullptr, getaddrinfo(kName, nullptr, nullptr, &found)); })},
        {"getnameinfo", look_up([] {
             AT(nullptr, getnameinfo(reinterpret_cast<sockaddr*>(&address), sizeof(address), room, sizeof(room),
                                     nullptr, 0, NI_NUMERICHOST));
         })},
        {"gethostbyname", look_up([] { AT(nullptr, gethostbyname(kName)); })},
        {"gethostbyname2", look_up([] { AT(nullptr, gethostbyname2(kName, AF_INET)); })},
        {"gethostbyaddr", look_up([] { AT(nullptr, gethostbyaddr(&address.sin_addr, 4, AF_INET)); })},
        {"gethostbyname_r",
         look_up([] { AT(nullptr, gethostbyname_r(kName, &entry, room, sizeof(room), &result, &error)); })},
        {"gethostbyname2_r",
         look_up([] { AT(nullptr, gethostbyname2_r(kName, AF_INET, &entry, room, sizeof(room), &result, &error)); })},
        {"gethostbyaddr_r", look_up([] {
             AT(nullptr, gethostbyaddr_r(&address.sin_addr, 4, AF_INET, &entry, room, sizeof(room), &result, &error));
         })},
    };
}

}  // namespace

std::map<std::string, Row> other_wait_rows() {
    std::map<std::string, Row> rows;
    for (auto&& some : {signal_wait_rows(), child_rows(), queue_rows(), name_rows()}) {
        rows.insert(some.begin(), some.end());
    }
    return rows;
}
