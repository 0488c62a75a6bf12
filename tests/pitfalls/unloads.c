// SPDX-License-Identifier: Apache-2.0
//
// Has a library that joins its thread when it is unloaded: see joins_at_unload.c.
extern int joined_at_unload(void);

int main(void) {
    return joined_at_unload();
}
