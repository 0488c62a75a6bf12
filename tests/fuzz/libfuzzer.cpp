// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's side: --target=NAME chooses what is fed, and how long an input may be; the other arguments are
// libFuzzer's own. To merge corpora it starts itself again, without that one: then the environment tells.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/target.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr char kVariable[] = "LOITER_FUZZ_TARGET";

const fuzz::Target* chosen = nullptr;

const fuzz::Target* find(const char* name) {
    for (const fuzz::Target& target : fuzz::targets())
        if (name != nullptr && std::strcmp(name, target.name) == 0) return &target;
    return nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    constexpr char kFlag[] = "--target=";
    chosen = find(std::getenv(kVariable));
    for (int i = 1; i < *count; ++i) {
        if (std::strncmp((*arguments)[i], kFlag, sizeof(kFlag) - 1) != 0) continue;
        chosen = find((*arguments)[i] + sizeof(kFlag) - 1);
        if (chosen == nullptr) break;
        static char longest[32];
        std::snprintf(longest, sizeof(longest), "-max_len=%zu", chosen->max_bytes);
        (*arguments)[i] = longest;  // read after this
        setenv(kVariable, chosen->name, 1);
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
