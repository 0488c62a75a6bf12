// SPDX-License-Identifier: Apache-2.0
//
// A recording as its bytes are, for tests of what the library publishes: no reader in between.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/layout.h"
#include "symbolize/symbolize.h"

namespace support {

/// Maps a recording that tests trust; the process may be writing to it.
class RawRecording {
public:
    explicit RawRecording(const std::string& path) {
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        struct stat status {};
        if (file < 0 || fstat(file, &status) != 0) throw std::runtime_error("cannot open " + path);
        bytes_ = static_cast<size_t>(status.st_size);
        base_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, file, 0));
        close(file);
        if (base_ == MAP_FAILED) throw std::runtime_error("cannot map " + path);
    }
    ~RawRecording() { munmap(base_, bytes_); }
    RawRecording(const RawRecording&) = delete;
    RawRecording& operator=(const RawRecording&) = delete;

    const protocol::ProcessRecord& head() const { return *reinterpret_cast<protocol::ProcessRecord*>(base_); }

    /// Used slots, in slot order.
    std::vector<const protocol::ThreadRecord*> threads() const {
        std::vector<const protocol::ThreadRecord*> found;
        for_each<protocol::ThreadRecord>(protocol::kThreads, [&](const protocol::ThreadRecord& thread) {
            if (thread.number != 0) found.push_back(&thread);
        });
        return found;
    }
    const protocol::ThreadRecord* thread_of(uint32_t tid) const {
        for (const protocol::ThreadRecord* thread : threads()) {
            if (thread->tid == tid) return thread;
        }
        return nullptr;
    }
    const protocol::ThreadRecord* numbered(uint32_t number) const {
        for (const protocol::ThreadRecord* thread : threads()) {
            if (thread->number == number) return thread;
        }
        return nullptr;
    }

    /// The recorded module that covers an address; empty: none does.
    std::string module_at(uint64_t address) const {
        std::string path;
        for_each<protocol::ModuleRecord>(protocol::kModules, [&](const protocol::ModuleRecord& module) {
            if (module.ready == 1 && module.start <= address && address < module.end) path = module.path;
        });
        return path;
    }

    /// Lines of `file` (a base name) on an interned stack.
    std::set<int> lines_in(const std::string& file, uint32_t stack) const {
        snapshot::Snapshot snapshot;
        snapshot.stacks.push_back(frames_of(stack));
        // To find libc's own lines takes longer than all else that a test does.
        std::erase_if(snapshot.stacks.back().frames,
                      [](const snapshot::Frame& frame) { return frame.module.ends_with("/libc.so.6"); });
        symbolize::Symbolizer().name(snapshot);
        std::set<int> lines;
        for (const snapshot::Frame& frame : snapshot.stacks.back().frames) {
            if (std::filesystem::path(frame.file).filename() == file) lines.insert(frame.line);
        }
        return lines;
    }

private:
    template <typename Element>
    void for_each(protocol::RegionKind kind, const std::function<void(const Element&)>& visit) const {
        const protocol::Region& region = head().regions[kind];
        const auto* const elements = reinterpret_cast<const Element*>(base_ + region.offset);
        const uint64_t bytes = std::min(region.used.load(), region.committed.load());
        for (size_t i = 0; i < bytes / sizeof(Element); ++i) visit(elements[i]);
    }

    snapshot::Stack frames_of(uint32_t id) const {
        snapshot::Stack stack;
        if (id == 0) return stack;
        const char* const at = base_ + head().regions[protocol::kStacks].offset + uint64_t{id} * 8;
        const auto& header = *reinterpret_cast<const protocol::StackHeader*>(at);
        const auto* const pcs = reinterpret_cast<const uint64_t*>(at + sizeof(header));
        for (uint16_t i = 0; i < header.depth; ++i) {
            snapshot::Frame frame;
            frame.address = pcs[i];
            for_each<protocol::ModuleRecord>(protocol::kModules, [&](const protocol::ModuleRecord& module) {
                if (module.start <= pcs[i] && pcs[i] < module.end) {
                    frame.module = module.path;
                    frame.offset = pcs[i] - module.bias;
                }
            });
            stack.frames.push_back(frame);
        }
        return stack;
    }

    char* base_ = nullptr;
    size_t bytes_ = 0;
};

}  // namespace support
