// SPDX-License-Identifier: Apache-2.0
//
// What the pictures of threads are made of: each process as it was last seen, and how they name its parts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "render/document.h"
#include "snapshot/snapshot.h"

namespace render {

/// "bank": the program's file name, printable.
std::string program_name(const snapshot::Process& process);

/// "transfer(int)"; "bank+0x1234" where no function is known.
std::string frame_label(const snapshot::Frame& frame);

/// A document of a part for each process; `Part` is default constructible and movable.
template <typename Part>
class LastLooks : public Document {
public:
    explicit LastLooks(const RunFacts& facts) : facts_(facts) {}

    void add(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) override {
        parts_[{snapshot.process.pid, snapshot.process.exe}] = look(snapshot, analysis);
    }
    void add(const Unobserved&) override {}

protected:
    using Parts = std::map<std::pair<uint32_t, std::string>, Part>;

    virtual Part look(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) const = 0;
    const Parts& parts() const { return parts_; }
    const RunFacts& facts() const { return facts_; }

private:
    RunFacts facts_;
    Parts parts_;
};

}  // namespace render
