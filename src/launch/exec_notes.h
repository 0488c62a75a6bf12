// SPDX-License-Identifier: Apache-2.0
//
// What the processes of a run were about to execute, and which of it left no recording. Exact for
// what it names; it cannot name what was executed past the library: by posix_spawn (system and popen
// start their shell so; what that executes is seen where the shell is observed), by a bare system
// call, or by an unobserved process. What was executed out of reach of the run's folder (chroot,
// another user) is only counted: Recording::executed_out_of_reach.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "launch/launch.h"

namespace launch {

class ExecNotes {
public:
    /// `directory` outlives it. `run`: RunMark::number.
    ExecNotes(const std::string& directory, uint32_t run) : directory_(directory), run_(run) {}

    static bool is_note(const std::string& name);
    /// Names of the notes that lie in the folder.
    std::vector<std::string> all() const;

    /// A note appeared, of this run or of another one.
    void take(const std::string& name);
    /// A recording appeared: the process' latest program is observed.
    void note_recording(uint32_t pid);
    /// Names what was not observed, but for what process `root` itself executed, most frequent first;
    /// removes the notes. Of a process that still runs only what is certain is named.
    std::vector<Unobserved> finish(uint32_t root);

private:
    struct Note {
        std::string name;
        std::string program;
        std::string why;  ///< empty: nothing is known but that there is no recording
    };

    void remove(const std::string& name) const;
    bool was_executed(uint32_t pid, const Note& note) const;

    const std::string& directory_;
    const uint32_t run_;
    std::multimap<uint32_t, Note> pending_;  ///< by process
    std::set<uint32_t> recorded_;            ///< processes that began a recording
};

}  // namespace launch
