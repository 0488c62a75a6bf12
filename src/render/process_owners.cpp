// SPDX-License-Identifier: Apache-2.0
#include "render/process_owners.h"

#include <fmt/format.h>

#include <string>

#include "render/render.h"
#include "render/words.h"

namespace render {

namespace {

constexpr size_t kTold = 3;

/// `T2 "teller" of process 4243`; of this process, what its threads are called everywhere.
std::string names(const Sheet& sheet, const snapshot::ProcessOwner& owner) {
    if (owner.pid == sheet.snapshot.process.pid) return thread_words(sheet.snapshot, owner.thread);
    const std::string name = owner.thread_name.empty() ? "" : " \"" + printable(owner.thread_name) + "\"";
    return fmt::format("T{}{} of process {}", owner.thread, name, owner.pid);
}

void print_now(Sheet& sheet, const std::string& who, const snapshot::Thread& thread) {
    const bool has_stack = !sheet.stacks.is_empty(thread.stack);
    const bool has_object = thread.wait && thread.wait->object.address != 0;
    const std::string awaited = has_object ? ", waits for " + short_object_words(thread.wait->object) : "";
    const std::string detail =
        thread.wait && !thread.wait->detail.empty() ? " (" + printable(thread.wait->detail) + ")" : "";
    const std::string_view at = !has_stack ? "" : thread.stack_is_last_known ? ", last known at" : ", at";
    sheet.page.add(fmt::format("  {} {}{}{}{}", who, now_words(thread), awaited, detail, at));
    sheet.stacks.print(sheet.page, thread.stack);
}

}  // namespace

void print_process_owners(Sheet& sheet, const snapshot::Thread& waiter) {
    if (!waiter.wait) return;
    size_t told = 0;
    for (const snapshot::ProcessOwner& owner : waiter.wait->process_owners) {
        if (owner.thread == 0 || (owner.acquired_at == 0 && owner.now.empty())) continue;
        if (told++ == kTold) return;
        const std::string who = names(sheet, owner);
        if (!sheet.stacks.is_empty(owner.acquired_at)) {
            const std::string ago = owner.for_seconds ? (owner.for_is_lower_bound ? " at least " : " ") +
                                                            duration(*owner.for_seconds) + " ago"
                                                      : "";
            sheet.page.add(fmt::format("  {} took it{}, at", who, ago));
            sheet.stacks.print(sheet.page, owner.acquired_at);
        }
        if (!owner.now.empty()) print_now(sheet, who, owner.now.front());
    }
}

}  // namespace render
