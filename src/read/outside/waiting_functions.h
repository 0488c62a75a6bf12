// SPDX-License-Identifier: Apache-2.0
//
// Which of libc's waiting functions a stack is in, by what the process' own libc exports.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "snapshot/snapshot.h"
#include "unwind/unwinder.h"

namespace reader {

class WaitingFunctions {
public:
    /// Outlives this.
    explicit WaitingFunctions(unwind::Unwinder& unwinder);

    /// Of waiting_functions(); empty: none of them.
    std::string_view of(const snapshot::Stack& stack);

private:
    unwind::Unwinder& unwinder_;
    std::unordered_map<uint64_t, std::string_view> functions_;  ///< by address
};

}  // namespace reader
