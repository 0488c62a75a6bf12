// SPDX-License-Identifier: Apache-2.0
//
// Under a command: word of which file this process is about to execute, so that a program that
// leaves no recording (static, setuid, without our environment) can be named. A symbolic link in the
// run's folder: one system call, no descriptor, and the order of events tells what came after it.
#pragma once

#include <cstdint>

namespace preload {

enum class Lookup { kAsGiven, kInPath };

/// On the caller's stack. Usable in children of fork and vfork: writes to nothing else, but for a counter in a
/// recording.
class ExecNote {
public:
    /// `environment`: what the new program gets.
    ExecNote(const char* file, Lookup lookup, char* const environment[]) noexcept;
    /// Of an open file.
    ExecNote(int descriptor, char* const environment[]) noexcept;
    /// As execveat finds it.
    ExecNote(int folder, const char* path, int flags, char* const environment[]) noexcept;
    /// Of a child that posix_spawn has made, and that runs.
    ExecNote(int child, const char* file, Lookup lookup, char* const environment[]) noexcept;
    /// The exec failed: nothing was executed.
    void withdraw() const noexcept;

private:
    static constexpr unsigned long kPathBytes = 1024;

    void resolve(const char* file, Lookup lookup) noexcept;
    void search(const char* file) noexcept;
    bool join(const char* folder, unsigned long folder_length, const char* file) noexcept;
    void leave(char* const environment[]) noexcept;
    void leave_of(uint64_t pid, const char* kinds, char* const environment[]) noexcept;

    bool is_lost_ = false;        ///< and counted in ProcessRecord::exec_notes_lost
    char name_[kPathBytes + 96];  ///< of the link; empty: none was made
    char text_[kPathBytes];       ///< protocol::kExecNoteKinds, and the path
};

}  // namespace preload
