// SPDX-License-Identifier: Apache-2.0
//
// What changed between two reports, as text and as JSON.
#pragma once

#include <string>

#include "analyze/comparison.h"

namespace render {

/// Ends with a newline; says so where nothing changed.
std::string text(const analyze::Comparison& comparison, bool color);

/// One line, with its newline.
std::string json(const analyze::Comparison& comparison);

}  // namespace render
