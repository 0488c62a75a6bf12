// SPDX-License-Identifier: Apache-2.0
//
// A pool of threads as programs have it: a queue of functions, futures of their results. For the check of stacks.
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace {

class Pool {
public:
    explicit Pool(unsigned threads) {
        for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    }

    ~Pool() {
        {
            const std::lock_guard lock(mutex_);
            ends_ = true;
        }
        changed_.notify_all();
    }

    template <typename Function>
    std::future<uint64_t> submit(Function function) {
        auto task = std::make_shared<std::packaged_task<uint64_t()>>(std::move(function));
        auto result = task->get_future();
        {
            const std::lock_guard lock(mutex_);
            tasks_.push([task] { (*task)(); });
        }
        changed_.notify_one();
        return result;
    }

private:
    void work() {
        for (;;) {
            std::function<void()> task;
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [this] { return ends_ || !tasks_.empty(); });
                if (tasks_.empty()) return;
                task = std::move(tasks_.front());
                tasks_.pop();
            }
            task();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::queue<std::function<void()>> tasks_;
    bool ends_ = false;
    std::vector<std::jthread> threads_;  // joined before what they use goes
};

std::mutex total_mutex;
uint64_t total = 0;

uint64_t add_up(unsigned depth) {
    if (depth == 0) {
        const std::lock_guard lock(total_mutex);
        return ++total;
    }
    return add_up(depth - 1) + 1;
}

}  // namespace

int main() {
    Pool pool(4);
    uint64_t sum = 0;
    for (unsigned round = 0; round < 2'000; ++round) {
        std::vector<std::future<uint64_t>> results;
        for (unsigned i = 0; i < 64; ++i) results.push_back(pool.submit([i] { return add_up(i % 24); }));
        for (std::future<uint64_t>& result : results) sum += result.get();
    }
    return sum == 0 ? 1 : 0;
}
