// SPDX-License-Identifier: Apache-2.0
//
// Runs right before an exec, also in children of vfork that borrow their parent's memory: system
// calls only, nothing but the stack and the scratch stacks is written, errno stays.
#include "preload/wrappers/exec_note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/stacks/safe_read.h"
#include "preload/stacks/scratch_stack.h"
#include "preload/text.h"
#include "preload/threads/this_thread.h"
#include "protocol/layout.h"

namespace preload {

namespace {

/// Of an open file, without a zero at its end. Negative: not known.
long read_path_of(int descriptor, char* path, size_t size) {
    char link[40];
    Text(link, sizeof(link)).add("/proc/self/fd/").add_number(static_cast<uint32_t>(descriptor));
    return raw_syscall(SYS_readlink, as_argument(link), as_argument(path), static_cast<long>(size));
}

bool can_run(const char* path) {
    struct stat status;
    return raw_syscall(SYS_newfstatat, AT_FDCWD, as_argument(path), as_argument(&status), 0) == 0 &&
           S_ISREG(status.st_mode) && raw_syscall(SYS_faccessat, AT_FDCWD, as_argument(path), X_OK) == 0;
}

/// What is not there will not be executed. The kernel tells a bad pointer as well, which an exec of
/// a given file must survive; execvp looks at the name itself.
bool may_be_executed(const char* file, Lookup lookup) {
    if (lookup == Lookup::kInPath) return file != nullptr && file[0] != '\0';
    return raw_syscall(SYS_faccessat, AT_FDCWD, as_argument(file), F_OK) == 0;
}

/// What is shorter than `name` may lie at the end of what can be read.
template <size_t kBytes>
bool begins_with(SafeReader& memory, uintptr_t text, const char (&name)[kBytes]) {
    char begin[kBytes - 1];
    return memory.copy(text, begin, sizeof(begin)) && memcmp(begin, name, sizeof(begin)) == 0;
}

template <size_t kBytes>
bool contains(SafeReader& memory, uintptr_t text, const char (&name)[kBytes]) {
    for (char first = '\0'; memory.copy(text, &first, 1) && first != '\0'; ++text) {
        if (first == name[0] && begins_with(memory, text, name)) return true;
    }
    return false;
}

/// The new program will load the library and record in the same folder. Of what an exec is given
/// the kernel refuses what cannot be read; so it is read with care here.
bool keeps_us(char* const* environment) {
    SafeReader memory;
    bool preloads = false;
    bool has_folder = false;
    uintptr_t variable = 0;
    for (auto at = reinterpret_cast<uintptr_t>(environment); memory.read(at, variable) && variable != 0;
         at += sizeof(variable)) {
        if (begins_with(memory, variable, "LD_PRELOAD=")) preloads = contains(memory, variable, "/libloiter.so");
        if (begins_with(memory, variable, "LOITER_DIR=")) has_folder = true;
    }
    return preloads && has_folder;
}

/// Somebody wants to know.
bool is_watched() {
    return run_directory()[0] != '\0' && !is_restricted();
}

const char* search_path() {
    const char* const folders = getenv("PATH");
    return folders == nullptr ? "/bin:/usr/bin" : folders;
}

uint64_t own_pid() {
    return static_cast<uint64_t>(raw_syscall(SYS_getpid));
}

/// Of the run's folder: for another user, in another root or namespace. The new program will not record there, either.
bool is_out_of_reach(long error) {
    return error == -EACCES || error == -EPERM || error == -ENOENT || error == -ENOTDIR || error == -EROFS;
}

}  // namespace

/// The note as it is being written, too large for the stacks of some callers.
class ExecNote::Draft {
public:
    Draft() { *path() = '\0'; }

    /// Puts the absolute path of `file` into the text; nothing where it is too long or unknown.
    void resolve(const char* file) {
        if (file[0] == '/') {
            join("", 0, file + 1);
        } else {
            const long length = raw_syscall(SYS_getcwd, as_argument(other_), static_cast<long>(sizeof(other_)));
            if (length > 1) join(other_, static_cast<unsigned long>(length) - 1, file);
        }
    }

    /// As execvp goes through PATH.
    void search(const char* folders, const char* file) {
        if (strchr(file, '/') != nullptr) return resolve(file);
        for (;;) {
            const char* const end = strchrnul(folders, ':');
            // Relative folders are rare, and would need the current one: the note is left out.
            if (*folders == '/' && join(folders, static_cast<unsigned long>(end - folders), file) && can_run(path())) {
                return;
            }
            if (*end == '\0') break;
            folders = end + 1;
        }
        *path() = '\0';
    }

    void resolve_descriptor(int descriptor) {
        const long length = read_path_of(descriptor, path(), sizeof(text_) - 2);
        path()[length > 0 ? length : 0] = '\0';
    }

    void resolve_in(int folder, const char* file) {
        const long length = read_path_of(folder, other_, sizeof(other_));
        if (length > 0) join(other_, static_cast<unsigned long>(length), file);
    }

    char* path() { return text_ + 1; }

    /// Negative: an error.
    long publish(char kind, uint64_t pid, uint64_t time) {
        text_[0] = kind;
        name(pid, time);
        return raw_syscall(SYS_symlinkat, as_argument(text_), AT_FDCWD, as_argument(other_));
    }

    void remove(uint64_t pid, uint64_t time) {
        name(pid, time);
        raw_syscall(SYS_unlinkat, AT_FDCWD, as_argument(other_), 0);
    }

private:
    static constexpr unsigned long kPathBytes = 1024;

    bool join(const char* folder, unsigned long folder_length, const char* file) {
        *path() = '\0';
        const size_t file_length = strlen(file);
        if (folder_length + file_length + 3 > sizeof(text_)) return false;
        memcpy(path(), folder, folder_length);
        path()[folder_length] = '/';
        memcpy(path() + folder_length + 1, file, file_length + 1);
        return true;
    }

    void name(uint64_t pid, uint64_t time) {
        Text name(other_, sizeof(other_));
        name.add(run_directory()).add("/").add(protocol::kExecNotePrefix);
        name.add_number(pid).add("-").add_number(run_number()).add("-").add_number(time);
    }

    char text_[kPathBytes];        ///< protocol::kExecNoteKinds, and the path
    char other_[kPathBytes + 96];  ///< a folder, then the name of the link
};

ExecNote::ExecNote(const char* file, Lookup lookup, char* const environment[]) noexcept {
    if (!is_watched() || !may_be_executed(file, lookup)) return;
    // Before: a program may have left what its own exec faults on, and handle that.
    const char* const folders = lookup == Lookup::kInPath ? search_path() : nullptr;
    on_scratch_stack([&] {
        Draft draft;
        if (folders != nullptr) draft.search(folders, file);
        if (folders == nullptr) draft.resolve(file);
        leave(draft, own_pid(), protocol::kExecNoteKinds, environment);
    });
}

ExecNote::ExecNote(int descriptor, char* const environment[]) noexcept {
    if (!is_watched()) return;
    on_scratch_stack([&] {
        Draft draft;
        draft.resolve_descriptor(descriptor);
        leave(draft, own_pid(), protocol::kExecNoteKinds, environment);
    });
}

ExecNote::ExecNote(int folder, const char* path, int flags, char* const environment[]) noexcept {
    if (!is_watched()) return;
    const long access = raw_syscall(SYS_faccessat, folder, as_argument(path), F_OK);
    const bool is_descriptor = access == -ENOENT && path[0] == '\0' && (flags & AT_EMPTY_PATH) != 0;
    if (access != 0 && !is_descriptor) return;
    on_scratch_stack([&] {
        Draft draft;
        if (is_descriptor) {
            draft.resolve_descriptor(folder);
        } else if (path[0] == '/' || folder == AT_FDCWD) {
            draft.resolve(path);
        } else {
            draft.resolve_in(folder, path);
        }
        leave(draft, own_pid(), protocol::kExecNoteKinds, environment);
    });
}

ExecNote::ExecNote(int child, const char* file, Lookup lookup, char* const environment[]) noexcept {
    if (!is_watched()) return;
    const char* const folders = lookup == Lookup::kInPath ? search_path() : nullptr;
    on_scratch_stack([&] {
        Draft draft;
        if (folders != nullptr) draft.search(folders, file);
        if (folders == nullptr) draft.resolve(file);
        leave(draft, static_cast<uint32_t>(child), protocol::kSpawnNoteKinds, environment);
    });
}

void ExecNote::leave(Draft& draft, uint64_t pid, const char* kinds, char* const environment[]) noexcept {
    if (*draft.path() == '\0') return;
    const uint64_t time = now_ns();
    const long error = draft.publish(kinds[keeps_us(environment) ? 0 : 1], pid, time);
    if (error == 0) {
        pid_ = pid;
        time_ = time;
        return;
    }
    protocol::ProcessRecord* const head = is_out_of_reach(error) ? head_in_run_folder() : nullptr;
    if (head == nullptr) return;
    head->exec_notes_lost.fetch_add(1, std::memory_order_relaxed);
    is_lost_ = true;
}

void ExecNote::withdraw() const noexcept {
    // Meanwhile a child of fork may have come to its own memory, and there is not always room for what it keeps.
    protocol::ProcessRecord* const head = is_lost_ ? head_in_run_folder() : nullptr;
    if (head != nullptr && head->exec_notes_lost.load(std::memory_order_relaxed) != 0)
        head->exec_notes_lost.fetch_sub(1, std::memory_order_relaxed);
    if (time_ == 0) return;
    on_scratch_stack([this] {
        Draft draft;
        draft.remove(pid_, time_);
    });
}

}  // namespace preload
