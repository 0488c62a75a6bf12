// SPDX-License-Identifier: Apache-2.0
//
// The part of bank_target that is C.
typedef void (*Record)(const char* name, const void* address);

void* bank_here(void);

__attribute__((noinline)) static void hidden_c_function(Record record) {
    record("hidden_c", bank_here());  // at hidden_c
    __asm__ volatile("");
}

void __inner_c_function(Record record) {
    record("inner_c", bank_here());  // at inner_c
}

/// As libc has it: one function, an inner name and one for everybody.
void public_c_function(Record record) __attribute__((alias("__inner_c_function")));

void plain_c_function(Record record) {
    record("plain_c", bank_here());  // at plain_c
    hidden_c_function(record);
    public_c_function(record);
}
