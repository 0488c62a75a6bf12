// SPDX-License-Identifier: Apache-2.0
#include "read/observed_process.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "protocol/layout.h"
#include "read/kernel/mappings.h"
#include "read/kernel/proc.h"
#include "read/read.h"
#include "read/records/head.h"
#include "read/records/identity.h"
#include "read/records/recording_name.h"

namespace reader {

namespace {

constexpr size_t kMaxCandidates = 64;

/// A mapping that may be a recording; its parts have different rights, and there may be gaps between them, of what was
/// given back.
struct Candidate {
    Mapping first;
    uint64_t end = 0;
};

/// What a process has mapped, as far as it matters here.
struct Mapped {
    std::vector<Candidate> candidates;
    bool has_library = false;
    int error = 0;
};

bool is_nameless(const Mapping& mapping) {
    // A memfd of that name, or shared memory that has none.
    return mapping.path == "/memfd:loiter" || mapping.path == "/dev/zero";
}

bool may_begin_recording(const Mapping& mapping) {
    return mapping.readable && mapping.offset == 0 &&
           (is_nameless(mapping) || parse_recording_name(mapping.path).has_value());
}

bool continues(const Candidate& candidate, const Mapping& mapping) {
    return mapping.start >= candidate.end && mapping.inode == candidate.first.inode &&
           mapping.offset == mapping.start - candidate.first.start;
}

Mapped look_at_mappings(uint32_t pid) {
    Mapped mapped;
    mapped.error = visit_mappings(pid, [&](const Mapping& mapping) {
        if (mapping.path.ends_with("/libloiter.so")) mapped.has_library = true;
        if (!mapped.candidates.empty() && continues(mapped.candidates.back(), mapping)) {
            mapped.candidates.back().end = mapping.end;
        } else if (may_begin_recording(mapping)) {
            mapped.candidates.push_back({mapping, mapping.end});
        }
        return mapped.candidates.size() < kMaxCandidates;
    });
    return mapped;
}

/// The recording's head as the process itself has it, or as the file says: forked children have
/// their parent's mapped until their first call that is seen.
bool is_of_process(const Source& source, uint32_t pid) {
    protocol::ProcessRecord head{};
    Layout layout;
    layout.head_bytes = sizeof(head);
    copy_head(source, layout, head);
    if (head.magic != protocol::kMagic) return false;
    const std::optional<TaskStat> stat = stat_of_process(pid);
    const uint32_t inner = innermost_pid(pid, pid);
    return (inner == 0 || head.pid == inner || head.pid == pid) &&
           (head.start_ticks == 0 || (stat && stat->start_ticks == head.start_ticks));
}

std::optional<ObservedProcess> open_candidate(const Candidate& candidate, uint32_t pid) {
    const Mapping& mapping = candidate.first;
    ObservedProcess found;
    if (!mapping.deleted && !is_nameless(mapping)) {
        try {
            found.path = root_of(pid) + mapping.path;
            found.source = open_file(found.path);
            if (is_of_process(*found.source, pid)) return found;
        } catch (const Error&) {
            // Out of reach by its name: the process itself still has it.
        }
    }
    found.path = "the recording of process " + std::to_string(pid) + " (which has no file)";
    found.source = open_memory(pid, mapping.start, candidate.end - mapping.start);
    if (!is_of_process(*found.source, pid)) return std::nullopt;
    return found;
}

[[noreturn]] void refuse(uint32_t pid, const Mapped& mapped) {
    const std::string process = "process " + std::to_string(pid);
    if (!process_exists(pid)) throw Error("there is no " + process);
    if (mapped.error == EACCES || mapped.error == EPERM) {
        throw Error("no right to look at " + process + "; run as its user or as root");
    }
    if (mapped.error == ESRCH) throw Error(process + " has ended");
    if (mapped.error != 0) throw Error(process + " cannot be looked at: " + why_hidden(mapped.error));
    if (!mapped.candidates.empty()) {
        throw Error("the recording of " + process +
                    " cannot be read; run as its user or as root (after a fork there is none before the first wait)");
    }
    if (mapped.has_library) {
        throw Error(process + " has no recording yet: it has made no thread and waited for no lock so far");
    }
    throw Error(process + " is not observed; start it by 'loiter run', or with LD_PRELOAD set to libloiter.so");
}

std::optional<ObservedProcess> find_in(const Mapped& mapped, uint32_t pid) {
    for (const Candidate& candidate : mapped.candidates) {
        if (std::optional<ObservedProcess> found = open_candidate(candidate, pid)) return found;
    }
    return std::nullopt;
}

}  // namespace

ObservedProcess find_observed_process(uint32_t pid) {
    const Mapped mapped = look_at_mappings(pid);
    std::optional<ObservedProcess> found = find_in(mapped, pid);
    if (!found) refuse(pid, mapped);
    return std::move(*found);
}

bool is_observed(uint32_t pid) {
    return find_in(look_at_mappings(pid), pid).has_value();
}

bool process_exists(uint32_t pid) {
    if (pid == 0 || pid > INT32_MAX) return false;
    const std::string status = read_small_file(proc_path(pid, "status"), 4096);
    if (!status.empty()) return status.find("\nTgid:\t" + std::to_string(pid) + "\n") != std::string::npos;
    // Without /proc, or with other users' processes hidden in it.
    return kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
}

}  // namespace reader
