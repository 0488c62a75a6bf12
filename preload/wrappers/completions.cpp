// SPDX-License-Identifier: Apache-2.0
//
// Work that libc's own threads do, or watch for, and of whose end they tell by a function of the program's: it could
// wake a thread without a lock. Noted, and forwarded.
#include <aio.h>
#include <mqueue.h>
#include <netdb.h>
#include <signal.h>

#include "preload/notes/wakers.h"
#include "preload/real.h"

namespace preload {

namespace {

/// Whoever is to be told: what the call was given may be gone, or another's, as soon as it was told.
template <typename Call>
int begin_work(Call call) {
    const int error = call();
    if (error == 0) note_waker(protocol::kWakerCompletion);
    return error;
}

}  // namespace

extern "C" {

EXPORTED int aio_read(aiocb* transfer) noexcept {
    return begin_work([=] { return real::aio_read(transfer); });
}

EXPORTED int aio_read64(aiocb64* transfer) noexcept {
    return begin_work([=] { return real::aio_read64(transfer); });
}

EXPORTED int aio_write(aiocb* transfer) noexcept {
    return begin_work([=] { return real::aio_write(transfer); });
}

EXPORTED int aio_write64(aiocb64* transfer) noexcept {
    return begin_work([=] { return real::aio_write64(transfer); });
}

EXPORTED int aio_fsync(int operation, aiocb* transfer) noexcept {
    return begin_work([=] { return real::aio_fsync(operation, transfer); });
}

EXPORTED int aio_fsync64(int operation, aiocb64* transfer) noexcept {
    return begin_work([=] { return real::aio_fsync64(operation, transfer); });
}

EXPORTED int lio_listio_new(int mode, aiocb* const list[], int count, sigevent* event) noexcept {
    return begin_work([=] { return real::lio_listio_new(mode, list, count, event); });
}

EXPORTED int lio_listio_mid(int mode, aiocb* const list[], int count, sigevent* event) noexcept {
    return begin_work([=] { return real::lio_listio_mid(mode, list, count, event); });
}

EXPORTED int lio_listio_old(int mode, aiocb* const list[], int count, sigevent* event) noexcept {
    return begin_work([=] { return real::lio_listio_old(mode, list, count, event); });
}

EXPORTED int lio_listio64_new(int mode, aiocb64* const list[], int count, sigevent* event) noexcept {
    return begin_work([=] { return real::lio_listio64_new(mode, list, count, event); });
}

EXPORTED int lio_listio64_mid(int mode, aiocb64* const list[], int count, sigevent* event) noexcept {
    return begin_work([=] { return real::lio_listio64_mid(mode, list, count, event); });
}

EXPORTED int lio_listio64_old(int mode, aiocb64* const list[], int count, sigevent* event) noexcept {
    return begin_work([=] { return real::lio_listio64_old(mode, list, count, event); });
}

EXPORTED int mq_notify(mqd_t queue, const sigevent* event) noexcept {
    if (event == nullptr || event->sigev_notify == SIGEV_NONE) return real::mq_notify(queue, event);
    return begin_work([=] { return real::mq_notify(queue, event); });
}

EXPORTED int getaddrinfo_a(int mode, gaicb* list[], int count, sigevent* event) {
    return begin_work([=] { return real::getaddrinfo_a(mode, list, count, event); });
}

}  // extern "C"

EXPORT_VERSION(lio_listio, new, "@@GLIBC_2.34");
EXPORT_VERSION(lio_listio, mid, "@GLIBC_2.4");
EXPORT_VERSION(lio_listio, old, "@GLIBC_2.2.5");
EXPORT_VERSION(lio_listio64, new, "@@GLIBC_2.34");
EXPORT_VERSION(lio_listio64, mid, "@GLIBC_2.4");
EXPORT_VERSION(lio_listio64, old, "@GLIBC_2.2.5");

}  // namespace preload
