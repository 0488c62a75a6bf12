// SPDX-License-Identifier: Apache-2.0
#include "fake_recording.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "preload/process/recording.h"
#include "preload/process/reservation.h"
#include "preload/process/restriction.h"
#include "preload/stacks/stack_table.h"
#include "preload/threads/this_thread.h"

namespace preload {

protocol::ProcessRecord* process = nullptr;
__thread uintptr_t current_record __attribute__((tls_model("initial-exec"))) = 0;
std::atomic<uint32_t> restrictions{0};

uint64_t take(protocol::RegionKind kind, uint64_t bytes) {
    protocol::Region& region = process->regions[kind];
    const uint64_t offset = region.used.fetch_add(bytes);
    return offset + bytes > region.bytes ? UINT64_MAX : offset;
}

void* region_address(protocol::RegionKind kind, uint64_t offset) {
    return reinterpret_cast<char*>(process) + process->regions[kind].offset + offset;
}

uint64_t usable_bytes(protocol::RegionKind kind) {
    return process->regions[kind].bytes;
}

uint32_t module_count() {
    const protocol::Region& region = process->regions[protocol::kModules];
    const uint64_t used = region.used.load();
    return static_cast<uint32_t>((used < region.bytes ? used : region.bytes) / sizeof(protocol::ModuleRecord));
}

protocol::ModuleRecord* module_slot(uint32_t index) {
    if (index >= module_count()) return nullptr;
    return static_cast<protocol::ModuleRecord*>(
        region_address(protocol::kModules, uint64_t{index} * sizeof(protocol::ModuleRecord)));
}

}  // namespace preload

FakeRecording::FakeRecording(uint64_t stack_bytes, uint32_t modules) {
    const uint64_t module_bytes = uint64_t{modules} * sizeof(protocol::ModuleRecord);
    constexpr uint64_t kThreadBytes = 8 * sizeof(protocol::ThreadRecord);
    bytes_ = protocol::kHeadBytes + stack_bytes + module_bytes + kThreadBytes;
    void* const memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    head_ = static_cast<protocol::ProcessRecord*>(memory);
    protocol::Region& stacks = head_->regions[protocol::kStacks];
    stacks.offset = protocol::kHeadBytes;
    stacks.bytes = stack_bytes;
    stacks.used = 16;
    protocol::Region& table = head_->regions[protocol::kModules];
    table.offset = protocol::kHeadBytes + stack_bytes;
    table.bytes = module_bytes;
    head_->regions[protocol::kThreads].offset = protocol::kHeadBytes + stack_bytes + module_bytes;
    head_->regions[protocol::kThreads].bytes = kThreadBytes;
    if (readlink("/proc/self/exe", head_->exe, sizeof(head_->exe) - 1) < 0) abort();
    preload::process = head_;
    preload::reset_stack_table();
}

FakeRecording::~FakeRecording() {
    preload::process = nullptr;
    preload::current_record = 0;
    munmap(head_, bytes_);
}

protocol::ThreadRecord* FakeRecording::become_thread(uint32_t slot) {
    auto* const record = static_cast<protocol::ThreadRecord*>(preload::region_address(protocol::kThreads, 0)) + slot;
    preload::current_record = reinterpret_cast<uintptr_t>(record);
    return record;
}

FakeRecording::Stack FakeRecording::stack(uint32_t id) const {
    Stack stack{};
    const char* const at = reinterpret_cast<const char*>(head_) + head_->regions[protocol::kStacks].offset + id * 8ULL;
    memcpy(&stack.header, at, sizeof(stack.header));
    stack.pcs.resize(stack.header.depth);
    memcpy(stack.pcs.data(), at + sizeof(stack.header), stack.pcs.size() * sizeof(uintptr_t));
    return stack;
}

std::vector<const protocol::ModuleRecord*> FakeRecording::modules() const {
    std::vector<const protocol::ModuleRecord*> all;
    for (uint32_t i = 0; i < preload::module_count(); ++i) {
        const protocol::ModuleRecord* const record = preload::module_slot(i);
        if (record->ready != 0) all.push_back(record);
    }
    return all;
}

std::vector<const protocol::ModuleRecord*> FakeRecording::modules_at(uintptr_t address) const {
    std::vector<const protocol::ModuleRecord*> found;
    for (const protocol::ModuleRecord* const record : modules()) {
        if (address >= record->start && address < record->end) found.push_back(record);
    }
    return found;
}
