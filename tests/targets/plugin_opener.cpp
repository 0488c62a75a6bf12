// SPDX-License-Identifier: Apache-2.0
//
// Opens the plugin by its bare name: found through this library's own RUNPATH, which libc takes from
// the address that dlopen returns to.
#include <dlfcn.h>

extern "C" void* open_plugin(bool with_namespace) {
    void* const plugin =
        with_namespace ? dlmopen(LM_ID_BASE, "libplugin.so", RTLD_NOW) : dlopen("libplugin.so", RTLD_NOW);
    // Not in tail position: the return address must be this library's.
    __asm__ volatile("" ::: "memory");
    return plugin;
}
