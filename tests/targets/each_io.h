// SPDX-License-Identifier: Apache-2.0
//
// What the rows of each_wrapper share that wait for descriptors and the like. What such a call is "about"
// is what its wait's detail must say.
#pragma once

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/targets/each_wrapper.h"

/// As AT, of a call that is about a number.
#define ABOUT(number, call) AT(reinterpret_cast<void*>(static_cast<uint64_t>(number)), call)

namespace each_io {

inline constexpr timespec kHour{3600, 0};

inline char bytes[64];
inline int ready = -1;  ///< a descriptor that need not be waited for
inline int stuck = -1;  ///< one that is waited for for ever

inline int must(int result) {
    if (result < 0) abort();
    return result;
}

struct Pair {
    int ends[2];
};
inline Pair make_pipe() {
    Pair made;
    must(pipe(made.ends));
    return made;
}

using OnDescriptor = std::function<void(int)>;

/// The same call on a descriptor that is ready and on one that is not.
inline Row on_both(void (*prepare)(), const OnDescriptor& call) {
    return {[=] { prepare(), call(ready); }, [=] { call(stuck); }, prepare};
}
inline Row on_ready(void (*prepare)(), const OnDescriptor& call) {
    return {[=] { prepare(), call(ready); }, {}};
}

}  // namespace each_io
