// SPDX-License-Identifier: Apache-2.0
#include "analyze/exit_phase.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "analyze/frames.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::Frame;

bool is_in_libc(const Frame& frame) {
    return base_name(frame.module).starts_with("libc.so") || base_name(frame.module).starts_with("libc-2");
}

bool is_exit(const Frame& frame) {
    const std::string_view function = frame.function;
    return is_in_libc(frame) && (function == "exit" || function == "__run_exit_handlers");
}

/// What runs handlers and destructors for exit(): libc, the loader, and what the compiler adds to each module.
bool is_plumbing(const Frame& frame) {
    const std::string_view function = frame.function;
    const std::string_view module = base_name(frame.module);
    return is_in_libc(frame) || module.starts_with("ld-linux") || function == "_dl_fini" || function == "_fini" ||
           function == "__do_global_dtors_aux" || function == "__cxa_finalize";
}

bool is_destructor(std::string_view function) {
    return function.find("::~") != std::string_view::npos;
}

/// `inner`: frames that exit() has called, innermost first. Compilers put static destructors into functions
/// of their own, of which the frames of destructors are the callees.
ExitPhase phase_of(std::span<const Frame> inner) {
    ExitPhase phase;
    phase.phase = "exit";
    for (auto frame = inner.rbegin(); frame != inner.rend(); ++frame) {
        if (frame->function.empty() || is_plumbing(*frame)) continue;
        phase.function = frame->function;
        phase.phase = "atexit handler";
        break;
    }
    const auto outermost =
        std::find_if(inner.rbegin(), inner.rend(), [](const Frame& frame) { return is_destructor(frame.function); });
    const bool is_by_handler = outermost != inner.rend() && outermost->function != phase.function &&
                               !phase.function.starts_with("_GLOBAL__") && !phase.function.starts_with("__tcf_");
    if (outermost != inner.rend() && !is_by_handler) {
        phase.phase = "static destructor";
        phase.function = outermost->function;
    }
    return phase;
}

std::optional<ExitPhase> phase_of(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    const std::vector<Frame>& frames = snapshot.stacks.at(thread.stack).frames;
    const auto first = std::find_if(frames.begin(), frames.end(), is_exit);
    if (first == frames.end() || thread.finished) return std::nullopt;
    const auto outer = std::find_if_not(first, frames.end(), is_exit);
    ExitPhase phase = phase_of(std::span<const Frame>(frames.begin(), first));
    phase.thread = thread.id;
    // libc calls exit() itself where main has returned.
    phase.main_returned = thread.id == 1 && std::all_of(outer, frames.end(), [](const Frame& frame) {
                              return is_in_libc(frame) || frame.function.empty() || frame.function == "_start";
                          });
    phase.waits = snapshot::is_blocked(thread);
    if (thread.wait && thread.wait->destroys && phase.phase != "static destructor") {
        // The destructor ends in a jump to libc's function, which leaves no frame of its own.
        phase.phase = "static destructor";
        if (phase.function.empty()) phase.function = "of " + object_words(thread.wait->object);
    }
    return phase;
}

}  // namespace

std::optional<ExitPhase> find_exit_phase(const snapshot::Snapshot& snapshot) {
    for (const snapshot::Thread& thread : snapshot.threads) {
        if (std::optional<ExitPhase> phase = phase_of(snapshot, thread)) return phase;
    }
    return std::nullopt;
}

std::string exit_words(const snapshot::Snapshot& snapshot, const ExitPhase& phase) {
    std::string text = phase.main_returned ? "main has returned, and exit() is in "
                                           : thread_words(phase.thread) + " has called exit(), which is in ";
    text += phase.function.empty() ? "what libc does there" : phase.phase + " " + phase.function;
    const snapshot::Thread* const thread = snapshot::find_thread(snapshot, phase.thread);
    if (thread == nullptr || !phase.waits) return text;
    text += ", in " + snapshot::state_word(*thread);
    if (!thread->wait) return text;
    if (thread->wait->destroys) return text + ", until nobody waits on " + object_words(thread->wait->object);
    if (thread->wait->joins) return text + " for " + thread_words(*thread->wait->joins) + " to end";
    return text + " for " + object_words(thread->wait->object);
}

}  // namespace analyze
