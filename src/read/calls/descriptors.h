// SPDX-License-Identifier: Apache-2.0
//
// What the descriptors of a live process are, in words: "fd 5 tcp 127.0.0.1:80, listening". Nothing is
// opened but files of /proc, so that no fifo, device or dead file server can hold the reader up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "read/calls/descriptor_info.h"
#include "read/calls/open_files.h"
#include "read/calls/sockets.h"

namespace reader {

class Descriptors {
public:
    /// All outlive it.
    Descriptors(uint32_t pid, Sockets& sockets, OpenFiles& open_files);

    /// "fd 5 pipe:[123], other end held by process 77 (cat)"; what an epoll descriptor watches too.
    /// `tid`: a live thread of the process.
    std::string words(uint32_t tid, int descriptor);
    /// Of one that a thread waits on in a call; where the number has another meaning by now, or none, it says so.
    std::string awaited(uint32_t tid, int descriptor);
    /// Without other ends; an epoll descriptor with the number of its watches.
    std::string brief(uint32_t tid, int descriptor);
    /// Of those that a thread waits on in one call: each of them, the first ones in words; one alone in full.
    std::string list(uint32_t tid, const std::vector<int>& descriptors, size_t total);

    /// Its name, "/var/log/x"; empty: none that can be read.
    std::string name(uint32_t tid, int descriptor) const;
    DescriptorInfo info(uint32_t tid, int descriptor) const;

private:
    enum class Extent { kBrief, kFull };
    std::string describe(uint32_t tid, int descriptor, Extent extent);
    std::string socket(uint32_t tid, int descriptor, const std::string& link, Extent extent);
    std::string anonymous(uint32_t tid, int descriptor, const std::string& kind, Extent extent);
    std::string epoll(uint32_t tid, const DescriptorInfo& info, Extent extent);
    std::string file(uint32_t tid, int descriptor, const std::string& link, Extent extent);
    std::string other_end(uint32_t tid, int descriptor, const std::string& link);
    std::string held_by(std::vector<OpenFile> files);
    std::optional<uint32_t> mode_of(uint32_t tid, int descriptor) const;
    bool is_closed(uint32_t tid, int descriptor) const;

    uint32_t pid_;
    Sockets& sockets_;
    OpenFiles& open_files_;
    std::map<std::pair<int, Extent>, std::string> known_;  ///< threads share descriptors
};

}  // namespace reader
