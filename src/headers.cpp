// SPDX-License-Identifier: Apache-2.0
//
// Nothing of its own: headers that are compiled ahead want a source to be compiled with.
