// SPDX-License-Identifier: Apache-2.0
//
// A recording in ordinary memory, in the place of preload/process/recording.cpp: the code under test finds
// it through the same functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/layout.h"

class FakeRecording {
public:
    explicit FakeRecording(uint64_t stack_bytes = 1 << 20, uint32_t modules = 128);
    ~FakeRecording();
    FakeRecording(const FakeRecording&) = delete;
    FakeRecording& operator=(const FakeRecording&) = delete;

    protocol::ProcessRecord& head() { return *head_; }

    /// The calling thread is that of a slot (0 to 7) from here on: it has a memo.
    protocol::ThreadRecord* become_thread(uint32_t slot = 0);

    struct Stack {
        protocol::StackHeader header;
        std::vector<uintptr_t> pcs;
    };
    Stack stack(uint32_t id) const;

    std::vector<const protocol::ModuleRecord*> modules() const;
    std::vector<const protocol::ModuleRecord*> modules_at(uintptr_t address) const;

private:
    protocol::ProcessRecord* head_;
    uint64_t bytes_;
};
