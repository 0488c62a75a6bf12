// SPDX-License-Identifier: Apache-2.0
#include "read/calls/call_details.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "read/calls/awaited_signals.h"
#include "read/calls/bounds.h"
#include "read/calls/lock_requests.h"
#include "read/calls/poll_sets.h"
#include "read/calls/system_calls.h"
#include "read/calls/system_v.h"
#include "read/calls/words.h"
#include "read/kernel/target_memory.h"
#include "read/records/functions.h"

namespace reader {

using snapshot::State;

namespace {

constexpr size_t kShownPath = 255;

/// Where the call's argument is a path; empty: it has none, or memory cannot be read.
std::string path_of(uint32_t pid, const SystemCall& call) {
    uint64_t address = 0;
    switch (call.number) {
        case SYS_open:
        case SYS_creat:
        case SYS_stat:
        case SYS_lstat: address = call.arguments[0]; break;
        case SYS_openat:
        case SYS_openat2:
        case SYS_newfstatat:
        case SYS_statx: address = call.arguments[1]; break;
        default: return {};
    }
    std::array<char, kShownPath + 1> text{};
    const size_t bytes = read_memory(pid, address, text.data(), text.size()).bytes;
    const std::string path(text.data(), strnlen(text.data(), bytes));
    return shortened(path, kShownPath);
}

/// A descriptor that data goes to as well; -1: none.
int other_descriptor(const SystemCall& call) {
    switch (call.number) {
        case SYS_sendfile: return static_cast<int>(call.arguments[0]);
        case SYS_tee: return static_cast<int>(call.arguments[1]);
        case SYS_splice:
        case SYS_copy_file_range: return static_cast<int>(call.arguments[2]);
        default: return -1;
    }
}

bool is_as_awaited(const snapshot::Thread& thread, const SystemCall& call) {
    return !call.running && call.number >= 0 && kernel_wait(call).state == thread.state;
}

/// Memory that was read meanwhile belongs to this call.
bool is_still_in(uint32_t pid, const Task& task) {
    return call_of_task(pid, task.tid) == task.call;
}

snapshot::Wait& wait_of(snapshot::Thread& thread) {
    return thread.wait ? *thread.wait : thread.wait.emplace();
}

void set_detail(snapshot::Thread& thread, const std::string& detail) {
    if (!detail.empty()) wait_of(thread).detail = detail;
}

std::string recorded_io(const WaitCopy& wait) {
    const std::string function = name_of_function(wait.function);
    const auto id = std::to_string(static_cast<int64_t>(wait.object));
    if (function.starts_with("msg")) return "message queue " + id;
    if (function.starts_with("sem")) return "semaphore set " + id;
    return wait.detail > INT32_MAX ? "" : "fd " + std::to_string(wait.detail);
}

std::string recorded_child(const WaitCopy& wait) {
    if (is_child_descriptor(wait.detail)) return "child of fd " + std::to_string(static_cast<uint32_t>(wait.detail));
    const auto pid = static_cast<int64_t>(wait.detail);
    if (pid > 0) return "child " + std::to_string(pid);
    if (pid == -1) return "any child";
    return pid == 0 ? "any child of its process group"
                    : "any child of process group " + std::to_string(0 - wait.detail);
}

}  // namespace

void fill_recorded_detail(const WaitCopy& wait, snapshot::Thread& thread) {
    switch (thread.state) {
        case State::kIo: return set_detail(thread, recorded_io(wait));
        case State::kChildWait: return set_detail(thread, recorded_child(wait));
        case State::kSignalWait: return set_detail(thread, set_words(wait.detail));
        case State::kFileLock: {
            const LockRequest request = recorded_request(wait.detail);
            return set_detail(thread, "fd " + std::to_string(request.descriptor) + request_words(request.lock));
        }
        default: return;
    }
}

CallDetails::CallDetails(uint32_t pid, bool translates, uint64_t own_signals)
    : pid_(pid),
      own_signals_(own_signals),
      sockets_(pid),
      descriptors_(pid, sockets_, open_files_),
      lock_owners_(pid, descriptors_, open_files_),
      children_(pid, translates) {}

void CallDetails::fill(const Task& task, const WaitCopy* recorded, snapshot::Thread& thread) {
    if (task.call && is_as_awaited(thread, *task.call)) {
        snapshot::Thread filled = thread;
        from_call(task, filled);
        if (is_still_in(pid_, task)) {
            thread = std::move(filled);
            return;
        }
    }
    if (recorded != nullptr) from_record(task, *recorded, thread);
}

void CallDetails::fill_stream(const Task& task, int descriptor, snapshot::Thread& thread) {
    if (descriptor >= 0) set_detail(thread, descriptors_.brief(task.tid, descriptor));
}

void CallDetails::from_call(const Task& task, snapshot::Thread& thread) {
    const SystemCall& call = *task.call;
    switch (thread.state) {
        case State::kIo:
            set_detail(thread, io(task.tid, call));
            add_last_taker(call, thread);
            break;
        case State::kChildWait: set_detail(thread, child(task.tid, call)); break;
        case State::kSignalWait: set_detail(thread, awaited_signals(pid_, task, own_signals_)); break;
        case State::kFileLock: {
            const DescriptorInfo info = descriptors_.info(task.tid, static_cast<int>(call.arguments[0]));
            const LockRequest request = request_of(pid_, call, info.position);
            file_lock(task.tid, request.descriptor, request.lock, thread);
            break;
        }
        default: break;
    }
    fill_bound(call, thread);
}

void CallDetails::from_record(const Task& task, const WaitCopy& wait, snapshot::Thread& thread) {
    fill_recorded_detail(wait, thread);
    if (thread.state == State::kIo && wait.detail <= INT32_MAX) {
        set_detail(thread, descriptors_.words(task.tid, static_cast<int>(wait.detail)));
    } else if (thread.state == State::kChildWait && !is_child_descriptor(wait.detail)) {
        set_detail(thread, children_.words({static_cast<int64_t>(wait.detail)}));
    } else if (thread.state == State::kFileLock) {
        const LockRequest request = recorded_request(wait.detail);
        file_lock(task.tid, request.descriptor, request.lock, thread);
    }
}

void CallDetails::add_last_taker(const SystemCall& call, snapshot::Thread& thread) const {
    if (call.number != SYS_semop && call.number != SYS_semtimedop) return;
    if (std::optional<snapshot::ProcessOwner> owner = last_taker(pid_, call))
        wait_of(thread).process_owners.assign(1, std::move(*owner));
}

std::string CallDetails::io(uint32_t tid, const SystemCall& call) {
    if (const std::optional<PollSet> set = poll_set_of(pid_, call)) {
        return descriptors_.list(tid, set->descriptors, set->total);
    }
    switch (call.number) {
        case SYS_msgrcv:
        case SYS_msgsnd: return message_queue_words(pid_, static_cast<int32_t>(call.arguments[0]));
        case SYS_semop:
        case SYS_semtimedop: {
            const std::string operations = semaphore_operations(pid_, call);
            return semaphore_set_words(pid_, static_cast<int32_t>(call.arguments[0])) +
                   (operations.empty() ? "" : ": " + operations);
        }
        case SYS_mq_timedreceive:
        case SYS_mq_timedsend: {
            const auto descriptor = static_cast<int>(call.arguments[0]);
            return "fd " + std::to_string(descriptor) + " message queue " + descriptors_.name(tid, descriptor);
        }
        case SYS_connect: return connection(tid, call);
        default: break;
    }
    const std::optional<int> descriptor = kernel_wait(call).descriptor;
    if (!descriptor) return path_of(pid_, call);
    const int other = other_descriptor(call);
    if (other < 0) return descriptors_.awaited(tid, *descriptor);
    return descriptors_.words(tid, *descriptor) + ", to " + descriptors_.words(tid, other);
}

/// A unix socket is not connected before the other side has taken it: the address is the call's.
std::string CallDetails::connection(uint32_t tid, const SystemCall& call) {
    std::string words = descriptors_.words(tid, static_cast<int>(call.arguments[0]));
    sockaddr_un address = {};
    const size_t wanted = std::min<uint64_t>(call.arguments[2], sizeof(address));
    const size_t bytes = read_memory(pid_, call.arguments[1], &address, wanted).bytes;
    constexpr size_t kBefore = offsetof(sockaddr_un, sun_path);
    if (bytes <= kBefore || address.sun_family != AF_UNIX) return words;
    std::string path(address.sun_path, bytes - kBefore);
    if (path.front() == '\0') {
        path.front() = '@';  // abstract: all bytes count
    } else {
        path.resize(strnlen(path.data(), path.size()));
    }
    return words + ", to " + path;
}

std::string CallDetails::child(uint32_t tid, const SystemCall& call) {
    if (call.awaits_new_child) return children_.words_of_new(tid);
    if (call.number == SYS_wait4) return children_.words({static_cast<int32_t>(call.arguments[0])});
    const auto id = static_cast<int32_t>(call.arguments[1]);
    switch (static_cast<int>(call.arguments[0])) {
        case P_PID: return children_.words({id});
        case P_PGID: return children_.words({-int64_t{id}});
        case P_PIDFD: return descriptors_.words(tid, id);
        default: return children_.words({-1});
    }
}

void CallDetails::file_lock(uint32_t tid, int descriptor, const FileLock& wanted, snapshot::Thread& thread) {
    snapshot::Wait& wait = wait_of(thread);
    wait.object.kind = snapshot::LockKind::kFile;
    wait.object.name = descriptors_.name(tid, descriptor);
    wait.detail = descriptors_.brief(tid, descriptor) + request_words(wanted);
    wait.process_owners = lock_owners_.of(tid, descriptor, wanted, thread.id);
}

/// What a wrapper noted is better known: a relative time's beginning is in no argument.
void CallDetails::fill_bound(const SystemCall& call, snapshot::Thread& thread) const {
    if (!thread.timed || thread.left_seconds) return;
    const Bound bound = bound_of(pid_, call);
    thread.left_seconds = bound.left_seconds;
    if (!thread.timeout_seconds) thread.timeout_seconds = bound.whole_seconds;
}

}  // namespace reader
