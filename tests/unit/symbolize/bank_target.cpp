// SPDX-License-Identifier: Apache-2.0
//
// A library for the tests to name: it says the address of code whose line carries a mark "at <site>", and the address
// of global objects together with what each is to be called.
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>

#include <array>
#include <mutex>
#include <utility>

#define NOINLINE __attribute__((noinline))
#define INLINED __attribute__((always_inline)) inline

using Record = void (*)(const char* name, const void* address);

extern "C" void plain_c_function(Record record);

/// Its return address: a place in the caller, as unwinders see it.
extern "C" NOINLINE void* bank_here() {
    asm volatile("");
    return __builtin_return_address(0);
}

static jmp_buf g_after_leaving;

/// Records where it would return to, and does not.
extern "C" NOINLINE __attribute__((noreturn)) void bank_leave(Record record) {
    record("leaving", __builtin_return_address(0));
    longjmp(g_after_leaving, 1);
}

namespace bank {

/// Ends with a call: the return address is past its end.
NOINLINE void leaving(Record record) {
    bank_leave(record);  // at leaving
}

class Account {
public:
    NOINLINE void deposit(int amount, Record record);
    INLINED void check(Record record) const;

private:
    int balance_ = 0;
};

void Account::deposit(int amount, Record record) {
    record("deposit", bank_here());  // at deposit
    balance_ += amount;
}

void Account::check(Record record) const {
    record("check", bank_here());  // at check
}

NOINLINE static void audit(long, Record record) {
    record("audit", bank_here());  // at audit
    asm volatile("");
}

namespace {

INLINED void innermost(const char* const&, Record record) {
    record("innermost", bank_here());  // at innermost
}

INLINED void middle(Record record) {
    innermost("x", record);  // at middle
}

}  // namespace

NOINLINE void outer(Record record) {
    middle(record);  // at outer
    asm volatile("");
}

NOINLINE void checked(const Account& account, Record record) {
    account.check(record);  // at checked
    asm volatile("");
}

template <class T>
NOINLINE void sort_all(T, Record record) {
    record("sort_all", bank_here());  // at sort_all
    asm volatile("");
}

NOINLINE void with_lambda(Record record) {
    const auto lambda = [record](int) __attribute__((always_inline)) {
        record("lambda", bank_here());  // at lambda
    };
    lambda(1);  // at with_lambda
    asm volatile("");
}

struct Ledger {
    long entries;
    std::mutex lock;
};

struct Base {
    int id;
    std::mutex base_lock;
};

struct House : Base {
    std::mutex first;
    Ledger ledgers[3];
    sem_t gates[2][2];
    union {
        pthread_mutex_t shared;
        int number;
    };
    static std::mutex g_opening;
};

struct Wrapper {
    pthread_mutex_t raw;
};

struct LockFirst {
    std::mutex lock;
    int value;
};

std::mutex House::g_opening;
House g_house;
Wrapper g_wrapper;
LockFirst g_lock_first;
std::mutex g_ledger;
pthread_mutex_t g_rows[4];
std::array<std::mutex, 3> g_array;
std::pair<int, std::mutex> g_pair;
const void* g_no_lock[16];

namespace {
std::mutex g_hidden;
}

std::mutex& local_lock() {
    static std::mutex lock;
    return lock;
}

Ledger& local_ledger() {
    static Ledger ledger;
    return ledger;
}

}  // namespace bank

pthread_mutex_t g_plain = PTHREAD_MUTEX_INITIALIZER;

extern "C" void bank_visit_code(Record record) {
    bank::Account account;
    account.deposit(1, record);
    bank::audit(1, record);
    bank::outer(record);
    bank::checked(account, record);
    bank::sort_all(2L, record);
    bank::with_lambda(record);
    plain_c_function(record);
    if (setjmp(g_after_leaving) == 0) bank::leaving(record);
}

extern "C" void bank_visit_objects(Record record) {
    using namespace bank;
    record("g_plain", &g_plain);
    record("bank::g_ledger", &g_ledger);
    record("bank::(anonymous namespace)::g_hidden", &g_hidden);
    record("bank::local_lock()::lock", &local_lock());
    record("bank::local_ledger()::ledger.lock", &local_ledger().lock);
    record("bank::House::g_opening", &House::g_opening);
    record("bank::g_house.base_lock", &g_house.base_lock);
    record("bank::g_house.first", &g_house.first);
    record("bank::g_house.ledgers[2].lock", &g_house.ledgers[2].lock);
    record("bank::g_house.gates[1][0]", &g_house.gates[1][0]);
    record("bank::g_house.shared", &g_house.shared);
    record("bank::g_wrapper", &g_wrapper.raw);
    record("bank::g_lock_first.lock", &g_lock_first.lock);
    record("bank::g_rows[0]", &g_rows[0]);
    record("bank::g_rows[3]", &g_rows[3]);
    record("bank::g_array[0]", &g_array[0]);
    record("bank::g_array[2]", &g_array[2]);
    record("bank::g_pair.second", &g_pair.second);
    record("bank::g_no_lock[2]+0x4", reinterpret_cast<const char*>(&g_no_lock[2]) + 4);
}
