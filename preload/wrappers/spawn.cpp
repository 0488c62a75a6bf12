// SPDX-License-Identifier: Apache-2.0
//
// posix_spawn wrappers: forwarded; under a command it is noted which program the child is.
#include <spawn.h>

#include "preload/real.h"
#include "preload/wrappers/exec_note.h"

namespace preload {

namespace {

/// posix_spawn and posix_spawnp, of either version.
int spawn(decltype(&::posix_spawn) real_one, Lookup lookup, pid_t* child, const char* file,
          const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes, char* const arguments[],
          char* const environment[]) {
    pid_t own = 0;
    pid_t* const started = child == nullptr ? &own : child;
    const int error = real_one(started, file, actions, attributes, arguments, environment);
    // File actions may have changed the folder that a relative path is about.
    const bool is_known = actions == nullptr || file[0] == '/' || lookup == Lookup::kInPath;
    if (error == 0 && is_known) ExecNote(*started, file, lookup, environment);
    return error;
}

}  // namespace

extern "C" {

EXPORTED int posix_spawn_new(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                             const posix_spawnattr_t* attributes, char* const arguments[], char* const environment[]) {
    return spawn(real::posix_spawn_new, Lookup::kAsGiven, child, path, actions, attributes, arguments, environment);
}

EXPORTED int posix_spawn_old(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                             const posix_spawnattr_t* attributes, char* const arguments[], char* const environment[]) {
    return spawn(real::posix_spawn_old, Lookup::kAsGiven, child, path, actions, attributes, arguments, environment);
}

EXPORTED int posix_spawnp_new(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                              const posix_spawnattr_t* attributes, char* const arguments[], char* const environment[]) {
    return spawn(real::posix_spawnp_new, Lookup::kInPath, child, file, actions, attributes, arguments, environment);
}

EXPORTED int posix_spawnp_old(pid_t* child, const char* file, const posix_spawn_file_actions_t* actions,
                              const posix_spawnattr_t* attributes, char* const arguments[], char* const environment[]) {
    return spawn(real::posix_spawnp_old, Lookup::kInPath, child, file, actions, attributes, arguments, environment);
}

}  // extern "C"

EXPORT_VERSION(posix_spawn, new, "@@GLIBC_2.15");
EXPORT_VERSION(posix_spawn, old, "@GLIBC_2.2.5");
EXPORT_VERSION(posix_spawnp, new, "@@GLIBC_2.15");
EXPORT_VERSION(posix_spawnp, old, "@GLIBC_2.2.5");

}  // namespace preload
