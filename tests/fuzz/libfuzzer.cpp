// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's side: --target=NAME chooses what is fed, and how long an input may be; the other arguments are
// libFuzzer's own.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/target.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

const fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    constexpr char kFlag[] = "--target=";
    for (int i = 1; i < *count; ++i) {
        if (std::strncmp((*arguments)[i], kFlag, sizeof(kFlag) - 1) != 0) continue;
        for (const fuzz::Target& target : fuzz::targets()) {
            if (std::strcmp((*arguments)[i] + sizeof(kFlag) - 1, target.name) != 0) continue;
            static char longest[32];
            std::snprintf(longest, sizeof(longest), "-max_len=%zu", target.max_bytes);
            (*arguments)[i] = longest;  // read after this
            chosen = &target;
        }
    }
    if (chosen != nullptr) return 0;
    std::fputs("--target= is needed, one of:", stderr);
    for (const fuzz::Target& target : fuzz::targets()) std::fprintf(stderr, " %s", target.name);
    std::fputs("\n", stderr);
    std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size <= chosen->max_bytes) chosen->run({data, size});
    return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
    if (chosen->mutate == nullptr) return LLVMFuzzerMutate(data, size, max_size);
    return chosen->mutate(data, size, max_size, seed, LLVMFuzzerMutate);
}
