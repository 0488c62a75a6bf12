// SPDX-License-Identifier: Apache-2.0
//
// What every part of the text report needs: the data, what is on the page already and what will be.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "analyze/finding.h"
#include "analyze/owner_index.h"
#include "render/page.h"
#include "render/render.h"
#include "render/stacks.h"
#include "snapshot/snapshot.h"

namespace render {

struct Sheet {
    Sheet(const snapshot::Snapshot& of_snapshot, const analyze::Analysis& of_analysis, const TextOptions& with_options);

    /// These threads will get a block of their own.
    void plan(const std::vector<uint32_t>& threads);

    /// Of what `thread` waits for, at most kMaxOwners. Remembered: thousands may wait for one lock
    /// that thousands have.
    const std::vector<analyze::Owner>& owners_of(const snapshot::Thread& thread);
    static constexpr size_t kMaxOwners = 256;

    /// A place of its own: that a thread runs since its start routine is said elsewhere.
    bool has_stack(const snapshot::Thread& thread) const;

    /// It has ended.
    bool is_finished(uint32_t thread) const;

    const snapshot::Snapshot& snapshot;
    const analyze::Analysis& analysis;
    const TextOptions options;
    const Stacks stacks;
    const analyze::OwnerIndex owners;
    std::vector<const analyze::Finding*> findings;  ///< strongest first, without the suppressed ones
    std::set<uint32_t> planned;
    std::set<uint64_t> awaited;  ///< what planned threads wait for, by address
    std::set<uint32_t> printed;
    std::set<uint32_t> followed;  ///< what these wait behind was told, thread by thread, in another's block
    Page page;

private:
    using Awaited = std::tuple<snapshot::State, uint64_t, uint32_t, bool>;
    std::map<Awaited, std::vector<analyze::Owner>> known_owners_;
};

}  // namespace render
