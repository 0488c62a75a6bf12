// SPDX-License-Identifier: Apache-2.0
#include "symbolize/symbolize.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "symbolize/io_functions.h"
#include "symbolize/lock_bases.h"
#include "symbolize/module.h"
#include "symbolize/name_cache.h"

namespace symbolize {

namespace {

/// As debuggers say it: whatever code stands there, nobody called it.
constexpr const char* kSignalReturn = "<signal handler called>";

/// What libc's own type takes; an object no larger is that lock and nothing else.
uint64_t size_of(snapshot::LockKind kind) {
    switch (kind) {
        case snapshot::LockKind::kMutex: return 40;
        case snapshot::LockKind::kRwlock: return 56;
        case snapshot::LockKind::kCondition: return 48;
        case snapshot::LockKind::kSemaphore:
        case snapshot::LockKind::kBarrier: return 32;
        case snapshot::LockKind::kSpin:
        case snapshot::LockKind::kCustom:
        case snapshot::LockKind::kOnce:
        case snapshot::LockKind::kFutex:
        case snapshot::LockKind::kFile:
        case snapshot::LockKind::kThread:
        case snapshot::LockKind::kUnknown: return 4;
    }
    return 4;
}

/// The inline half of a call that the program makes to the library.
bool is_own(const Place& place) {
    return place.file.ends_with("/loiter/loiter.h") && place.function.starts_with("loiter_");
}

bool is_named(const snapshot::Frame& frame) {
    return frame.inlined || !frame.function.empty() || !frame.file.empty();
}

const snapshot::Module* module_at(const std::vector<snapshot::Module>& modules, uint64_t address) {
    const auto found = std::find_if(modules.begin(), modules.end(), [address](const snapshot::Module& module) {
        return address >= module.start && address < module.end;
    });
    return found != modules.end() ? &*found : nullptr;
}

}  // namespace

struct Symbolizer::Cache {
    explicit Cache(Options chosen)
        : options(std::move(chosen)), name_cache(options.cache_folder, options.cache_version) {}

    Module& module(const std::string& path, const std::string& build_id, const snapshot::Process& process);
    void name(snapshot::Stack& stack, const snapshot::Process& process);
    void name(snapshot::Object& object, const snapshot::Snapshot& snapshot);

    Options options;
    NameCache name_cache;
    Debuginfod debuginfod;
    std::map<ModuleIdentity, std::shared_ptr<Module>> modules;
    std::map<std::tuple<const Module*, uint64_t, snapshot::LockKind>, std::string> objects;
};

Module& Symbolizer::Cache::module(const std::string& path, const std::string& build_id,
                                  const snapshot::Process& process) {
    const std::string& root = process.root;
    const ModuleIdentity shared{path, build_id, "", ""};
    const auto known = modules.find(build_id.empty() ? ModuleIdentity{path, build_id, root, ""} : shared);
    // One that could not be made, of which the caller was told, left an empty place.
    const bool is_there = known != modules.end() && known->second != nullptr;
    if (is_there && known->second->is_open()) return *known->second;
    // A recording has the path as it was when the module was loaded, the kernel as it is now.
    auto deleted = process.deleted.find(path);
    if (deleted == process.deleted.end()) deleted = process.deleted.find(path + " (deleted)");
    const ModuleIdentity identity{path, build_id, root, deleted == process.deleted.end() ? "" : deleted->second};
    std::shared_ptr<Module>& opened = modules[identity];
    if (!opened) {
        opened = std::make_shared<Module>(identity, options.use_debuginfod ? &debuginfod : nullptr,
                                          options.cache_folder.empty() ? nullptr : &name_cache);
        // A build-id says all: what is found under one process' root is the same file for every process.
        if (opened->is_open() && !build_id.empty()) modules[shared] = opened;
    }
    return *opened;
}

void Symbolizer::Cache::name(snapshot::Stack& stack, const snapshot::Process& process) {
    std::vector<snapshot::Frame> named;
    named.reserve(stack.frames.size());
    for (snapshot::Frame& frame : stack.frames) {
        if (frame.signal_return) frame.function = kSignalReturn;
        if (frame.module.empty() || is_named(frame)) {
            named.push_back(std::move(frame));
            continue;
        }
        const uint64_t back = frame.is_return_address && frame.offset > 0 ? 1 : 0;
        Module& opened = module(frame.module, frame.build_id, process);
        const bool calls_nameless =
            !named.empty() && named.back().function.empty() && back != 0 && named.back().module != frame.module;
        if (calls_nameless) frame.calls = opened.called_before(frame.offset);
        const auto& places = opened.places(frame.offset - back);
        for (const Place& place : places) {
            if (place.inlined && is_own(place)) continue;
            snapshot::Frame& added = named.emplace_back(frame);
            added.function = place.function;
            added.file = place.file;
            added.line = place.line;
            added.inlined = place.inlined;
            frame.calls.clear();  // it is the innermost that calls
            frame.left_out_before = 0;
        }
        if (places.empty()) named.push_back(std::move(frame));
    }
    stack.frames = std::move(named);
}

void Symbolizer::Cache::name(snapshot::Object& object, const snapshot::Snapshot& snapshot) {
    if (object.address == 0 || !object.name.empty() || object.kind == snapshot::LockKind::kThread) return;
    const snapshot::Module* const mapped = module_at(snapshot.modules, object.address);
    if (!mapped) return;
    Module& opened = module(mapped->path, mapped->build_id, snapshot.process);
    const uint64_t address = object.address - mapped->bias;
    const auto [at, is_new] = objects.try_emplace({&opened, address, object.kind});
    if (is_new) at->second = opened.object(address, size_of(object.kind));
    object.name = at->second;
}

Symbolizer::Symbolizer(Options options) : cache_(std::make_unique<Cache>(std::move(options))) {}

Symbolizer::~Symbolizer() = default;

void Symbolizer::name(snapshot::Snapshot& snapshot) {
    size_t done = 0;
    for (snapshot::Stack& stack : snapshot.stacks) {
        cache_->name(stack, snapshot.process);
        if (cache_->options.progress) cache_->options.progress(++done, snapshot.stacks.size());
    }
    name_io_functions(snapshot);
    find_lock_bases(snapshot);
    for (snapshot::Thread& thread : snapshot.threads) {
        if (thread.wait) {
            cache_->name(thread.wait->object, snapshot);
            cache_->name(thread.wait->mutex, snapshot);
        }
        for (snapshot::Hold& hold : thread.holds) cache_->name(hold.lock, snapshot);
    }
    for (snapshot::LockOrder& order : snapshot.lock_orders) {
        cache_->name(order.held, snapshot);
        cache_->name(order.lock, snapshot);
    }
    for (snapshot::Misuse& misuse : snapshot.misuses) cache_->name(misuse.object, snapshot);
}

}  // namespace symbolize
