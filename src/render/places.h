// SPDX-License-Identifier: Apache-2.0
//
// The one line of the source to open for a stack: the innermost that belongs to the repository.
#pragma once

#include <string>

#include "snapshot/snapshot.h"

namespace render {

struct Place {
    std::string function;  ///< may be empty
    std::string file;      ///< below the root: relative to it; empty: not known
    bool in_tree = false;
    int line = 0;        ///< 0: not known
    std::string module;  ///< where there is no file: path of the program or library
    uint64_t offset = 0;

    bool is_known() const { return !file.empty() || !module.empty() || !function.empty(); }
};

/// `root`: absolute; empty: no file is in the tree. The place of the first frame in the tree, else of
/// the first one of the program's, else of the innermost.
Place place_of(const snapshot::Stack& stack, const std::string& root);

/// "transfer(int) at src/bank.cpp:42", as far as it is known.
std::string words_of(const Place& place);

}  // namespace render
