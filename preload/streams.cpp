// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that read lines and blocks from a stream: libc reads the descriptor in a call of its
// own that no wrapper sees. A stream that has something left in its buffer is not waited for, most of the
// time, and is not published: fgets of 32 bytes (21.8 ns) takes 1.016 times as long then, fread of 8 (20.9)
// 1.005. Who waits for the rest of a line, or for another thread's lock on the stream, is seen from outside.
#include <stdio.h>

#include "preload/brief_wait.h"
#include "preload/real.h"

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

}  // extern "C"

}  // namespace preload
