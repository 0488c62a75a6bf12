// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

namespace launch {

/// While it lives this process may open as many files as it may allow itself: a descriptor for each process of a run.
class DescriptorLimit {
public:
    DescriptorLimit();
    ~DescriptorLimit() { restore(); }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;

    /// As this command got it; for a forked child, async-signal-safe.
    void restore() const noexcept;

private:
    rlimit original_ = {};
    bool is_raised_ = false;
};

}  // namespace launch
