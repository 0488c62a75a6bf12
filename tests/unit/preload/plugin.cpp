// SPDX-License-Identifier: Apache-2.0
//
// Compiled into two libraries of the same shape, told apart by PLUGIN_NUMBER and their build-ids.
extern "C" int plugin_number() {
    return PLUGIN_NUMBER;
}
