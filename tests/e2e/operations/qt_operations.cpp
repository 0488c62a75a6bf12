// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of Qt.
#include <QtCore/QMutex>
#include <QtCore/QReadWriteLock>
#include <QtCore/QSemaphore>
#include <QtCore/QThread>
#include <QtCore/QThreadPool>
#include <QtCore/QWaitCondition>

#include "tests/e2e/operations/operations.h"

namespace {

/// main has the locks.
QMutex g_mutex;
void lock_mutex() {
    g_mutex.lock();  // SITE(mutex) lock_mutex
}

QReadWriteLock g_rwlock;
void lock_to_read() {
    g_rwlock.lockForRead();  // SITE(read) lock_to_read
}

void lock_to_write() {
    g_rwlock.lockForWrite();  // SITE(write) lock_to_write
}

QSemaphore g_semaphore;
void acquire() {
    g_semaphore.acquire(1);  // SITE(semaphore) acquire
}

QMutex g_ready_mutex;
QWaitCondition g_ready;
void wait_for_condition() {
    g_ready_mutex.lock();
    for (;;) g_ready.wait(&g_ready_mutex);  // SITE(condition) wait_for_condition
}

class Sitting : public QThread {
    void run() override {
        for (;;) pause();
    }
};

void wait_for_thread() {
    Sitting* const thread = new Sitting;
    thread->start();
    thread->wait();  // SITE(thread) wait_for_thread
}

void sleep() {
    QThread::sleep(3600);  // SITE(sleep) sleep
}

constexpr Operation kOperations[] = {
    {"mutex", lock_mutex},
    {"read", lock_to_read},
    {"write", lock_to_write},
    {"semaphore", acquire},
    {"condition", wait_for_condition},
    {"thread", wait_for_thread},
    {"sleep", sleep},
};

}  // namespace

int main(int argc, char** argv) {
    g_mutex.lock();
    g_rwlock.lockForWrite();
    return enter_all(kOperations, argc, argv);
}
