// SPDX-License-Identifier: Apache-2.0
//
// Under a command: word of which file this process is about to execute, so that a program that
// leaves no recording (static, setuid, without our environment) can be named. A symbolic link in the
// run's folder: one system call, no descriptor, and the order of events tells what came after it.
#pragma once

#include <cstdint>

namespace preload {

enum class Lookup { kAsGiven, kInPath };

/// Usable in children of fork and vfork, and of clone with a stack for little more than the call: what it needs
/// is on a scratch stack, so that it is made again where the note is withdrawn. Writes to nothing else, but for a
/// counter in a recording.
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
    class Draft;

    void leave(Draft& draft, uint64_t pid, const char* kinds, char* const environment[]) noexcept;

    uint64_t pid_ = 0;
    uint64_t time_ = 0;     ///< both in the name of the link; 0: none was made
    bool is_lost_ = false;  ///< and counted in ProcessRecord::exec_notes_lost
};

}  // namespace preload
