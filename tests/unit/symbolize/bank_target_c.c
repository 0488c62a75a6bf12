// SPDX-License-Identifier: Apache-2.0
//
// The part of bank_target that is C.
typedef void (*Record)(const char* name, const void* address);

void* bank_here(void);

__attribute__((noinline)) static void hidden_c_function(Record record) {
    record("hidden_c", bank_here());  // at hidden_c
    __asm__ volatile("");
}

void plain_c_function(Record record) {
    record("plain_c", bank_here());  // at plain_c
    hidden_c_function(record);
}
