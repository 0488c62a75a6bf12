// SPDX-License-Identifier: Apache-2.0
//
// Runs right before an exec, also in children of vfork that borrow their parent's memory: system
// calls only, nothing but the caller's stack is written, errno stays.
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

/// Begins with `name`, whose first eight bytes are enough to know it by. A variable that is shorter
/// lies at the end of what can be read, if at all.
bool is_variable(SafeReader& memory, uintptr_t variable, const char* name) {
    uintptr_t word = 0;
    if (!memory.read(variable, word) || memcmp(&word, name, sizeof(word)) != 0) return false;
    return strncmp(reinterpret_cast<const char*>(variable), name, strlen(name)) == 0;
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
        const auto* const text = reinterpret_cast<const char*>(variable);
        if (is_variable(memory, variable, "LD_PRELOAD=")) preloads = strstr(text, "/libloiter.so") != nullptr;
        if (is_variable(memory, variable, "LOITER_DIR=")) has_folder = true;
    }
    return preloads && has_folder;
}

/// Of the run's folder: for another user, in another root or namespace. The new program will not record there, either.
bool is_out_of_reach(long error) {
    return error == -EACCES || error == -EPERM || error == -ENOENT || error == -ENOTDIR || error == -EROFS;
}

}  // namespace

ExecNote::ExecNote(const char* file, Lookup lookup, char* const environment[]) noexcept {
    name_[0] = text_[1] = '\0';
    if (run_directory()[0] == '\0' || is_restricted() || !may_be_executed(file, lookup)) return;
    resolve(file, lookup);
    leave(environment);
}

ExecNote::ExecNote(int descriptor, char* const environment[]) noexcept {
    name_[0] = text_[1] = '\0';
    if (run_directory()[0] == '\0' || is_restricted()) return;
    const long length = read_path_of(descriptor, text_ + 1, kPathBytes - 2);
    text_[length > 0 ? length + 1 : 1] = '\0';
    leave(environment);
}

ExecNote::ExecNote(int folder, const char* path, int flags, char* const environment[]) noexcept {
    name_[0] = text_[1] = '\0';
    if (run_directory()[0] == '\0' || is_restricted()) return;
    const long access = raw_syscall(SYS_faccessat, folder, as_argument(path), F_OK);
    if (access == -ENOENT && path[0] == '\0' && (flags & AT_EMPTY_PATH) != 0) {
        const long length = read_path_of(folder, text_ + 1, kPathBytes - 2);
        text_[length > 0 ? length + 1 : 1] = '\0';
    } else if (access == 0 && (path[0] == '/' || folder == AT_FDCWD)) {
        resolve(path, Lookup::kAsGiven);
    } else if (access == 0) {
        char folder_path[kPathBytes];
        const long length = read_path_of(folder, folder_path, sizeof(folder_path));
        if (length > 0) join(folder_path, static_cast<unsigned long>(length), path);
    } else {
        return;
    }
    leave(environment);
}

ExecNote::ExecNote(int child, const char* file, Lookup lookup, char* const environment[]) noexcept {
    name_[0] = text_[1] = '\0';
    if (run_directory()[0] == '\0' || is_restricted()) return;
    resolve(file, lookup);
    if (text_[1] == '\0') return;
    leave_of(static_cast<uint32_t>(child), protocol::kSpawnNoteKinds, environment);
}

/// Puts the absolute path behind the first byte of the text; nothing where it is too long or unknown.
void ExecNote::resolve(const char* file, Lookup lookup) noexcept {
    if (file[0] == '/') {
        join("", 0, file + 1);
    } else if (lookup == Lookup::kInPath && strchr(file, '/') == nullptr) {
        search(file);
    } else {
        char folder[kPathBytes];
        const long length = raw_syscall(SYS_getcwd, as_argument(folder), static_cast<long>(sizeof(folder)));
        if (length > 1) join(folder, static_cast<unsigned long>(length) - 1, file);
    }
}

/// As execvp goes through PATH.
void ExecNote::search(const char* file) noexcept {
    const char* folders = getenv("PATH");
    if (folders == nullptr) folders = "/bin:/usr/bin";
    for (;;) {
        const char* const end = strchrnul(folders, ':');
        // Relative folders are rare, and would need the current one: the note is left out.
        if (*folders == '/' && join(folders, static_cast<unsigned long>(end - folders), file) && can_run(text_ + 1)) {
            return;
        }
        if (*end == '\0') break;
        folders = end + 1;
    }
    text_[1] = '\0';
}

bool ExecNote::join(const char* folder, unsigned long folder_length, const char* file) noexcept {
    text_[1] = '\0';
    const size_t file_length = strlen(file);
    if (folder_length + file_length + 3 > sizeof(text_)) return false;
    memcpy(text_ + 1, folder, folder_length);
    text_[1 + folder_length] = '/';
    memcpy(text_ + 2 + folder_length, file, file_length + 1);
    return true;
}

void ExecNote::leave(char* const environment[]) noexcept {
    if (text_[1] == '\0') return;
    leave_of(static_cast<uint64_t>(raw_syscall(SYS_getpid)), protocol::kExecNoteKinds, environment);
}

void ExecNote::leave_of(uint64_t pid, const char* kinds, char* const environment[]) noexcept {
    text_[0] = kinds[keeps_us(environment) ? 0 : 1];
    Text name(name_, sizeof(name_));
    name.add(run_directory()).add("/").add(protocol::kExecNotePrefix);
    name.add_number(pid).add("-").add_number(run_number()).add("-").add_number(now_ns());
    const long error = raw_syscall(SYS_symlinkat, as_argument(text_), AT_FDCWD, as_argument(name_));
    if (error == 0) return;
    name_[0] = '\0';
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
    if (name_[0] != '\0') raw_syscall(SYS_unlinkat, AT_FDCWD, as_argument(name_), 0);
}

}  // namespace preload
