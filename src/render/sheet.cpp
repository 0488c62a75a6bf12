// SPDX-License-Identifier: Apache-2.0
#include "render/sheet.h"

namespace render {

Sheet::Sheet(const snapshot::Snapshot& of_snapshot, const analyze::Analysis& of_analysis,
             const TextOptions& with_options)
    : snapshot(of_snapshot),
      analysis(of_analysis),
      options(with_options),
      stacks(of_snapshot, with_options.full_stacks, with_options.group_by_functions),
      owners(of_snapshot) {
    for (const analyze::Finding& finding : analysis.findings) {
        if (!finding.suppressed_by) findings.push_back(&finding);
    }
}

void Sheet::plan(const std::vector<uint32_t>& threads) {
    for (const uint32_t id : threads) {
        const snapshot::Thread* const thread = snapshot::find_thread(snapshot, id);
        if (thread == nullptr) continue;
        planned.insert(id);
        if (thread->wait) awaited.insert(thread->wait->object.address);
    }
}

const std::vector<analyze::Owner>& Sheet::owners_of(const snapshot::Thread& thread) {
    const snapshot::Wait wait = thread.wait.value_or(snapshot::Wait());
    const Awaited key(thread.state, wait.object.address, wait.joins.value_or(0), wait.prefers_writers);
    const auto [entry, is_new] = known_owners_.try_emplace(key);
    if (is_new) {
        entry->second = owners.owners_of_wait(thread);
        if (entry->second.size() > kMaxOwners) entry->second.resize(kMaxOwners);
    }
    return entry->second;
}

bool Sheet::has_stack(const snapshot::Thread& thread) const {
    return !stacks.is_empty(thread.stack) && !(thread.stack_is_last_known && thread.stack == thread.entry);
}

bool Sheet::is_finished(uint32_t thread) const {
    const snapshot::Thread* const found = snapshot::find_thread(snapshot, thread);
    return found != nullptr && found->finished;
}

}  // namespace render
