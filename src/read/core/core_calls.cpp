// SPDX-License-Identifier: Apache-2.0
#include "read/core/core_calls.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <iterator>
#include <optional>
#include <vector>

namespace reader {

namespace {

/// What the kernel leaves as the result of a call that a signal interrupts: the call's own EINTR, or
/// one of those with which it would be restarted; and what stands there while it is in progress.
bool is_unfinished(int64_t result) {
    constexpr int64_t kRestart[] = {512, 513, 514, 516};
    return result == -EINTR || result == -ENOSYS ||
           std::any_of(std::begin(kRestart), std::end(kRestart), [&](int64_t code) { return result == -code; });
}

enum class Asks { kCount, kVector, kMessage };

/// A call that comes back only when all is done that it was asked for, unless a signal interrupts it: then
/// it says how much was done until then. (One that does not wait may do the same; it is at most on its way
/// out then, and was in the call an instant before.)
struct WholeTransfer {
    long number;
    Asks asks;
    size_t argument;         ///< how much, or where that stands; of a vector the next one has its length
    size_t flags = 0;        ///< which argument; 0: none
    uint64_t needed = 0;     ///< among the flags, for it to be one
    uint64_t forbidden = 0;  ///< among them
};

constexpr size_t kNoFlags = 0;
constexpr WholeTransfer kWholeTransfers[] = {
    {SYS_write, Asks::kCount, 2},
    {SYS_pwrite64, Asks::kCount, 2},
    {SYS_writev, Asks::kVector, 1},
    {SYS_pwritev, Asks::kVector, 1},
    {SYS_pwritev2, Asks::kVector, 1, 5, 0, RWF_NOWAIT},
    {SYS_sendfile, Asks::kCount, 3},
    {SYS_sendto, Asks::kCount, 2, 3, 0, MSG_DONTWAIT},
    {SYS_sendmsg, Asks::kMessage, 1, 2, 0, MSG_DONTWAIT},
    {SYS_sendmmsg, Asks::kCount, 2, 3, 0, MSG_DONTWAIT},
    {SYS_recvfrom, Asks::kCount, 2, 3, MSG_WAITALL, MSG_DONTWAIT | MSG_PEEK},
    {SYS_recvmsg, Asks::kMessage, 1, 2, MSG_WAITALL, MSG_DONTWAIT | MSG_PEEK},
    {SYS_recvmmsg, Asks::kCount, 2, 3, 0, MSG_DONTWAIT | MSG_WAITFORONE},
    {SYS_io_getevents, Asks::kCount, 1},
    {SYS_io_pgetevents, Asks::kCount, 1},
    {SYS_getrandom, Asks::kCount, 1},
};

template <typename Value>
bool read_values(const ReadCore& read, uint64_t address, Value* to, size_t count) {
    return read(address, to, count * sizeof(Value)) == count * sizeof(Value);
}

std::optional<uint64_t> bytes_of(const ReadCore& read, uint64_t vector, uint64_t parts) {
    if (parts > IOV_MAX) return std::nullopt;
    std::vector<iovec> asked(parts);
    if (!read_values(read, vector, asked.data(), asked.size())) return std::nullopt;
    uint64_t bytes = 0;
    for (const iovec& part : asked) bytes += std::min<uint64_t>(part.iov_len, INT_MAX);
    return bytes;
}

std::optional<uint64_t> asked_of(const WholeTransfer& transfer, const SystemCall& call, const ReadCore& read) {
    const uint64_t argument = call.arguments[transfer.argument];
    switch (transfer.asks) {
        case Asks::kCount: return argument;
        case Asks::kVector: return bytes_of(read, argument, call.arguments[transfer.argument + 1]);
        case Asks::kMessage: {
            msghdr message = {};
            if (!read_values(read, argument, &message, 1)) return std::nullopt;
            return bytes_of(read, reinterpret_cast<uint64_t>(message.msg_iov), message.msg_iovlen);
        }
    }
    return std::nullopt;
}

bool is_cut_short(const SystemCall& call, int64_t result, const ReadCore& read) {
    const auto* const transfer = std::find_if(std::begin(kWholeTransfers), std::end(kWholeTransfers),
                                              [&](const WholeTransfer& known) { return known.number == call.number; });
    if (result <= 0 || transfer == std::end(kWholeTransfers)) return false;
    const uint64_t flags = transfer->flags == kNoFlags ? 0 : call.arguments[transfer->flags];
    if ((flags & transfer->needed) != transfer->needed || (flags & transfer->forbidden) != 0) return false;
    const std::optional<uint64_t> asked = asked_of(*transfer, call, read);
    constexpr uint64_t kMostAtOnce = INT_MAX & ~uint64_t{4095};  // the kernel transfers no more in one call
    return asked && static_cast<uint64_t>(result) < std::min(*asked, kMostAtOnce);
}

}  // namespace

SystemCall dumped_call(const user_regs_struct& registers, const ReadCore& read) {
    SystemCall call;
    call.number = static_cast<int64_t>(registers.orig_rax);
    call.arguments = {registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9};
    call.stack_pointer = registers.rsp;
    call.pc = registers.rip;
    const auto result = static_cast<int64_t>(registers.rax);
    if (call.number >= 0 && (is_unfinished(result) || is_cut_short(call, result, read))) return call;
    SystemCall none;
    none.running = true;
    return none;
}

}  // namespace reader
