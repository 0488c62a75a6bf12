// SPDX-License-Identifier: Apache-2.0
#include "analyze/language_runtimes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "analyze/frames.h"
#include "snapshot/interpreter_file.h"

namespace analyze {

namespace {

using std::string_view;

/// Empty entries name nothing.
using RuntimeNames = std::array<string_view, 5>;
using ManyNames = std::array<string_view, 20>;

struct LanguageRuntime {
    /// One of these is loaded: any program may have the name of a runtime's. None: not asked.
    RuntimeNames loaded;
    /// Files that are the runtime, by name; of a library without its version.
    RuntimeNames modules;
    /// Start routines of its helpers. None: a thread that starts in `modules` is a helper when the
    /// runtime's own code alone created it; the program's threads are created by the program's code,
    /// which is in no file.
    RuntimeNames routines;
    /// Functions of `modules` that no thread of the program runs: where nobody recorded who created a
    /// thread, one of them in its stack tells a helper.
    ManyNames runs;
    /// Start routines of pools that work for the program: a member is the runtime's own while the routine
    /// itself idles. A program may well use such a name: it counts in a library of `own_files`, and where
    /// functions of `makers`, by the beginnings of their names, had the thread created; where nobody
    /// recorded that, where the file has such functions, and the thread is in one.
    RuntimeNames common_routines;
    RuntimeNames own_files;
    RuntimeNames makers;
    /// Threads that its class library starts before the program's code runs, so that the first of the
    /// name is the runtime's.
    RuntimeNames started_by_library;
    /// Functions in which those idle, and the members of pools.
    RuntimeNames idle_in;
    /// Functions in which the runtime's end holds any thread up, whatever it was in.
    RuntimeNames held_up_in;
    /// The main thread, in none but these files, waits for the thread that took its place.
    RuntimeNames launcher;
    /// Functions of a thread that has nothing more to do but go, by way of the runtime's own locks.
    RuntimeNames goes_in;
    /// Functions that make another thread end the process.
    RuntimeNames ends_in;
};

constexpr std::array kRuntimes = {
    // The Java VM (HotSpot). Its main thread starts another one, which becomes Java's main.
    LanguageRuntime{
        .loaded = {"libjvm.so", "libjli.so"},
        .modules = {"libjvm.so", "libjli.so", "java"},
        .routines = {},
        // Of a JavaThread the function that it was made for; of others their class' own.
        .runs = {"ConcurrentGCThread::run", "GangWorker::run", "AbstractGangWorker::run", "WorkerThread::run",
                 "GCTaskThread::run", "VMThread::run", "WatcherThread::run", "AsyncLogWriter::run",
                 "JfrThreadSampler::run", "signal_thread_entry", "attach_listener_thread_entry",
                 "ServiceThread::service_thread_entry", "NotificationThread::notification_thread_entry",
                 "MonitorDeflationThread::monitor_deflation_thread_entry", "CompileBroker::compiler_thread_loop",
                 "NMethodSweeper::sweeper_loop", "recorderthread_entry"},
        .common_routines = {},
        .own_files = {},
        .makers = {},
        .started_by_library = {"Reference Handl", "Finalizer", "Common-Cleaner"},
        .idle_in = {"JVM_WaitForReferencePendingList", "JVM_MonitorWait", "Unsafe_Park"},
        .held_up_in = {"SafepointSynchronize::block"},
        .launcher = {"java", "libjli.so"},
        // The VM ends with the lock of its list of threads.
        .goes_in = {"ThreadsSMRSupport::smr_delete", "Threads::remove"},
        .ends_in = {"JVM_Halt"},
    },
    // Node. JavaScript may run in code that is in node's own file, so the routine must say it.
    LanguageRuntime{
        .loaded = {},
        .modules = {"node", "nodejs", "libnode.so", "libuv.so"},
        .routines = {"node::(anonymous namespace)::PlatformWorkerThread",
                     "node::WorkerThreadsTaskRunner::DelayedTaskScheduler::Start",
                     "node::inspector::(anonymous namespace)::StartIoThreadMain"},
        .runs = {},
        .common_routines = {"worker"},
        .own_files = {"libuv.so"},
        .makers = {"uv_", "node::"},
        .started_by_library = {},
        .idle_in = {"uv_cond_wait", "uv_mutex_lock"},
        .held_up_in = {},
        .launcher = {},
        .goes_in = {},
        .ends_in = {},
    },
};

bool is_file(string_view name, string_view module) {
    if (module.empty() || !name.starts_with(module)) return false;
    return name.size() == module.size() || (module.ends_with(".so") && name[module.size()] == '.');
}

bool is_of(const snapshot::Frame& frame, const RuntimeNames& modules) {
    const string_view name = base_name(frame.module);
    return std::any_of(modules.begin(), modules.end(), [&](string_view module) { return is_file(name, module); });
}

/// With or without its arguments.
template <size_t count>
bool is_named(string_view function, const std::array<string_view, count>& names) {
    return std::any_of(names.begin(), names.end(), [&](string_view name) {
        return !name.empty() && function.starts_with(name) &&
               (function.size() == name.size() || function[name.size()] == '(');
    });
}

bool has_names(const RuntimeNames& names) {
    return !names.front().empty();
}

const snapshot::Stack& stack_of(const snapshot::Snapshot& snapshot, snapshot::StackIndex index) {
    static const snapshot::Stack kNone;
    return index < snapshot.stacks.size() ? snapshot.stacks[index] : kNone;
}

/// No frame that is known is of anything else. Of a thread that runs, none is known.
bool stays_in(const snapshot::Stack& stack, const RuntimeNames& modules) {
    return std::all_of(stack.frames.begin(), stack.frames.end(), [&](const snapshot::Frame& frame) {
        return is_of(frame, modules) || (!frame.module.empty() && is_runtime_frame(frame));
    });
}

bool is_wholly_in(const snapshot::Stack& stack, const RuntimeNames& modules) {
    return !stack.frames.empty() && !stack.incomplete && !stack.truncated && stays_in(stack, modules);
}

bool is_first_of_its_name(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    const auto first = std::find_if(snapshot.threads.begin(), snapshot.threads.end(),
                                    [&](const snapshot::Thread& one) { return one.name == thread.name; });
    return first != snapshot.threads.end() && first->id == thread.id;
}

bool is_there(const LanguageRuntime& runtime, const snapshot::Snapshot& snapshot) {
    return !has_names(runtime.loaded) ||
           std::any_of(snapshot.modules.begin(), snapshot.modules.end(), [&](const snapshot::Module& module) {
               const string_view name = base_name(module.path);
               return std::any_of(runtime.loaded.begin(), runtime.loaded.end(),
                                  [&](string_view file) { return is_file(name, file); });
           });
}

bool begins_with_one_of(string_view function, const RuntimeNames& beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](string_view begin) { return !begin.empty() && function.starts_with(begin); });
}

/// Recorded; or of a thread that nobody saw begin, what libc called first. Null: not known.
const snapshot::Frame* start_of(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    const snapshot::Stack& entry = stack_of(snapshot, thread.entry);
    if (!entry.frames.empty()) return &entry.frames.back();
    const snapshot::Stack& stack = stack_of(snapshot, thread.stack);
    if (stack.incomplete || stack.truncated) return nullptr;
    const auto first = std::find_if(stack.frames.rbegin(), stack.frames.rend(),
                                    [](const snapshot::Frame& frame) { return origin_of(frame) != Origin::kRuntime; });
    return first == stack.frames.rend() ? nullptr : &*first;
}

bool is_of_makers(const LanguageRuntime& runtime, const snapshot::Frame& start, const snapshot::Stack& stack,
                  const snapshot::Stack& created) {
    const auto is_maker = [&](const snapshot::Frame& frame) {
        return begins_with_one_of(frame.function, runtime.makers);
    };
    if (!created.frames.empty()) return std::any_of(created.frames.begin(), created.frames.end(), is_maker);
    return std::any_of(stack.frames.begin(), stack.frames.end(),
                       [&](const snapshot::Frame& frame) { return is_maker(frame) && frame.module == start.module; });
}

/// In one of its common routines, which itself called what it is in.
bool is_idle_in_pool(const LanguageRuntime& runtime, const snapshot::Thread& thread, const snapshot::Stack& stack) {
    if (thread.stack_is_last_known || thread.last_recorded) return false;
    const auto routine = std::find_if(stack.frames.begin(), stack.frames.end(), [&](const snapshot::Frame& frame) {
        return is_named(frame.function, runtime.common_routines);
    });
    return routine != stack.frames.begin() && routine != stack.frames.end() &&
           is_named(std::prev(routine)->function, runtime.idle_in);
}

bool starts_in_routine(const LanguageRuntime& runtime, const snapshot::Snapshot& snapshot,
                       const snapshot::Thread& thread, const snapshot::Frame& start) {
    if (is_named(start.function, runtime.routines)) return true;
    if (!is_named(start.function, runtime.common_routines)) return false;
    const snapshot::Stack& stack = stack_of(snapshot, thread.stack);
    const bool is_its_own = is_of(start, runtime.own_files) ||
                            is_of_makers(runtime, start, stack, stack_of(snapshot, thread.created_stack));
    return is_its_own && is_idle_in_pool(runtime, thread, stack);
}

/// Its creator tells; where that is not known, what it runs.
bool is_made_by(const LanguageRuntime& runtime, const snapshot::Stack& stack, const snapshot::Stack& created) {
    if (!created.frames.empty()) return is_wholly_in(created, runtime.modules);
    return is_wholly_in(stack, runtime.modules) &&
           std::any_of(stack.frames.begin(), stack.frames.end(), [&](const snapshot::Frame& frame) {
               return is_of(frame, runtime.modules) && is_named(frame.function, runtime.runs);
           });
}

bool is_held_up(const LanguageRuntime& runtime, const snapshot::Stack& stack) {
    return std::any_of(stack.frames.begin(), stack.frames.end(),
                       [&](const snapshot::Frame& frame) { return is_named(frame.function, runtime.held_up_in); });
}

bool is_idle_helper_of_library(const LanguageRuntime& runtime, const snapshot::Snapshot& snapshot,
                               const snapshot::Thread& thread, const snapshot::Stack& stack) {
    if (!is_named(thread.name, runtime.started_by_library) || !is_first_of_its_name(snapshot, thread)) return false;
    return is_held_up(runtime, stack) ||
           std::any_of(stack.frames.begin(), stack.frames.end(),
                       [&](const snapshot::Frame& frame) { return is_named(frame.function, runtime.idle_in); });
}

bool is_helper_of(const LanguageRuntime& runtime, const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    if (!is_there(runtime, snapshot)) return false;
    const snapshot::Stack& stack = stack_of(snapshot, thread.stack);
    if (thread.id == 1) return has_names(runtime.launcher) && is_wholly_in(stack, runtime.launcher);
    // Not known where nobody saw it begin, and code made at run time hides it.
    const snapshot::Frame* const start = start_of(snapshot, thread);
    if (start != nullptr && !is_of(*start, runtime.modules)) return false;
    if (has_names(runtime.routines)) {
        return start != nullptr && starts_in_routine(runtime, snapshot, thread, *start) &&
               stays_in(stack, runtime.modules);
    }
    const bool is_made = is_made_by(runtime, stack, stack_of(snapshot, thread.created_stack));
    const bool is_in_own_code = stays_in(stack, runtime.modules) || is_held_up(runtime, stack);
    return (start != nullptr && is_made && is_in_own_code) ||
           is_idle_helper_of_library(runtime, snapshot, thread, stack);
}

}  // namespace

bool is_interpreter_frame(const snapshot::Frame& frame) {
    // Modules of its library that are native come with it.
    const bool is_native_module = frame.module.find("/lib-dynload/") != std::string::npos;
    return frame.language == snapshot::Language::kNative &&
           (is_native_module || snapshot::is_python_interpreter(frame.module));
}

bool is_interpreted_library_frame(const snapshot::Frame& frame) {
    if (frame.language != snapshot::Language::kPython) return false;
    const string_view file = frame.file;
    if (file.starts_with("<frozen ")) return true;
    const bool is_installed =
        file.find("/site-packages/") != string_view::npos || file.find("/dist-packages/") != string_view::npos;
    return file.find("/lib/python3.") != string_view::npos && !is_installed;
}

bool is_runtime_helper(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    return std::any_of(kRuntimes.begin(), kRuntimes.end(),
                       [&](const LanguageRuntime& runtime) { return is_helper_of(runtime, snapshot, thread); });
}

bool is_runtime_hold(const snapshot::Snapshot& snapshot, const snapshot::Thread& owner, const snapshot::Hold& hold) {
    const snapshot::Stack& acquired_at = stack_of(snapshot, hold.acquired_at);
    return std::any_of(kRuntimes.begin(), kRuntimes.end(), [&](const LanguageRuntime& runtime) {
        return is_helper_of(runtime, snapshot, owner) && is_wholly_in(acquired_at, runtime.modules);
    });
}

bool is_runtime_misuse(const snapshot::Snapshot& snapshot, const snapshot::Misuse& misuse) {
    const snapshot::Stack& stack = stack_of(snapshot, misuse.stack);
    return std::any_of(kRuntimes.begin(), kRuntimes.end(), [&](const LanguageRuntime& runtime) {
        // What libc alone is in, as when it destroys the program's statics, is the program's.
        return is_there(runtime, snapshot) && is_wholly_in(stack, runtime.modules) &&
               std::any_of(stack.frames.begin(), stack.frames.end(),
                           [&](const snapshot::Frame& frame) { return is_of(frame, runtime.modules); });
    });
}

bool has_asked_for_end(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    if (snapshot.process.reason != snapshot::Reason::kExit) return false;
    const std::vector<snapshot::Frame>& frames = stack_of(snapshot, thread.stack).frames;
    return std::any_of(kRuntimes.begin(), kRuntimes.end(), [&](const LanguageRuntime& runtime) {
        return is_there(runtime, snapshot) &&
               std::any_of(frames.begin(), frames.end(), [&](const snapshot::Frame& frame) {
                   return is_of(frame, runtime.modules) && is_named(frame.function, runtime.ends_in);
               });
    });
}

bool is_kept_by_end(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    if (snapshot.process.reason != snapshot::Reason::kExit) return false;
    const snapshot::Stack& stack = stack_of(snapshot, thread.stack);
    return std::any_of(kRuntimes.begin(), kRuntimes.end(), [&](const LanguageRuntime& runtime) {
        if (!is_there(runtime, snapshot)) return false;
        const auto is_in = [&](const RuntimeNames& names) {
            return std::any_of(stack.frames.begin(), stack.frames.end(), [&](const snapshot::Frame& frame) {
                return is_of(frame, runtime.modules) && is_named(frame.function, names);
            });
        };
        return is_in(runtime.held_up_in) || (is_in(runtime.goes_in) && is_wholly_in(stack, runtime.modules));
    });
}

}  // namespace analyze
