// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace render {

/// `bytes` as a gzip file, which is the same for the same bytes.
std::string gzipped(const std::string& bytes);

}  // namespace render
