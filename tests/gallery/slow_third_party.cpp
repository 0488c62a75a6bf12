// SPDX-License-Identifier: Apache-2.0
//
// Threads wait without a limit for servers that accept and never answer, or do not even accept, and for
// a name server that is silent. fixed: limits.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/stuck.h"

struct Party {
    sockaddr_in address{};
    int limit_ms = -1;  ///< none
};

/// Bound to a port of its own on the loopback; a stream listens.
Party start_party(int type) {
    Party party;
    const int server = socket(AF_INET, type, 0);
    party.address.sin_family = AF_INET;
    party.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(party.address);
    bind(server, reinterpret_cast<sockaddr*>(&party.address), length);
    if (type == SOCK_STREAM) listen(server, 0);
    getsockname(server, reinterpret_cast<sockaddr*>(&party.address), &length);
    return party;
}

void limit(int socket, int limit_ms) {
    if (limit_ms < 0) return;
    const timeval time{limit_ms / 1000, limit_ms % 1000 * 1000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

int connect_to(const Party& party) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    limit(client, party.limit_ms);
    const auto* const address = reinterpret_cast<const sockaddr*>(&party.address);
    const int result = connect(client, address, sizeof(party.address));  // SITE(connect) connect_to
    return result == 0 ? client : -1;
}
// WRAP(connect_to)

long receive_answer(int client) {
    char answer[64];
    const ssize_t got = recv(client, answer, sizeof(answer), 0);  // SITE(recv) receive_answer
    return got > 0 ? answer[0] : -errno;
}
// WRAP(receive_answer)

long read_answer(int client) {
    char answer[64];
    const ssize_t got = read(client, answer, sizeof(answer));  // SITE(read) read_answer
    return got > 0 ? answer[0] : -errno;
}
// WRAP(read_answer)

/// Asks that name server and no other, of this thread alone.
void use_name_server(const Party& party) {
    res_init();
    _res.nscount = 1;
    _res.nsaddr_list[0] = party.address;
    _res.retrans = party.limit_ms < 0 ? 600 : 1;
    _res.retry = 1;
    _res.dnsrch[0] = nullptr;
}

int find_address(const Party& party) {
    use_name_server(party);
    addrinfo* found = nullptr;
    const int error = getaddrinfo("third.party.example", "80", nullptr, &found);  // SITE(name) find_address
    if (error == 0) freeaddrinfo(found);
    return error;
}
// WRAP(find_address)

std::vector<std::thread> start_asking(const Party& open, const Party& full, const Party& names) {
    const int first = connect_to(open);
    const Party second_open = start_party(SOCK_STREAM);
    const int second = connect_to(second_open);
    limit(first, full.limit_ms);
    limit(second, full.limit_ms);
    std::vector<std::thread> threads;
    threads.emplace_back([&full] { connect_to(full); });       // SITE(connecting) start_asking
    threads.emplace_back([first] { receive_answer(first); });  // SITE(receiving) start_asking
    threads.emplace_back([second] { read_answer(second); });   // SITE(reading) start_asking
    threads.emplace_back([&names] { find_address(names); });   // SITE(naming) start_asking
    return threads;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant != "leaky" && variant != "fixed") return no_such_variant();
    static Party open = start_party(SOCK_STREAM);
    static Party full = start_party(SOCK_STREAM);
    static Party names = start_party(SOCK_DGRAM);
    connect_to(full);  // the only place in its queue
    if (variant == "fixed") full.limit_ms = names.limit_ms = 50;
    std::vector<std::thread> threads = start_asking(open, full, names);
    if (variant == "leaky") {
        gate::await_others_stuck_in(4, {SYS_connect, SYS_recvfrom, SYS_read, SYS_poll});
        for (std::thread& thread : threads) thread.detach();
        return 0;
    }
    for (std::thread& thread : threads) thread.join();
    return 0;
}
