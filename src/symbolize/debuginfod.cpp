// SPDX-License-Identifier: Apache-2.0
#include "symbolize/debuginfod.h"

#include <dlfcn.h>

#include <cstdlib>

namespace symbolize {

namespace {

template <class Function>
Function* symbol(void* library, const char* name) {
    return reinterpret_cast<Function*>(dlsym(library, name));
}

}  // namespace

Debuginfod::~Debuginfod() {
    // The library stays: its network stack may have threads and exit handlers.
    const auto end = client_ ? symbol<void(void*)>(library_, "debuginfod_end") : nullptr;
    if (end) end(client_);
}

File Debuginfod::debug_file(const std::string& build_id) {
    return fetch("debuginfod_find_debuginfo", build_id);
}

File Debuginfod::executable(const std::string& build_id) {
    return fetch("debuginfod_find_executable", build_id);
}

bool Debuginfod::begin() {
    if (tried_) return client_ != nullptr;
    tried_ = true;
    library_ = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);
    const auto start = library_ ? symbol<void*()>(library_, "debuginfod_begin") : nullptr;
    if (start) client_ = start();
    return client_ != nullptr;
}

File Debuginfod::fetch(const char* function, const std::string& build_id) {
    if (build_id.empty() || !begin()) return File();
    const auto find = symbol<int(void*, const unsigned char*, int, char**)>(library_, function);
    if (!find) return File();
    char* path = nullptr;
    // Length 0: the id is a string of hexadecimal digits.
    const int descriptor = find(client_, reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path);
    std::string where = path ? path : "";
    std::free(path);
    return descriptor >= 0 ? File(descriptor, std::move(where)) : File();
}

}  // namespace symbolize
