// SPDX-License-Identifier: Apache-2.0
//
// exec wrappers: a new image ends every other thread, and this recording. libc's variants call each
// other internally, past any wrapper, so each is wrapped. All may be called in a child of vfork,
// which owns nothing here: see end_process.
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "preload/process/grace.h"
#include "preload/process/process_end.h"
#include "preload/real.h"
#include "preload/wrappers/exec_note.h"

namespace preload {

namespace {

template <typename Call>
int replace_image(const ExecNote& note, Call call) {
    const int saved = errno;
    stay_if_over();
    const bool was_first = end_image();
    if (was_first) remove_recording();  // nobody would after it; one that fails records on without a name
    errno = saved;
    const int result = call();
    const int error = errno;
    if (was_first) take_back_end();
    note.withdraw();
    errno = error;
    return result;
}

/// Number of arguments up to the null pointer that ends them, `first` included.
size_t count_arguments(const char* first, va_list rest) {
    va_list list;
    va_copy(list, rest);
    size_t count = 0;
    for (const char* argument = first; argument != nullptr; argument = va_arg(list, const char*)) ++count;
    va_end(list);
    return count;
}

/// Fills `arguments` with them and the null pointer; `rest` then stands behind it.
void copy_arguments(char** arguments, const char* first, va_list rest) {
    *arguments = const_cast<char*>(first);
    while (*arguments != nullptr) *++arguments = va_arg(rest, char*);
}

}  // namespace

extern "C" {

EXPORTED int execve(const char* path, char* const arguments[], char* const environment[]) noexcept {
    return replace_image({path, Lookup::kAsGiven, environment},
                         [=] { return real::execve(path, arguments, environment); });
}

EXPORTED int execv(const char* path, char* const arguments[]) noexcept {
    return replace_image({path, Lookup::kAsGiven, environ}, [=] { return real::execv(path, arguments); });
}

EXPORTED int execvp(const char* file, char* const arguments[]) noexcept {
    return replace_image({file, Lookup::kInPath, environ}, [=] { return real::execvp(file, arguments); });
}

EXPORTED int execvpe(const char* file, char* const arguments[], char* const environment[]) noexcept {
    return replace_image({file, Lookup::kInPath, environment},
                         [=] { return real::execvpe(file, arguments, environment); });
}

EXPORTED int fexecve(int descriptor, char* const arguments[], char* const environment[]) noexcept {
    return replace_image({descriptor, environment}, [=] { return real::fexecve(descriptor, arguments, environment); });
}

EXPORTED int execveat(int folder, const char* path, char* const arguments[], char* const environment[],
                      int flags) noexcept {
    return replace_image({folder, path, flags, environment},
                         [=] { return real::execveat(folder, path, arguments, environment, flags); });
}

EXPORTED int execl(const char* path, const char* first, ...) noexcept {
    va_list rest;
    va_start(rest, first);
    char* arguments[count_arguments(first, rest) + 1];
    copy_arguments(arguments, first, rest);
    va_end(rest);
    return replace_image({path, Lookup::kAsGiven, environ},
                         [path, &arguments] { return real::execv(path, arguments); });
}

EXPORTED int execlp(const char* file, const char* first, ...) noexcept {
    va_list rest;
    va_start(rest, first);
    char* arguments[count_arguments(first, rest) + 1];
    copy_arguments(arguments, first, rest);
    va_end(rest);
    return replace_image({file, Lookup::kInPath, environ},
                         [file, &arguments] { return real::execvp(file, arguments); });
}

EXPORTED int execle(const char* path, const char* first, ...) noexcept {
    va_list rest;
    va_start(rest, first);
    char* arguments[count_arguments(first, rest) + 1];
    copy_arguments(arguments, first, rest);
    char* const* const environment = va_arg(rest, char* const*);
    va_end(rest);
    return replace_image({path, Lookup::kAsGiven, environment},
                         [path, &arguments, environment] { return real::execve(path, arguments, environment); });
}

}  // extern "C"

}  // namespace preload
