// SPDX-License-Identifier: Apache-2.0
//
// The children that a thread waits for: which they are, and what they are doing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reader {

/// As waitpid's first argument: > 0 that child, -1 any, 0 those of the caller's process group, below
/// -1 of the group with that number. In the target's pid namespace.
struct AwaitedChild {
    int64_t pid = -1;
};

class Children {
public:
    /// `translates`: the process has other numbers in its own pid namespace.
    Children(uint32_t pid, bool translates) : pid_(pid), translates_(translates) {}

    /// "child 4245 (sleep 100), sleeping"; "any child: 4245 (sleep 100), sleeping; ..."
    std::string words(const AwaitedChild& awaited);
    /// Of the child that thread `tid` has just made, and that has no program of its own yet: "child 4245 (make),
    /// sleeping in openat, has not executed its program yet"
    std::string words_of_new(uint32_t tid);

private:
    struct Child {
        uint32_t pid = 0;        ///< here
        uint32_t inner_pid = 0;  ///< in the target's namespace
        int64_t group = 0;       ///< here
        char state = '?';
    };
    const std::vector<Child>& all();
    static std::string describe(const Child& child);

    uint32_t pid_;
    bool translates_;
    std::optional<std::vector<Child>> children_;
};

}  // namespace reader
