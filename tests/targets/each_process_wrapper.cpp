// SPDX-License-Identifier: Apache-2.0
//
// Ends of a process, new programs and libraries.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <exception>
#include <map>
#include <string>
#include <utility>

#include "tests/targets/each_wrapper.h"

extern "C" {
void old_quick_exit(int);
decltype(posix_spawn) old_posix_spawn;
decltype(posix_spawnp) old_posix_spawnp;
void* open_plugin(bool with_namespace);  // of plugin_opener.cpp
}
__asm__(".symver old_posix_spawn,posix_spawn@GLIBC_2.2.5");
__asm__(".symver old_posix_spawnp,posix_spawnp@GLIBC_2.2.5");
__asm__(".symver old_quick_exit,quick_exit@GLIBC_2.10");

namespace {

pthread_mutex_t* lock_of_plugin(bool with_namespace) {
    void* const plugin = open_plugin(with_namespace);
    if (plugin == nullptr) abort();
    return static_cast<pthread_mutex_t*>(dlsym(plugin, "plugin_lock"));
}

void fork_and_exit() {
    if (vfork() == 0) _exit(0);
}

void block_on(pthread_mutex_t* lock) {
    pthread_mutex_lock(lock);
    AT(lock, pthread_mutex_lock(lock));
}

}  // namespace

std::map<std::string, Row> process_rows() {
    static char program[] = "/bin/true";
    static char* const arguments[] = {program, nullptr};
    static char* const no_environment[] = {nullptr};  // a child that records would be beside its parent
    const auto ending = [](std::function<void()> call) { return Row{std::move(call), {}, [] {}, true}; };
    static const rlimit much{rlim_t{1} << 32, RLIM_INFINITY};
    static const rlimit64 as_much{rlim_t{1} << 32, RLIM_INFINITY};
    return {
        {"setrlimit", {[] { AT(nullptr, setrlimit(RLIMIT_AS, &much)); }, {}}},
        {"setrlimit64", {[] { AT(nullptr, setrlimit64(RLIMIT_AS, &as_much)); }, {}}},
        {"prlimit", {[] { AT(nullptr, prlimit(0, RLIMIT_AS, &much, nullptr)); }, {}}},
        {"prlimit64", {[] { AT(nullptr, prlimit64(0, RLIMIT_AS, &as_much, nullptr)); }, {}}},
        {"mlockall", {[] { AT(nullptr, mlockall(MCL_CURRENT)); }, {}}},
        {"exit", ending([] { AT(nullptr, exit(7)); })},
        {"_exit", ending([] { AT(nullptr, _exit(7)); })},
        {"_Exit", ending([] { AT(nullptr, _Exit(7)); })},
        {"quick_exit@new", ending([] { AT(nullptr, quick_exit(7)); })},
        {"quick_exit@old", ending([] { AT(nullptr, old_quick_exit(7)); })},
        {"_ZSt9terminatev", ending([] {
             std::set_terminate([] { _exit(7); });
             AT(nullptr, std::terminate());
         })},
        {"execve", ending([] { AT(nullptr, execve(program, arguments, environ)); })},
        {"execv", ending([] { AT(nullptr, execv(program, arguments)); })},
        {"execvp", ending([] { AT(nullptr, execvp(program, arguments)); })},
        {"execvpe", ending([] { AT(nullptr, execvpe(program, arguments, environ)); })},
        {"execl", ending([] { AT(nullptr, execl(program, program, nullptr)); })},
        {"execlp", ending([] { AT(nullptr, execlp(program, program, nullptr)); })},
        {"execle", ending([] { AT(nullptr, execle(program, program, nullptr, environ)); })},
        {"execveat", ending([] { AT(nullptr, execveat(AT_FDCWD, program, arguments, environ, 0)); })},
        {"fexecve", ending([] { AT(nullptr, fexecve(open(program, O_RDONLY), arguments, environ)); })},
        {"vfork", {[] { AT(nullptr, fork_and_exit()); }, {}}},
        {"posix_spawn@new",
         {[] { AT(nullptr, posix_spawn(nullptr, program, nullptr, nullptr, arguments, no_environment)); }, {}}},
        {"posix_spawn@old",
         {[] { AT(nullptr, old_posix_spawn(nullptr, program, nullptr, nullptr, arguments, no_environment)); }, {}}},
        {"posix_spawnp@new",
         {[] { AT(nullptr, posix_spawnp(nullptr, program, nullptr, nullptr, arguments, no_environment)); }, {}}},
        {"posix_spawnp@old",
         {[] { AT(nullptr, old_posix_spawnp(nullptr, program, nullptr, nullptr, arguments, no_environment)); }, {}}},
        {"dlopen", {[] { AT(nullptr, lock_of_plugin(false)); }, [] { block_on(lock_of_plugin(false)); }}},
        {"dlmopen", {[] { AT(nullptr, lock_of_plugin(true)); }, [] { block_on(lock_of_plugin(true)); }}},
        {"dlclose", {[] { AT(nullptr, dlclose(dlopen("libm.so.6", RTLD_NOW))); }, {}}},
    };
}
