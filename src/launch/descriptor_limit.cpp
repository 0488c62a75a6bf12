// SPDX-License-Identifier: Apache-2.0
#include "launch/descriptor_limit.h"

#include <algorithm>

namespace launch {
namespace {

constexpr rlim_t kEnough = 65536;

}  // namespace

DescriptorLimit::DescriptorLimit() {
    if (getrlimit(RLIMIT_NOFILE, &original_) != 0) return;
    const rlimit raised{std::max(original_.rlim_cur, std::min(original_.rlim_max, kEnough)), original_.rlim_max};
    is_raised_ = raised.rlim_cur != original_.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

void DescriptorLimit::restore() const noexcept {
    if (is_raised_) setrlimit(RLIMIT_NOFILE, &original_);
}

}  // namespace launch
