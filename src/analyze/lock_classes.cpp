// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_classes.h"

#include <algorithm>
#include <cctype>

#include "analyze/frames.h"

namespace analyze {

namespace {

using snapshot::Frame;
using snapshot::LockOrder;
using snapshot::Object;

constexpr size_t kMostFramesOfPlace = 16;  ///< one less, the first number is another
constexpr size_t kFramesOfMaker = 3;       ///< a wrapper of the call, what makes the object, and who asked for it

// What the first number of a LockClass says of the others.
enum : uint64_t { kByName, kByPlace, kByAddress, kByCreation };

bool is_one_call(const Frame& left, const Frame& right) {
    return left.module == right.module && left.offset == right.offset;
}

bool is_one_function(const Frame& left, const Frame& right) {
    return !left.function.empty() && left.function == right.function && left.module == right.module;
}

bool starts_with(const LockClass& way, const LockClass& place) {
    return way.size() >= place.size() && std::equal(place.begin(), place.end(), way.begin());
}

}  // namespace

std::string class_name(const std::string& name) {
    std::string text;
    for (size_t i = 0; i < name.size(); ++i) {
        text += name[i];
        if (name[i] != '[') continue;
        while (i + 1 < name.size() && std::isdigit(static_cast<unsigned char>(name[i + 1])) != 0) ++i;
    }
    return text;
}

LockClasses::LockClasses(const snapshot::Snapshot& snapshot, ClassesBy by) : snapshot_(snapshot), by_(by) {
    ends_.reserve(snapshot.lock_orders.size());
    for (const LockOrder& order : snapshot.lock_orders) {
        Ends& ends = ends_.emplace_back();
        ends.held = held_class_of(order);
        ends.held_way = place(order.held_stack, SIZE_MAX);
        ends.way = place(order.stack, SIZE_MAX);
        if (!order.lock.name.empty()) {
            ends.taken = name_class(order.lock);
        } else {
            ends.taken = by_ == ClassesBy::kCreation ? creation_class(order.made_at) : ends.way;
        }
    }
}

/// Copies of one source line (inlined, unrolled) look equal.
uint64_t LockClasses::look_of(const Frame& frame) {
    const bool has_line = !frame.function.empty() && frame.line != 0;
    const uint64_t where = has_line ? static_cast<uint64_t>(frame.line) : frame.offset;
    return looks_.try_emplace({frame.module, frame.function, has_line ? frame.file : "", where}, looks_.size())
        .first->second;
}

const std::vector<LockClasses::Seen>& LockClasses::seen(snapshot::StackIndex stack) {
    const auto [entry, is_new] = seen_.try_emplace(stack);
    if (!is_new) return entry->second;
    for (const Frame& frame : snapshot_.stacks.at(stack).frames)
        entry->second.push_back({look_of(frame), origin_of(frame) == Origin::kProgram});
    return entry->second;
}

/// The program's own among the innermost `frames`; empty: none is.
LockClass LockClasses::place(snapshot::StackIndex stack, size_t frames) {
    LockClass made = {kByPlace};
    for (const Seen& frame : seen(stack)) {
        if (frames-- == 0) break;
        if (frame.is_program) made.push_back(frame.look);
    }
    return made.size() == 1 ? LockClass{} : made;
}

LockClass LockClasses::name_class(const Object& lock) {
    const uint64_t number = names_.try_emplace(class_name(lock.name), names_.size()).first->second;
    return {kByName, static_cast<uint64_t>(lock.kind), number};
}

/// With the callers next to it: what makes locks for others makes unrelated ones. Empty: not known.
LockClass LockClasses::creation_class(snapshot::StackIndex made_at) {
    LockClass made = place(made_at, SIZE_MAX);
    if (made.empty()) return made;
    made.front() = kByCreation;
    if (made.size() > 1 + kFramesOfMaker) made.resize(1 + kFramesOfMaker);
    return made;
}

/// How many of the innermost frames of the held lock's stack lead out to the function that took the other one: there
/// the two stacks part. 0: they have nothing in common.
size_t LockClasses::frames_to_parting(const LockOrder& order) {
    const std::vector<Frame>& held = snapshot_.stacks.at(order.held_stack).frames;
    const std::vector<Frame>& taken = snapshot_.stacks.at(order.stack).frames;
    const std::vector<Seen>& looks = seen(order.held_stack);
    const std::vector<Seen>& others = seen(order.stack);
    size_t i = held.size();
    size_t j = taken.size();
    while (i > 0 && j > 0) {
        const Frame& one = held[i - 1];
        const Frame& other = taken[j - 1];
        const size_t outer = i == held.size() ? 0 : i + 1;
        if (looks[i - 1].look != others[j - 1].look) return is_one_function(one, other) ? i : outer;
        // The call of one line may be another, but for the place within an inlined function further in.
        const bool goes_inward = i > 1 && held[i - 2].inlined && j > 1 && taken[j - 2].inlined;
        if (!is_one_call(one, other) && !goes_inward) return i;
        --i;
        --j;
    }
    return i == 0 ? held.size() : std::min(i + 1, held.size());
}

/// A function that calls back through std::function or its like locks for its caller.
size_t LockClasses::frames_to_scope(const LockOrder& order) {
    const std::vector<Seen>& looks = seen(order.held_stack);
    const std::vector<Seen>& others = seen(order.stack);
    size_t frames = frames_to_parting(order);
    if (frames == 0 || looks.size() - frames >= others.size()) return frames;
    const size_t called =
        others.size() - (looks.size() - frames) - 1;  // frames of the other stack within that function
    const auto inner = others.rend() - static_cast<std::ptrdiff_t>(called);
    const auto program = std::find_if(inner, others.rend(), [](const Seen& frame) { return frame.is_program; });
    if (program == others.rend() || program == inner) return frames;
    while (frames < looks.size() && !looks[frames++].is_program) continue;
    return frames;
}

LockClass LockClasses::held_class_of(const LockOrder& order) {
    if (!order.held.name.empty()) return name_class(order.held);
    const bool is_by_place = by_ == ClassesBy::kPlace;
    LockClass made = is_by_place ? place(order.held_stack, frames_to_scope(order)) : creation_class(order.held_made_at);
    if (made.empty() || (is_by_place && made.size() > kMostFramesOfPlace)) return {kByAddress, order.held.address};
    return made;
}

bool LockClasses::is_one_lock(size_t taken, size_t held) const {
    return order(taken).lock.address == order(held).held.address;
}

bool LockClasses::is_one_class(size_t taken, size_t held) const {
    const Object& lock = order(taken).lock;
    const Object& other = order(held).held;
    if (lock.kind != other.kind) return false;
    if (lock.address == other.address) return true;
    const LockClass& wanted = held_class(held);
    return wanted.front() == kByPlace ? starts_with(taken_class(taken), wanted) : taken_class(taken) == wanted;
}

bool LockClasses::is_one_way(size_t taken, size_t held) const {
    return order(taken).stack == order(held).held_stack || ends_[taken].way == ends_[held].held_way;
}

std::vector<LockClass> LockClasses::taken_classes(size_t number) const {
    const LockClass& narrowest = taken_class(number);
    if (narrowest.empty() || narrowest.front() != kByPlace) return {narrowest};
    std::vector<LockClass> classes;
    const size_t most = std::min(narrowest.size(), kMostFramesOfPlace);
    for (size_t size = 2; size <= most; ++size)
        classes.emplace_back(narrowest.begin(), narrowest.begin() + static_cast<std::ptrdiff_t>(size));
    return classes;
}

}  // namespace analyze
