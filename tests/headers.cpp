// SPDX-License-Identifier: Apache-2.0
//
// Nothing of its own: what tests include is compiled ahead, and CMake wants a source to do it with.
