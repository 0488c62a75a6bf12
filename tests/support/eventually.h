// SPDX-License-Identifier: Apache-2.0
//
// For what another process will do, and no event tells.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace support {

/// Polls until `holds` is true; bounded far beyond what a loaded machine needs.
inline bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

}  // namespace support
