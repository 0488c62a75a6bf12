// SPDX-License-Identifier: Apache-2.0
#include "symbolize/io_functions.h"

#include <algorithm>
#include <array>

namespace symbolize {

namespace {

using namespace std::literals;

bool is_of_libc(const snapshot::Frame& frame) {
    const std::string_view path = frame.module;
    const std::string_view name = path.substr(path.rfind('/') + 1);
    constexpr std::array kParts = {"libc.so."sv, "libc-2."sv,    "libpthread"sv, "libresolv"sv,
                                   "libnss_"sv,  "libanl.so."sv, "librt.so."sv};
    return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) { return name.starts_with(part); });
}

/// What calls a thread's start routine, or main; and the start routines of libc's own threads.
bool starts_code(std::string_view function) {
    constexpr std::array kStarters = {"clone"sv,           "clone3"sv,
                                      "start_thread"sv,    "libc_start_call_main"sv,
                                      "libc_start_main"sv, "libc_start_main_impl"sv,
                                      "start"sv,           "handle_fildes_io"sv,
                                      "handle_requests"sv, "helper_thread"sv};
    function.remove_prefix(std::min(function.find_first_not_of('_'), function.size()));
    function = function.substr(0, function.find('@'));
    return std::find(kStarters.begin(), kStarters.end(), function) != kStarters.end();
}

/// Takes the bound of its caller; whatever else libc calls with one in turn has that for its own use.
bool takes_a_bound(std::string_view function) {
    constexpr std::array kFunctions = {"poll"sv,       "ppoll"sv,           "select"sv,       "pselect"sv,
                                       "epoll_wait"sv, "epoll_pwait"sv,     "recvmmsg"sv,     "epoll_pwait2"sv,
                                       "semtimedop"sv, "mq_timedreceive"sv, "mq_timedsend"sv, "aio_suspend"sv,
                                       "gai_suspend"sv};
    return std::find(kFunctions.begin(), kFunctions.end(), function) != kFunctions.end();
}

/// libc jumps from one to the other: only whether there is a bound tells them apart.
std::string unbounded(std::string function) {
    if (function == "semtimedop") return "semop";
    if (function == "mq_timedreceive") return "mq_receive";
    return function == "mq_timedsend" ? "mq_send" : function;
}

}  // namespace

std::string plain_function(std::string_view symbol) {
    symbol = symbol.substr(0, symbol.find('@'));
    bool is_changed = true;
    while (is_changed) {
        is_changed = false;
        constexpr std::array kWords = {"_"sv, "GI_"sv, "IO_"sv, "libc_"sv, "new_"sv, "isoc99_"sv, "isoc23_"sv};
        for (const std::string_view word : kWords) {
            if (!symbol.starts_with(word) || symbol.size() == word.size()) continue;
            symbol.remove_prefix(word.size());
            is_changed = true;
        }
    }
    for (const std::string_view word : {"_chk"sv, "_internal"sv, "_nocancel"sv}) {
        if (symbol.size() > word.size() && symbol.ends_with(word)) symbol.remove_suffix(word.size());
    }
    return std::string(symbol);
}

std::string called_function(const snapshot::Stack& stack) {
    const std::vector<snapshot::Frame>& frames = stack.frames;
    auto end = std::find_if_not(frames.begin(), frames.end(), is_of_libc);
    // The function may lie further out than what is known.
    if (end == frames.end() && (stack.incomplete || stack.truncated)) return {};
    while (end != frames.begin() && starts_code((end - 1)->function)) --end;
    if (end == frames.begin()) return {};
    std::string name = plain_function((end - 1)->function);
    // The number says more.
    return name == "syscall" ? "" : name;
}

void name_io_functions(snapshot::Snapshot& snapshot) {
    for (snapshot::Thread& thread : snapshot.threads) {
        if (thread.state != snapshot::State::kIo || thread.stack >= snapshot.stacks.size()) continue;
        std::string name = called_function(snapshot.stacks[thread.stack]);
        if (!name.empty() && name != thread.io_function && !takes_a_bound(name)) {
            thread.timed = false;
            thread.left_seconds.reset();
            thread.timeout_seconds.reset();
        }
        if (!name.empty()) thread.io_function = std::move(name);
        if (!thread.timed) thread.io_function = unbounded(std::move(thread.io_function));
    }
}

}  // namespace symbolize
