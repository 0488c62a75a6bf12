// SPDX-License-Identifier: Apache-2.0
#include "read/outside/python_stacks.h"

#include <algorithm>
#include <utility>

#include "read/kernel/mappings.h"
#include "read/kernel/target_memory.h"
#include "snapshot/interpreter_file.h"

namespace reader {

namespace {

constexpr int kMaxChainLooks = 4;
constexpr size_t kMaxImages = 4096;

std::vector<python::Image> images_of(uint32_t pid) {
    std::vector<python::Image> images;
    visit_mappings(pid, [&](const Mapping& mapping) {
        if (mapping.offset == 0 && mapping.inode != 0 && mapping.readable)
            images.push_back({mapping.start, mapping.path});
        return images.size() < kMaxImages;
    });
    // A program with the interpreter in it has another name.
    std::stable_partition(images.begin(), images.end(),
                          [](const python::Image& image) { return snapshot::is_python_interpreter(image.path); });
    return images;
}

bool is_in_call(const Task& task) {
    return task.status && task.call && !task.call->running && task.call->number >= 0;
}

}  // namespace

PythonStacks::PythonStacks(uint32_t pid)
    : pid_(pid),
      memory_([pid](uint64_t address, void* to, size_t bytes) { return read_memory(pid, address, to, bytes).bytes; }) {}

void PythonStacks::prepare() {
    if (is_prepared_) return;
    is_prepared_ = true;
    const std::vector<python::Image> images = images_of(pid_);
    interpreter_ = python::Interpreter::find(memory_, images, why_);
    if (interpreter_ == nullptr) {
        const bool is_named = !images.empty() && snapshot::is_python_interpreter(images.front().path);
        if (why_.empty() && is_named) why_ = "the interpreter's memory could not be read";
        return;
    }
    has_ended_ = !interpreter_->is_in_use();
    if (has_ended_) return;
    // Threads come and go meanwhile.
    for (int looks = 0; looks < kMaxChainLooks; ++looks) {
        if (auto states = interpreter_->threads()) {
            states_ = std::move(*states);
            return;
        }
    }
    why_ = "the interpreter's list of threads could not be read";
}

/// While it sleeps nobody changes its frames, nor what they are of. A thread that is still in the call that
/// it was seen in has slept all the while.
std::optional<PythonStacks::Sight> PythonStacks::look_at_sleeper(const Task& task, uint64_t state) {
    static const python::Codes kNone;
    std::optional<Task> seen = task;
    for (int looks = 0; looks < kMaxChainLooks && seen && is_in_call(*seen); ++looks) {
        const bool is_of_task = looks == 0;
        std::optional<python::Chain> chain = interpreter_->chain(task.recorded_tid, state, is_of_task ? codes_ : kNone);
        if (chain && sleeps_on(pid_, *seen)) {
            if (is_of_task) codes_.merge(chain->codes);
            return Sight{std::move(*chain), is_of_task, false};
        }
        int ignored = 0;
        seen = look_at_task(pid_, task.tid, ignored);
    }
    return std::nullopt;
}

/// Two equal looks, which is what can be had: both may have met a generator that was being left.
std::optional<python::Chain> PythonStacks::look_at_runner(uint32_t native_id, uint64_t state) const {
    std::optional<python::Chain> before = interpreter_->chain(native_id, state);
    for (int looks = 0; looks < kMaxChainLooks; ++looks) {
        std::optional<python::Chain> chain = interpreter_->chain(native_id, state);
        if (chain && !chain->ends_in_generator && before && chain->marks == before->marks) return chain;
        before = std::move(chain);
    }
    return std::nullopt;
}

/// Only while it sleeps: nothing that it does can be of Python any more.
std::optional<PythonStacks::Sight> PythonStacks::look_at_left(const Task& task) {
    if (!is_in_call(task)) return std::nullopt;
    const std::optional<uint64_t> state = interpreter_->left_state(task.recorded_tid, task.call->stack_pointer);
    std::optional<Sight> sight = state ? look_at_sleeper(task, *state) : std::nullopt;
    if (!sight || sight->chain.frames.empty()) return std::nullopt;
    ++left_;
    return sight;
}

std::string PythonStacks::note() const {
    if (left_ > 0) return "the interpreter was no longer in use: python frames are what it left in memory";
    if (has_ended_) return "python frames not known: the interpreter was not yet, or no longer, in use";
    return why_.empty() ? "" : "python frames not known: " + why_;
}

std::optional<PythonStacks::Sight> PythonStacks::look(const Task& task) {
    prepare();
    if (interpreter_ == nullptr) return std::nullopt;
    if (has_ended_) return look_at_left(task);
    // A thread may have states in several interpreters; only one of them has frames.
    std::optional<Sight> only;
    const auto [begin, end] = states_.equal_range(task.recorded_tid);
    for (auto entry = begin; entry != end; ++entry) {
        std::optional<Sight> sight = look_at_sleeper(task, entry->second);
        if (!sight) {
            std::optional<python::Chain> chain = look_at_runner(task.recorded_tid, entry->second);
            if (chain) sight = Sight{std::move(*chain), false, true};
        }
        if (!sight) return std::nullopt;
        if (sight->chain.frames.empty()) continue;
        if (only) return std::nullopt;
        only = std::move(sight);
    }
    return only;
}

void PythonStacks::add_to(std::vector<snapshot::Thread>& threads, const std::vector<Task>& tasks, StackTable& stacks) {
    for (snapshot::Thread& thread : threads) {
        if (thread.finished || thread.tid == 0) continue;
        const auto task = std::lower_bound(tasks.begin(), tasks.end(), thread.tid,
                                           [](const Task& one, uint32_t tid) { return one.tid < tid; });
        if (task == tasks.end() || task->tid != thread.tid) continue;
        std::optional<Sight> sight = look(*task);
        if (!sight) continue;
        if (!sight->is_of_task) thread.settled = false;
        snapshot::Stack inner;
        inner.frames = std::move(sight->chain.frames);
        inner.truncated = sight->chain.truncated;
        inner.moving = sight->ran;
        thread.stack = stacks.index_of_longer(std::move(inner), thread.stack);
    }
}

void PythonStacks::note_end(const std::vector<snapshot::Module>& modules) {
    const bool has_interpreter = std::any_of(modules.begin(), modules.end(), [](const snapshot::Module& module) {
        return snapshot::is_python_interpreter(module.path);
    });
    if (has_interpreter) why_ = "the process has ended";
}

}  // namespace reader
