// SPDX-License-Identifier: Apache-2.0
//
// A CPython interpreter in a live process, found by what it exports: its threads, and the Python frames
// that each is in.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "python/frames.h"
#include "python/left_states.h"
#include "python/memory.h"
#include "python/objects.h"
#include "python/offsets.h"

namespace python {

/// A file that the process has mapped from its first byte on.
struct Image {
    uint64_t base = 0;
    std::string path;
};

class Interpreter {
public:
    /// Empty: the process has none, or `why` says why its frames cannot be known. `memory` is kept.
    static std::unique_ptr<Interpreter> find(const Memory& memory, std::span<const Image> images, std::string& why);
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    /// Not yet, or no longer: it knows no thread.
    bool is_in_use() const;

    /// The threads' states by the kernel's ids, as the process itself numbers them. Empty: they changed
    /// while they were read.
    std::optional<std::multimap<uint32_t, uint64_t>> threads() const;

    /// Of a thread that its end left behind: see left_states.h.
    std::optional<uint64_t> left_state(uint32_t native_id, uint64_t stack_pointer) const {
        return find_left_state(memory_, offsets_, native_id, stack_pointer);
    }

    /// The frames of the thread with this state. Empty: it has become another one, or moves. `known`: as
    /// in `read_chain`.
    std::optional<Chain> chain(uint32_t native_id, uint64_t state, const Codes& known = {}) const;

private:
    explicit Interpreter(const Memory& memory) : memory_(memory) {}
    bool add_threads(uint64_t interpreter, std::multimap<uint32_t, uint64_t>& threads) const;
    std::optional<uint64_t> frame_of(uint32_t native_id, uint64_t state) const;

    const Memory& memory_;
    Offsets offsets_{};
    Types types_;
    Objects objects_{memory_, offsets_, types_};
    uint64_t runtime_ = 0;
};

}  // namespace python
