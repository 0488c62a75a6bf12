// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that wait for a message queue, System V's or POSIX', for System V's semaphores, or
// for asynchronous I/O. All are cancellation points but those on semaphores.
#include <aio.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "preload/notes/brief_wait.h"
#include "preload/notes/takes.h"
#include "preload/real.h"

namespace preload {

namespace {

template <typename Call>
auto wait_for_ipc(Function function, int id, uint64_t deadline_ns, const CallerFrame& caller, Call call) {
    WaitRequest request = io_on_none(function);
    request.object = static_cast<uint32_t>(id);
    request.deadline_ns = deadline_ns;
    return call_briefly(request, caller, call);
}

/// All have been done; the kernel has just read them.
void note_operations(int set, const sembuf* operations, size_t count, const CallerFrame& caller) {
    constexpr size_t kMost = 8;
    for (size_t i = 0; i < count && i < kMost; ++i) {
        const uint64_t object = protocol::taken_system_v(set, operations[i].sem_num);
        if (operations[i].sem_op < 0) note_take(object, caller);
        if (operations[i].sem_op > 0) note_give_back(object, caller);
    }
}

template <typename Call>
auto wait_for_queue(Function function, mqd_t queue, const timespec* deadline, const CallerFrame& caller, Call call) {
    WaitRequest request = io_on(function, queue);
    request.deadline_ns = deadline == nullptr ? 0 : deadline_of(CLOCK_REALTIME, deadline);
    return call_briefly(request, caller, call);
}

template <typename Call>
int wait_for_transfers(Function function, const timespec* timeout, const CallerFrame& caller, Call call) {
    WaitRequest request = io_on_none(function);
    request.deadline_ns = deadline_in(timeout);
    return call_briefly(request, caller, call);
}

}  // namespace

extern "C" {

EXPORTED ssize_t msgrcv(int queue, void* message, size_t bytes, long type, int flags) {
    const auto call = [=] { return real::msgrcv(queue, message, bytes, type, flags); };
    return (flags & IPC_NOWAIT) != 0 ? call() : wait_for_ipc(Function::k_msgrcv, queue, 0, CALLER_FRAME, call);
}

EXPORTED int msgsnd(int queue, const void* message, size_t bytes, int flags) {
    const auto call = [=] { return real::msgsnd(queue, message, bytes, flags); };
    return (flags & IPC_NOWAIT) != 0 ? call() : wait_for_ipc(Function::k_msgsnd, queue, 0, CALLER_FRAME, call);
}

EXPORTED int semop(int set, sembuf* operations, size_t count) noexcept {
    const int result =
        wait_for_ipc(Function::k_semop, set, 0, CALLER_FRAME, [=] { return real::semop(set, operations, count); });
    if (result == 0) note_operations(set, operations, count, CALLER_FRAME);
    return result;
}

EXPORTED int semtimedop(int set, sembuf* operations, size_t count, const timespec* timeout) noexcept {
    const int result = wait_for_ipc(Function::k_semtimedop, set, deadline_in(timeout), CALLER_FRAME,
                                    [=] { return real::semtimedop(set, operations, count, timeout); });
    if (result == 0) note_operations(set, operations, count, CALLER_FRAME);
    return result;
}

EXPORTED ssize_t mq_receive(mqd_t queue, char* message, size_t bytes, unsigned int* priority) {
    return wait_for_queue(Function::k_mq_receive, queue, nullptr, CALLER_FRAME,
                          [=] { return real::mq_receive(queue, message, bytes, priority); });
}

EXPORTED ssize_t mq_timedreceive(mqd_t queue, char* message, size_t bytes, unsigned int* priority,
                                 const timespec* deadline) {
    return wait_for_queue(Function::k_mq_timedreceive, queue, deadline, CALLER_FRAME,
                          [=] { return real::mq_timedreceive(queue, message, bytes, priority, deadline); });
}

EXPORTED int mq_send(mqd_t queue, const char* message, size_t bytes, unsigned int priority) {
    return wait_for_queue(Function::k_mq_send, queue, nullptr, CALLER_FRAME,
                          [=] { return real::mq_send(queue, message, bytes, priority); });
}

EXPORTED int mq_timedsend(mqd_t queue, const char* message, size_t bytes, unsigned int priority,
                          const timespec* deadline) {
    return wait_for_queue(Function::k_mq_timedsend, queue, deadline, CALLER_FRAME,
                          [=] { return real::mq_timedsend(queue, message, bytes, priority, deadline); });
}

EXPORTED int aio_suspend(const aiocb* const list[], int count, const timespec* timeout) {
    return wait_for_transfers(Function::k_aio_suspend, timeout, CALLER_FRAME,
                              [=] { return real::aio_suspend(list, count, timeout); });
}

EXPORTED int aio_suspend64(const aiocb64* const list[], int count, const timespec* timeout) {
    return wait_for_transfers(Function::k_aio_suspend64, timeout, CALLER_FRAME,
                              [=] { return real::aio_suspend64(list, count, timeout); });
}

}  // extern "C"

}  // namespace preload
