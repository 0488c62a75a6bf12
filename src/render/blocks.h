// SPDX-License-Identifier: Apache-2.0
//
// One block of lines for each group of threads: what they are in, where, for what, created by whom.
#pragma once

#include <string>
#include <vector>

#include "render/groups.h"
#include "render/sheet.h"

namespace render {

/// What to print: groups of threads, and what to say of them below their stack.
struct Block {
    Group group;
    std::string remark;  ///< may be empty
};

/// The threads of all findings, strongest first; then those that wait behind one. Each thread once.
std::vector<Block> finding_blocks(const Sheet& sheet);

/// The threads of no finding.
std::vector<Block> other_blocks(const Sheet& sheet, const std::vector<Block>& found);

void print_block(Sheet& sheet, const Block& block);

}  // namespace render
