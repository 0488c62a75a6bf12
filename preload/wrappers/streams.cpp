// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that read lines, blocks and fields from a stream: libc reads the descriptor in a call of its
// own that no wrapper sees. A stream that has something left in its buffer is not waited for, most of the
// time, and is not published: fgets of 32 bytes (21.8 ns) takes 1.016 times as long then, fread of 8 (20.9)
// 1.005. Who waits for the rest of a line, or for another thread's lock on the stream, is seen from outside.
#include <stdarg.h>
#include <stdio.h>

#include "preload/notes/brief_wait.h"
#include "preload/real.h"

extern "C" {
// C99's functions are what the plain names stand for in this dialect: those of before have none.
int old_scanf(const char* format, ...) __asm__("scanf");
int old_fscanf(FILE* stream, const char* format, ...) __asm__("fscanf");
int old_vscanf(const char* format, va_list arguments) __asm__("vscanf");
int old_vfscanf(FILE* stream, const char* format, va_list arguments) __asm__("vfscanf");
int __isoc99_scanf(const char* format, ...);
int __isoc99_fscanf(FILE* stream, const char* format, ...);
}

namespace preload {

namespace {

/// Two of libc's own words, which another thread may be changing: whatever they say, the real call decides.
bool has_buffered(const FILE* stream) {
    return __atomic_load_n(&stream->_IO_read_ptr, __ATOMIC_RELAXED) <
           __atomic_load_n(&stream->_IO_read_end, __ATOMIC_RELAXED);
}

/// `reads`: libc looks at the stream at all. What it refuses before that is not looked at here either.
template <typename Call>
auto read_stream(Function function, bool reads, const FILE* stream, const CallerFrame& caller, Call call) {
    if (__builtin_expect(!reads || stream == nullptr || has_buffered(stream), 1)) return call();
    return call_briefly(io_on(function, stream->_fileno), caller, call);
}

template <typename Call>
int scan(Function function, const FILE* stream, const CallerFrame& caller, Call call) {
    return read_stream(function, true, stream, caller, call);
}

}  // namespace

extern "C" {

EXPORTED char* fgets(char* line, int room, FILE* stream) {
    return read_stream(Function::k_fgets, room > 1, stream, CALLER_FRAME,
                       [=] { return real::fgets(line, room, stream); });
}

EXPORTED char* __fgets_chk(char* line, size_t bytes, int room, FILE* stream) {
    return read_stream(Function::k___fgets_chk, room > 1, stream, CALLER_FRAME,
                       [=] { return real::__fgets_chk(line, bytes, room, stream); });
}

EXPORTED size_t fread(void* items, size_t bytes, size_t count, FILE* stream) {
    return read_stream(Function::k_fread, bytes != 0 && count != 0, stream, CALLER_FRAME,
                       [=] { return real::fread(items, bytes, count, stream); });
}

EXPORTED size_t __fread_chk(void* items, size_t room, size_t bytes, size_t count, FILE* stream) {
    return read_stream(Function::k___fread_chk, bytes != 0 && count != 0, stream, CALLER_FRAME,
                       [=] { return real::__fread_chk(items, room, bytes, count, stream); });
}

EXPORTED ssize_t getline(char** line, size_t* room, FILE* stream) {
    return read_stream(Function::k_getline, line != nullptr && room != nullptr, stream, CALLER_FRAME,
                       [=] { return real::getline(line, room, stream); });
}

EXPORTED ssize_t getdelim(char** line, size_t* room, int delimiter, FILE* stream) {
    return read_stream(Function::k_getdelim, line != nullptr && room != nullptr, stream, CALLER_FRAME,
                       [=] { return real::getdelim(line, room, delimiter, stream); });
}

EXPORTED ssize_t __getdelim(char** line, size_t* room, int delimiter, FILE* stream) {
    return read_stream(Function::k___getdelim, line != nullptr && room != nullptr, stream, CALLER_FRAME,
                       [=] { return real::__getdelim(line, room, delimiter, stream); });
}

EXPORTED int old_vscanf(const char* format, va_list arguments) {
    return scan(Function::k_vscanf, stdin, CALLER_FRAME, [=] { return real::vscanf(format, arguments); });
}

EXPORTED int old_vfscanf(FILE* stream, const char* format, va_list arguments) {
    return scan(Function::k_vfscanf, stream, CALLER_FRAME, [=] { return real::vfscanf(stream, format, arguments); });
}

EXPORTED int __isoc99_vscanf(const char* format, va_list arguments) {
    return scan(Function::k___isoc99_vscanf, stdin, CALLER_FRAME,
                [=] { return real::__isoc99_vscanf(format, arguments); });
}

EXPORTED int __isoc99_vfscanf(FILE* stream, const char* format, va_list arguments) {
    return scan(Function::k___isoc99_vfscanf, stream, CALLER_FRAME,
                [=] { return real::__isoc99_vfscanf(stream, format, arguments); });
}

EXPORTED int old_scanf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = scan(Function::k_scanf, stdin, CALLER_FRAME, [&] { return real::vscanf(format, arguments); });
    va_end(arguments);
    return count;
}

EXPORTED int old_fscanf(FILE* stream, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count =
        scan(Function::k_fscanf, stream, CALLER_FRAME, [&] { return real::vfscanf(stream, format, arguments); });
    va_end(arguments);
    return count;
}

EXPORTED int __isoc99_scanf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count =
        scan(Function::k___isoc99_scanf, stdin, CALLER_FRAME, [&] { return real::__isoc99_vscanf(format, arguments); });
    va_end(arguments);
    return count;
}

EXPORTED int __isoc99_fscanf(FILE* stream, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = scan(Function::k___isoc99_fscanf, stream, CALLER_FRAME,
                           [&] { return real::__isoc99_vfscanf(stream, format, arguments); });
    va_end(arguments);
    return count;
}

}  // extern "C"

}  // namespace preload
