// SPDX-License-Identifier: Apache-2.0
//
// A program of C that opens LIBRARY for itself alone, as Python does with its extensions, and calls the
// function WHAT of it: `locals_opener LIBRARY WHAT`.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    void* const library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return fputs(dlerror(), stderr), 2;
    if (dlsym(RTLD_DEFAULT, "_ZNSt6localeC1Ev") != NULL) return fputs("the C++ library is there for all\n", stderr), 2;
    void* const found = dlsym(library, argv[2]);
    if (found == NULL) return 2;
    void (*call)(void);
    memcpy(&call, &found, sizeof(call));
    call();
    return 0;
}
