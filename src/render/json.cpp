// SPDX-License-Identifier: Apache-2.0
//
// The JSON report. Every field is always there: null when unknown, [] when empty; names never change.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/exit_phase.h"
#include "analyze/language_runtimes.h"
#include "analyze/lost_wakeup.h"
#include "analyze/misuse.h"
#include "analyze/owner_index.h"
#include "render/render.h"
#include "render/words.h"

namespace render {

namespace {

using Json = nlohmann::ordered_json;
using snapshot::Thread;

// Far above what ten thousand threads need; a damaged recording of a few MB could ask for terabytes.
constexpr size_t kMaxFrames = 2'000'000;
constexpr size_t kMaxOwners = 100'000;

std::string_view reason_word(snapshot::Reason reason) {
    switch (reason) {
        case snapshot::Reason::kExit: return "exit";
        case snapshot::Reason::kSignal: return "signal";
        case snapshot::Reason::kDump: return "dump";
        case snapshot::Reason::kWatch: return "watch";
        case snapshot::Reason::kTimeout: return "timeout";
        case snapshot::Reason::kPostMortem: return "post-mortem";
    }
    return "";
}

std::string_view end_word(snapshot::End end) {
    switch (end) {
        case snapshot::End::kReturn: return "return";
        case snapshot::End::kExit: return "exit";
        case snapshot::End::kUnderscoreExit: return "_exit";
        case snapshot::End::kQuickExit: return "quick_exit";
        case snapshot::End::kExec: return "exec";
        case snapshot::End::kSignal: return "signal";
        case snapshot::End::kAlive: return "alive";
        case snapshot::End::kUnknown: return "unknown";
    }
    return "";
}

Json or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

template <typename Number>
Json or_null(const std::optional<Number>& value) {
    return value ? Json(*value) : Json();
}

/// For numbers that count from 1.
Json number_or_null(uint64_t number) {
    return number == 0 ? Json() : Json(number);
}

Json hex(uint64_t value) {
    return fmt::format("{:#x}", value);
}

Json address_or_null(uint64_t address) {
    return address == 0 ? Json() : hex(address);
}

/// To thousandths, as shares are too.
Json seconds(double value) {
    return std::isfinite(value) ? Json(std::round(value * 1000) / 1000) : Json();
}

Json seconds(const std::optional<double>& value) {
    return value ? seconds(*value) : Json();
}

Json frame_json(const snapshot::Frame& frame) {
    const bool has_module = !frame.module.empty();
    const bool is_python = frame.language == snapshot::Language::kPython;
    return {{"function", or_null(frame.function)},
            {"file", or_null(frame.file)},
            {"line", frame.line > 0 ? Json(frame.line) : Json()},
            {"module", or_null(frame.module)},
            {"offset", is_python ? Json() : hex(has_module ? frame.offset : frame.address)},
            {"inlined", frame.inlined}};
}

Json object_json(const snapshot::Object& object) {
    return {{"kind", noun(object)}, {"address", address_or_null(object.address)}, {"name", or_null(object.name)}};
}

class Writer {
public:
    Writer(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis)
        : snapshot_(snapshot), analysis_(analysis), owners_(snapshot) {}

    /// Written thread by thread: the values of all at once would take many times the text's memory.
    std::string report() {
        std::string threads;
        for (const Thread& thread : snapshot_.threads)
            threads += (threads.empty() ? "" : ",") + written(thread_json(thread));
        std::string findings;
        for (const analyze::Finding& finding : analysis_.findings)
            findings += (findings.empty() ? "" : ",") + written(finding_json(finding));
        Json roots = Json::array();
        for (const analyze::RootBlocker& root : analysis_.roots) roots.push_back(root_json(root));
        Json misuses = Json::array();
        for (const snapshot::Misuse& misuse : analysis_.misuses) misuses.push_back(misuse_json(misuse));
        const snapshot::Losses& losses = snapshot_.losses;
        const Json lost = {{"threads", losses.threads}, {"holds", losses.holds}, {"stacks", losses.stacks}};
        return fmt::format(
            R"({{"schema":"loiter-report/1","process":{},"counts":{},"threads":[{}],"findings":[{}],"losses":{},"root_blockers":{},"misuse":{}}})",
            written(process()), written(counts()), threads, findings, written(lost), written(roots), written(misuses));
    }

private:
    static std::string written(const Json& json) {
        return printable_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
    }

    std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        if (!snapshot_.process.observed) notes.emplace_back(kNotObserved);
        notes.insert(notes.end(), snapshot_.notes.begin(), snapshot_.notes.end());
        if (frames_left_ == 0) notes.emplace_back("too many frames for one report: some stacks are left out");
        if (snapshot_.losses.orders > 0)
            notes.push_back(
                fmt::format("{} in which locks were taken found no room", counted(snapshot_.losses.orders, "order")));
        if (owners_left_ == 0) notes.emplace_back("too many owners for one report: some are left out");
        return notes;
    }

    Json process() const {
        const snapshot::Process& process = snapshot_.process;
        return {{"pid", process.pid},
                {"ppid", number_or_null(process.ppid)},
                {"exe", or_null(process.exe)},
                {"command", process.command},
                {"observed", process.observed},
                {"reason", reason_word(process.reason)},
                {"end", end_word(process.end)},
                {"status", or_null(process.status)},
                {"uptime_seconds", seconds(process.uptime_seconds)},
                {"notes", notes()},
                {"uptime_is_lower_bound", process.uptime_is_lower_bound},
                {"exit_phase", exit_phase()}};
    }

    /// Of a process that is still alive: at its end each is in exit().
    Json exit_phase() const {
        if (snapshot_.process.end != snapshot::End::kAlive || snapshot_.stacks.empty()) return {};
        const std::optional<analyze::ExitPhase> phase = analyze::find_exit_phase(snapshot_);
        if (!phase) return {};
        return {{"thread", phase->thread}, {"main_returned", phase->main_returned},
                {"phase", phase->phase},   {"function", or_null(phase->function)},
                {"waits", phase->waits},   {"message", analyze::exit_words(snapshot_, *phase)}};
    }

    Json counts() const {
        const analyze::Counts& counts = analysis_.counts;
        return {{"threads", counts.threads},
                {"blocked", counts.blocked},
                {"alive", counts.alive},
                {"unjoined", counts.unjoined},
                {"created_total", counts.created_total}};
    }

    const snapshot::Stack& stack(snapshot::StackIndex index) const {
        return snapshot_.stacks[index < snapshot_.stacks.size() ? index : 0];
    }

    Json stack_json(snapshot::StackIndex index) {
        Json frames = Json::array();
        if (snapshot_.stacks.empty()) return frames;
        for (const snapshot::Frame& frame : stack(index).frames) {
            if (frames_left_ == 0) break;
            --frames_left_;
            frames.push_back(frame_json(frame));
        }
        return frames;
    }

    Json thread_json(const Thread& thread) {
        Json holds = Json::array();
        for (const snapshot::Hold& hold : thread.holds) {
            if (!hold.lent) holds.push_back(hold_json(hold));
        }
        Json json = {{"id", thread.id},
                     {"tid", number_or_null(thread.tid)},
                     {"name", or_null(thread.name)},
                     {"state", snapshot::state_word(thread)},
                     {"timed", thread.timed},
                     {"for_seconds", seconds(thread.for_seconds)},
                     {"for_is_lower_bound", thread.for_is_lower_bound},
                     {"left_seconds", seconds(thread.left_seconds)},
                     {"age_seconds", seconds(thread.age_seconds)},
                     {"cpu_seconds", seconds(thread.cpu_seconds)},
                     {"detached", or_null(thread.detached)},
                     {"entry", entry_json(thread)},
                     {"stack", stack_json(thread.stack)},
                     {"created_by", creation_json(thread)},
                     {"waits_for", wait_json(thread)},
                     {"holds", std::move(holds)},
                     {"label", or_null(thread.label)},
                     {"expected", thread.expected}};
        json.update(particulars(thread));
        return json;
    }

    /// What is true of how this thread was seen.
    Json particulars(const Thread& thread) const {
        const bool has_stack = thread.stack != 0 && !snapshot_.stacks.empty();
        return {{"timeout_seconds", seconds(thread.timeout_seconds)},
                {"age_is_lower_bound", thread.age_is_lower_bound},
                {"exiting", thread.exiting},
                {"finished", thread.finished},
                {"ends_process", thread.ends_process},
                {"runtime_helper", analyze::is_runtime_helper(snapshot_, thread)},
                {"last_recorded", thread.last_recorded},
                {"settled", thread.settled},
                {"torn", thread.torn},
                {"cpu_share", seconds(thread.cpu_share)},
                {"stack_is", !has_stack                   ? "none"
                             : thread.stack_is_last_known ? "last-known"
                                                          : "exact"},
                {"stack_ago_seconds", seconds(thread.stack_ago_seconds)},
                {"stack_truncated", has_stack && stack(thread.stack).truncated},
                {"stack_incomplete", has_stack && stack(thread.stack).incomplete},
                {"stack_left_out", left_out_json(thread.stack)}};
    }

    /// Of a very deep stack both ends are kept: after how many frames of `stack` the others would come.
    Json left_out_json(snapshot::StackIndex index) const {
        if (snapshot_.stacks.empty()) return {};
        const std::vector<snapshot::Frame>& frames = stack(index).frames;
        for (size_t i = 0; i < frames.size(); ++i) {
            if (frames[i].left_out_before != 0) return {{"after", i}, {"frames", frames[i].left_out_before}};
        }
        return {};
    }

    /// Calls that were inlined at its very start come first; the routine itself is the last.
    Json entry_json(const Thread& thread) const {
        if (thread.entry == 0 || snapshot_.stacks.empty() || stack(thread.entry).frames.empty()) return {};
        return frame_json(stack(thread.entry).frames.back());
    }

    Json creation_json(const Thread& thread) {
        if (thread.created_by == 0 && thread.created_stack == 0) return {};
        return {{"thread", number_or_null(thread.created_by)}, {"stack", stack_json(thread.created_stack)}};
    }

    Json wait_json(const Thread& thread) {
        if (!thread.wait) return {};
        Json json = object_json(thread.wait->object);
        json["kind"] = awaited_noun(thread);
        json["detail"] = or_null(thread.wait->detail);
        json["owners"] = Json::array();
        const std::vector<analyze::Owner> owners =
            owners_left_ == 0 ? std::vector<analyze::Owner>() : owners_.owners_of_wait(thread);
        for (const analyze::Owner& owner : owners) {
            if (owners_left_ == 0) break;
            if (owner.thread == 0 && !thread.wait->process_owners.empty()) continue;  // that is who it is
            --owners_left_;
            json["owners"].push_back(owner_json(owner, *thread.wait));
        }
        for (const snapshot::ProcessOwner& owner : thread.wait->process_owners) {
            if (owners_left_ == 0) break;
            --owners_left_;
            json["owners"].push_back(process_owner_json(owner));
        }
        json["last_signal"] = thread.wait->last_signal ? signal_json(*thread.wait->last_signal) : Json();
        json["signallers"] = Json::array();
        for (const snapshot::Signaller& signaller : thread.wait->signallers)
            json["signallers"].push_back(
                {{"thread", signaller.thread}, {"exited", signaller.exited}, {"before_wait", signaller.before_wait}});
        const auto cycle = analysis_.probable_cycles.find(thread.id);
        json["probable_cycle"] = cycle == analysis_.probable_cycles.end() ? Json() : Json(cycle->second);
        json["parties"] = or_null(thread.wait->parties);
        json["missing_parties"] = missing_parties(thread);
        json["signal_unknown"] = thread.wait->signal_unknown;
        return json;
    }

    /// Who is known from libc's memory has the lock alone; a thread whose end is awaited has no lock.
    Json owner_json(const analyze::Owner& owner, const snapshot::Wait& wait) {
        const snapshot::Hold* const hold = owner.hold;
        const bool is_joined = wait.object.kind == snapshot::LockKind::kThread || !wait.members.empty();
        const snapshot::Mode mode = hold == nullptr ? snapshot::Mode::kExclusive : hold->mode;
        return {{"thread", number_or_null(owner.thread)},
                {"pid", nullptr},
                {"command", nullptr},
                {"mode", is_joined ? Json() : Json(word(mode))},
                {"for_seconds", hold == nullptr ? Json() : seconds(hold->for_seconds)},
                {"for_is_lower_bound", hold != nullptr && hold->for_is_lower_bound},
                {"acquired_at", stack_json(hold == nullptr ? 0 : hold->acquired_at)},
                {"in_doubt", owner.in_doubt},
                {"queued", owner.queued}};
    }

    /// The kernel tells which process has a lock; of which thread took it, where and when, its own recording may.
    Json process_owner_json(const snapshot::ProcessOwner& owner) {
        return {{"thread", number_or_null(owner.thread)},
                {"pid", number_or_null(owner.pid)},
                {"command", or_null(owner.command)},
                {"mode", word(owner.mode)},
                {"for_seconds", seconds(owner.for_seconds)},
                {"for_is_lower_bound", owner.for_is_lower_bound},
                {"acquired_at", stack_json(owner.acquired_at)},
                {"in_doubt", owner.in_doubt},
                {"queued", false},
                {"descriptor", or_null(owner.descriptor)},
                {"now", owner.now.empty() ? Json() : now_json(owner.now.front())}};
    }

    /// A thread of another process.
    Json now_json(const Thread& thread) {
        return {{"tid", number_or_null(thread.tid)},
                {"name", or_null(thread.name)},
                {"state", snapshot::state_word(thread)},
                {"timed", thread.timed},
                {"for_seconds", seconds(thread.for_seconds)},
                {"stack", stack_json(thread.stack)},
                {"waits_for", thread.wait ? object_json(thread.wait->object) : Json()}};
    }

    Json signal_json(const snapshot::LastSignal& signal) {
        return {{"thread", number_or_null(signal.thread)},
                {"ago_seconds", seconds(signal.ago_seconds)},
                {"before_wait", signal.before_wait},
                {"waiters", or_null(signal.waiters)},
                {"stack", stack_json(signal.stack)},
                {"unlocked", or_null(signal.unlocked)},
                {"ago_is_lower_bound", signal.ago_is_lower_bound}};
    }

    Json hold_json(const snapshot::Hold& hold) {
        Json json = object_json(hold.lock);
        json.update({{"mode", word(hold.mode)},
                     {"depth", hold.depth},
                     {"for_seconds", seconds(hold.for_seconds)},
                     {"for_is_lower_bound", hold.for_is_lower_bound},
                     {"acquired_at", stack_json(hold.acquired_at)},
                     {"releasing", hold.releasing}});
        return json;
    }

    Json finding_json(const analyze::Finding& finding) {
        Json order = Json::array();
        for (const analyze::OrderEdge& edge : finding.order) {
            order.push_back({{"lock", object_json(edge.lock)},
                             {"while_holding", object_json(edge.while_holding)},
                             {"stack", stack_json(edge.stack)},
                             {"held_stack", stack_json(edge.held_stack)},
                             {"thread", number_or_null(edge.thread)}});
        }
        return {{"verdict", analyze::word(finding.verdict)},
                {"certainty", analyze::word(finding.certainty)},
                {"threads", finding.threads},
                {"behind", finding.behind},
                {"message", finding.message},
                {"fingerprint", finding.fingerprint},
                {"suppressed_by", or_null(finding.suppressed_by)},
                {"order", std::move(order)},
                {"order_by_class", finding.order_by_class}};
    }

    /// Ten thousand may wait at one barrier: each is counted once.
    Json missing_parties(const Thread& thread) {
        if (!thread.wait->parties && !thread.wait->counts_down) return {};
        const auto [entry, is_new] = missing_.try_emplace(thread.wait->object.address);
        if (is_new) entry->second = analyze::missing_parties(snapshot_, thread);
        return or_null(entry->second);
    }

    Json misuse_json(const snapshot::Misuse& misuse) {
        return {{"kind", analyze::word(misuse.kind)},      {"object", object_json(misuse.object)},
                {"thread", number_or_null(misuse.thread)}, {"other_thread", number_or_null(misuse.other_thread)},
                {"seconds", seconds(misuse.ago_seconds)},  {"message", analyze::misuse_words(misuse)},
                {"stack", stack_json(misuse.stack)},       {"candidates", misuse.candidates}};
    }

    /// A share that is of no lock is of joins.
    static Json root_json(const analyze::RootBlocker& root) {
        Json shares = Json::array();
        for (const analyze::WaitShare& share : root.shares) {
            Json json = object_json(share.object);
            json["threads"] = share.threads;
            shares.push_back(std::move(json));
        }
        return {{"thread", root.thread}, {"blocks", root.blocks}, {"for", std::move(shares)}};
    }

    const snapshot::Snapshot& snapshot_;
    const analyze::Analysis& analysis_;
    const analyze::OwnerIndex owners_;
    std::map<uint64_t, std::optional<size_t>> missing_;  ///< parties, by barrier
    size_t frames_left_ = kMaxFrames;
    size_t owners_left_ = kMaxOwners;
};

}  // namespace

std::string json(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) {
    return Writer(snapshot, analysis).report();
}

}  // namespace render
