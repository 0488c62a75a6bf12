// SPDX-License-Identifier: Apache-2.0
//
// What calls of the library leave behind that a signal handler left by a jump (siglongjmp): a record that is
// open for ever, so that nothing of its thread is proved any more, and entries of locks that nobody takes. Found
// when it is in the way, so that nothing is kept for it: who is not in a handler, above code of the library, is
// alone with the record.
#pragma once

#include "preload/process/recording.h"
#include "protocol/layout.h"
#include "protocol/seqlock.h"

namespace preload {

namespace detail {

/// The record is open: whether whoever opened it will never close it. Walks the stack.
bool is_write_abandoned(protocol::ThreadRecord* self);

}  // namespace detail

/// Opens the calling thread's record. True: this writer is the one that closes it.
__attribute__((always_inline)) inline bool begin_own_write(protocol::ThreadRecord* self) {
    return __builtin_expect(protocol::begin_write(self->sequence), 1) || detail::is_write_abandoned(self);
}

/// Frees the entries of calls that will not go on; false: there are none, or none is known to be.
bool free_abandoned_holds(protocol::ThreadRecord* self);

}  // namespace preload
