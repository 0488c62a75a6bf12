// SPDX-License-Identifier: Apache-2.0
//
// A core file of an x86-64 process, as the kernel or gdb's gcore writes them. It may be anything:
// every count is bounded, every offset checked against the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "read/kernel/proc.h"

namespace reader {

/// A thread at its last instant.
struct CoreThread {
    uint32_t tid = 0;
    uint64_t pc = 0;
    uint64_t stack_pointer = 0;
    uint64_t frame_pointer = 0;
    SystemCall call;         ///< `running` unless it was in one
    double cpu_seconds = 0;  ///< 0: not known
};

/// Memory of the process; what is not in the core was as it is in the file that was mapped there.
struct CoreSegment {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t offset = 0;  ///< in the core
    uint64_t dumped_bytes = 0;
    bool readable = false;
    bool writable = false;
    bool executable = false;
};

/// A file that was mapped.
struct CoreMapping {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t offset = 0;  ///< in the file
    std::string path;
};

class CoreFile {
public:
    /// Throws Error: cannot be read, no core, of another machine, cut short, or damaged.
    explicit CoreFile(const std::string& path);
    ~CoreFile();
    CoreFile(const CoreFile&) = delete;
    CoreFile& operator=(const CoreFile&) = delete;

    const std::vector<CoreThread>& threads() const {
        return threads_;
    }  ///< as written: the one that took the signal first
    const std::vector<CoreSegment>& segments() const { return segments_; }  ///< by address
    const std::vector<CoreMapping>& mappings() const { return mappings_; }  ///< by address
    uint32_t pid() const { return pid_; }
    uint32_t parent() const { return parent_; }
    int signal() const { return signal_; }                       ///< that ended the process; 0: it lived on
    const std::string& arguments() const { return arguments_; }  ///< the command's beginning, in one line
    uint64_t entry_point() const { return entry_point_; }        ///< 0: not known

    /// Copies up to `bytes` that are in the core from `address` on; returns how many are.
    size_t read(uint64_t address, void* to, size_t bytes) const;

private:
    std::string bytes_at(uint64_t offset, uint64_t bytes) const;
    void read_segments(uint64_t offset, uint64_t count);
    void read_notes(const std::string& notes);
    void take_note(uint32_t type, const std::string& content);
    void take_thread(const std::string& content);
    void take_files(const std::string& content);
    void take_auxiliary(const std::string& content);
    [[noreturn]] void refuse(const std::string& why) const;

    std::string path_;
    int descriptor_;
    uint64_t size_ = 0;
    std::vector<CoreThread> threads_;
    std::vector<CoreSegment> segments_;
    std::vector<CoreMapping> mappings_;
    uint32_t pid_ = 0;
    uint32_t parent_ = 0;
    int signal_ = 0;
    std::string arguments_;
    uint64_t entry_point_ = 0;
};

}  // namespace reader
