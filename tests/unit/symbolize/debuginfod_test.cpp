// SPDX-License-Identifier: Apache-2.0
//
// Whether and what debuginfod servers are asked; the server is this test's own, on the loopback.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/unit/symbolize/bank.h"

namespace {

using testing::ElementsAre;

/// Listens on a free port and makes $DEBUGINFOD_URLS name it.
class Server {
public:
    Server() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
        EXPECT_EQ(listen(socket_, 8), 0);
        EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
        setenv("DEBUGINFOD_URLS", ("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))).c_str(), 1);
        setenv("DEBUGINFOD_CACHE_PATH", cache_.path().c_str(), 1);
    }

    ~Server() {
        stop_ = true;
        if (serving_.joinable()) serving_.join();
        close(socket_);
        unsetenv("DEBUGINFOD_URLS");
        unsetenv("DEBUGINFOD_CACHE_PATH");
    }

    /// Whether anybody has connected so far. Whoever did has had an answer, so it is known by then.
    bool was_contacted() const { return contacted_; }

    /// From now on answers requests for `path` with a file, others with 404.
    void serve(std::string path, std::string body) {
        serving_ = std::thread([this, path = std::move(path), body = std::move(body)] {
            while (!stop_) {
                pollfd waiting{socket_, POLLIN, 0};
                if (poll(&waiting, 1, 20) <= 0) continue;
                contacted_ = true;
                const int client = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
                answer(client, path, body);
                close(client);
            }
        });
    }

private:
    static void answer(int client, const std::string& path, const std::string& body) {
        std::string request;
        char buffer[1024];
        while (request.find("\r\n\r\n") == std::string::npos) {
            const ssize_t length = read(client, buffer, sizeof buffer);
            if (length <= 0) return;
            request.append(buffer, static_cast<size_t>(length));
        }
        const bool known = request.starts_with("GET " + path + " ");
        const std::string& content = known ? body : path;
        std::string reply = known ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 404 Not Found\r\n";
        reply += "Connection: close\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
        for (size_t at = 0; at < reply.size();) {
            const ssize_t length = send(client, reply.data() + at, reply.size() - at, MSG_NOSIGNAL);
            if (length <= 0) return;
            at += static_cast<size_t>(length);
        }
    }

    bank::Folder cache_;
    int socket_;
    std::atomic<bool> stop_ = false;
    std::atomic<bool> contacted_ = false;
    std::thread serving_;
};

snapshot::Snapshot stripped_frame(const bank::Folder& folder) {
    const std::string path = folder.put("bank_o2_stripped.so", "bank.so");
    return bank::with_frame(path, bank::kIdO2, bank::Library("bank_o2_stripped.so").sites.at("deposit"));
}

snapshot::Snapshot missing_frame() {
    return bank::with_frame("/nowhere/bank.so", bank::kIdO2, bank::Library("bank_o2.so").sites.at("deposit"));
}

std::string debug_file() {
    std::ifstream file(bank::built("bank_o2.debug"), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

bool has_client_library() {
    return dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr;
}

TEST(Debuginfod, IsNotContactedUnlessAsked) {
    Server server;
    const bank::Folder folder;
    server.serve("/", "");

    EXPECT_THAT(bank::named_frames(stripped_frame(folder)), ElementsAre(bank::kDeposit));
    EXPECT_THAT(bank::named_frames(missing_frame()), ElementsAre(""));

    EXPECT_FALSE(server.was_contacted());
}

TEST(Debuginfod, GivesTheDebugFileWhenAsked) {
    if (!has_client_library()) GTEST_SKIP() << "no libdebuginfod";
    Server server;
    const bank::Folder folder;
    server.serve(std::string("/buildid/") + bank::kIdO2 + "/debuginfo", debug_file());

    EXPECT_THAT(bank::named_frames(stripped_frame(folder), {.use_debuginfod = true}),
                ElementsAre(bank::kDeposit + " " + bank::marked("deposit")));
    EXPECT_THAT(bank::named_frames(missing_frame(), {.use_debuginfod = true}),
                ElementsAre(bank::kDeposit + " " + bank::marked("deposit")));
    EXPECT_TRUE(server.was_contacted());
}

TEST(Debuginfod, IsNotTrustedWithAFileOfAnotherBuildId) {
    if (!has_client_library()) GTEST_SKIP() << "no libdebuginfod";
    Server server;
    server.serve(std::string("/buildid/") + bank::kIdO0 + "/debuginfo", debug_file());
    auto snapshot = missing_frame();
    snapshot.stacks.at(1).frames.at(0).build_id = bank::kIdO0;

    EXPECT_THAT(bank::named_frames(snapshot, {.use_debuginfod = true}), ElementsAre(""));
}

}  // namespace
