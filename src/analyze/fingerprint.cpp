// SPDX-License-Identifier: Apache-2.0
#include "analyze/fingerprint.h"

#include <algorithm>
#include <string_view>

#include "analyze/frames.h"
#include "analyze/function_name.h"
#include "analyze/words.h"

namespace analyze {

namespace {

// No name contains them, so that no two lists of names look alike.
constexpr char kFrameEnd = '\n';
constexpr char kPartEnd = '\0';

/// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
uint64_t hash(std::string_view text) {
    uint64_t value = 0xcbf29ce484222325;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 0x100000001b3;
    }
    return value;
}

std::string sixteen_digits(uint64_t value) {
    std::string digits(16, '0');
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value /= 16) {
        *digit = "0123456789abcdef"[value % 16];
    }
    return digits;
}

void append_frame(std::string& text, std::string_view name, std::string& previous) {
    if (name == previous) return;  // depth of a recursion
    previous = name;
    text.append(name).push_back(kFrameEnd);
}

/// "libglib-2.0.so" of "libglib-2.0.so.0.7400.6".
std::string_view without_version(std::string_view library) {
    const size_t ending = library.find(".so");
    return ending == std::string_view::npos ? library : library.substr(0, ending + 3);
}

/// Names of the program's own frames. Others' libraries count by file name, and only where nothing
/// else is there: their functions are known on one machine and not on the next.
std::string stack_identity(const snapshot::Snapshot& snapshot, snapshot::StackIndex index) {
    const snapshot::Stack& stack = snapshot.stacks.at(index);
    const Origin nearest = nearest_origin(stack);
    std::string own;
    std::string others;
    std::string previous_own;
    std::string previous_other;
    for (const snapshot::Frame& frame : stack.frames) {
        const Origin origin = origin_of(frame);
        if (origin == Origin::kRuntime) continue;
        const bool is_others = is_in_system_library(frame) && (frame.file.empty() || origin == Origin::kLibrary);
        if (is_others) {
            append_frame(others, without_version(base_name(frame.module)), previous_other);
        } else if (origin == nearest) {
            append_frame(own, without_clone_suffixes(frame_words(frame)), previous_own);
        }
    }
    return own.empty() ? others : own;
}

/// Without the place within an array or a struct ("g_locks+0x28").
std::string object_identity(const snapshot::Object& object) {
    return std::string(kind_word(object.kind)) + " " + object.name.substr(0, object.name.find("+0x"));
}

std::string joined(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) text.append(part).push_back(kPartEnd);
    return text;
}

}  // namespace

/// A thread that runs is elsewhere each time, and at times found without having run for long.
std::string identity(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    const bool runs = thread.state == snapshot::State::kRunning || thread.state == snapshot::State::kSpinning;
    const snapshot::StackIndex place = runs || thread.stack_is_last_known ? thread.entry : thread.stack;
    // What the wait means is not known where the libraries' functions have no names.
    return joined({runs ? "running" : snapshot::plain_state_word(thread),
                   thread.wait ? object_identity(thread.wait->object) : "", stack_identity(snapshot, place),
                   stack_identity(snapshot, thread.created_stack)});
}

std::string identity_of_finished(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    return joined({stack_identity(snapshot, thread.entry), stack_identity(snapshot, thread.created_stack)});
}

std::string identity(const snapshot::Snapshot& snapshot, const snapshot::Thread& owner, const snapshot::Object& lock,
                     snapshot::StackIndex acquired_at) {
    return joined(
        {object_identity(lock), stack_identity(snapshot, acquired_at), stack_identity(snapshot, owner.created_stack)});
}

std::string fingerprint(Verdict verdict, std::vector<std::string> identities) {
    std::sort(identities.begin(), identities.end());
    identities.erase(std::unique(identities.begin(), identities.end()), identities.end());
    std::string text(word(verdict));
    for (const std::string& identity : identities) text.append(1, kPartEnd).append(identity);
    return sixteen_digits(hash(text));
}

}  // namespace analyze
