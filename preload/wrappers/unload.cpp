// SPDX-License-Identifier: Apache-2.0
//
// dlclose: code that was there is gone, and other code may come to its addresses.
#include <dlfcn.h>

#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"
#include "preload/threads/this_thread.h"

namespace preload {

extern "C" EXPORTED int dlclose(void* handle) noexcept {
    if (this_thread() == nullptr) return real::dlclose(handle);
    begin_unload();
    const int result = real::dlclose(handle);
    if (process != nullptr) process->generation.fetch_add(1, std::memory_order_release);
    end_unload();
    return result;
}

}  // namespace preload
