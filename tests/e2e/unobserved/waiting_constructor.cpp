// SPDX-License-Identifier: Apache-2.0
//
// A library whose constructor does what the program wants of it.
extern "C" void await_other();

namespace {

__attribute__((constructor)) void construct() {
    await_other();  // SITE(construct) construct
}

}  // namespace
