// SPDX-License-Identifier: Apache-2.0
//
// Little code with most of what debug information can say of it: classes, templates, inlined calls, members,
// arrays, unions. See make_seeds.py.
namespace bank {

struct Lock {
    int word;
    char padding[36];
};

template <typename Value, unsigned kCount>
struct Ledger {
    union {
        Lock lock;
        Lock* other;
    };
    Value values[kCount];
    struct {
        Lock inner[2];
    } nested;
};

class Account {
public:
    virtual ~Account() = default;
    virtual int transfer(int amount) = 0;
    Lock lock;
};

Lock g_lock;
Ledger<long, 3> g_ledger;
static Ledger<char, 2> ledgers[2];

extern "C" int elsewhere(Lock*);

static inline int take(Lock& lock) {
    return elsewhere(&lock) + lock.word;
}

template <typename Value, unsigned kCount>
static inline int take_all(Ledger<Value, kCount>& ledger) {
    int sum = take(ledger.lock);
    for (Lock& lock : ledger.nested.inner) sum += take(lock);
    return sum;
}

int audit(int which) {
    int sum = take(g_lock);
    if (which != 0) {
        sum += take_all(g_ledger);
    } else {
        for (auto& ledger : ledgers) sum += take_all(ledger);
    }
    return sum;
}

}  // namespace bank

void* operator new(decltype(sizeof(0))) noexcept;
void operator delete(void*, decltype(sizeof(0))) noexcept {}

int main_loop(bank::Account* account) {
    return bank::audit(account->transfer(3));
}
