// SPDX-License-Identifier: Apache-2.0
//
// From a live process to the recording that it has mapped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "read/records/source.h"

namespace reader {

struct ObservedProcess {
    std::unique_ptr<Source> source;
    std::string path;  ///< of the file; of a recording without a name, words for it
};

/// Throws Error: no such process, no right, not observed.
ObservedProcess find_observed_process(uint32_t pid);

}  // namespace reader
