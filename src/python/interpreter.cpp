// SPDX-License-Identifier: Apache-2.0
#include "python/interpreter.h"

#include <algorithm>

#include "python/exports.h"

namespace python {

namespace {

constexpr size_t kMaxImages = 4096;
constexpr size_t kMaxInterpreters = 256;
constexpr size_t kMaxThreads = 1 << 17;
constexpr uint32_t kOldestMinor = 11;
constexpr uint32_t kFirstThatTells = 13;
constexpr uint32_t kNewestMinor = 13;

/// Only 3.11 and later say their version in a symbol.
std::optional<uint32_t> version_of(const Memory& memory, const Exports& exports) {
    const std::optional<uint64_t> address = exports.find(memory, "Py_Version");
    const auto version = address ? memory.value<uint64_t>(*address) : std::nullopt;
    if (!version || *version >> 24 != 3) return std::nullopt;
    return static_cast<uint32_t>(*version);
}

std::optional<Offsets> offsets_of(const Memory& memory, uint64_t runtime, std::optional<uint32_t> version,
                                  std::string& why) {
    if (!version) {
        why = "the interpreter is older than Python 3." + std::to_string(kOldestMinor);
        return std::nullopt;
    }
    const uint32_t minor = (*version >> 16) & 0xff;
    if (const Offsets* const known = known_offsets(minor)) return *known;
    if (minor < kFirstThatTells || minor > kNewestMinor) {
        why = "it is not known where Python 3." + std::to_string(minor) + " keeps them";
        return std::nullopt;
    }
    return told_offsets(memory, runtime, *version, why);
}

}  // namespace

std::unique_ptr<Interpreter> Interpreter::find(const Memory& memory, std::span<const Image> images, std::string& why) {
    for (const Image& image : images.first(std::min(images.size(), kMaxImages))) {
        const std::optional<Exports> exports = Exports::of(memory, image.base);
        const std::optional<uint64_t> runtime = exports ? exports->find(memory, "_PyRuntime") : std::nullopt;
        if (!runtime) continue;
        std::unique_ptr<Interpreter> found(new Interpreter(memory));
        std::optional<Offsets> offsets = offsets_of(memory, *runtime, version_of(memory, *exports), why);
        if (!offsets) return nullptr;
        found->runtime_ = *runtime;
        found->offsets_ = *offsets;
        found->types_ = {exports->find(memory, "PyCode_Type").value_or(0),
                         exports->find(memory, "PyUnicode_Type").value_or(0),
                         exports->find(memory, "PyBytes_Type").value_or(0)};
        if (found->types_.code != 0 && found->types_.text != 0 && found->types_.bytes != 0) return found;
        why = "the interpreter does not export its types";
        return nullptr;
    }
    return nullptr;
}

bool Interpreter::is_in_use() const {
    return memory_.value<uint64_t>(runtime_ + offsets_.runtime.interpreters) != 0U;
}

std::optional<std::multimap<uint32_t, uint64_t>> Interpreter::threads() const {
    std::multimap<uint32_t, uint64_t> threads;
    auto interpreter = memory_.value<uint64_t>(runtime_ + offsets_.runtime.interpreters);
    for (size_t met = 0; interpreter && *interpreter != 0 && met < kMaxInterpreters; ++met) {
        if (!add_threads(*interpreter, threads)) return std::nullopt;
        interpreter = memory_.value<uint64_t>(*interpreter + offsets_.interpreter.next);
    }
    return interpreter ? std::optional(std::move(threads)) : std::nullopt;
}

/// A list that is linked both ways, all of it of one interpreter.
bool Interpreter::add_threads(uint64_t interpreter, std::multimap<uint32_t, uint64_t>& threads) const {
    auto state = memory_.value<uint64_t>(interpreter + offsets_.interpreter.threads);
    if (!state) return false;
    uint64_t previous = 0;
    while (*state != 0) {
        const Piece piece(memory_, *state, offsets_.thread.size);
        if (!piece || threads.size() == kMaxThreads || piece.at<uint64_t>(offsets_.thread.interpreter) != interpreter ||
            piece.at<uint64_t>(offsets_.thread.previous) != previous) {
            return false;
        }
        const auto native_id = piece.at<uint64_t>(offsets_.thread.native_id);
        // 0: of a thread that has not begun.
        if (native_id != 0 && native_id <= UINT32_MAX) threads.emplace(static_cast<uint32_t>(native_id), *state);
        previous = *state;
        state = piece.at<uint64_t>(offsets_.thread.next);
    }
    return true;
}

std::optional<uint64_t> Interpreter::frame_of(uint32_t native_id, uint64_t state) const {
    const Piece piece(memory_, state, offsets_.thread.size);
    if (!piece || piece.at<uint64_t>(offsets_.thread.native_id) != native_id) return std::nullopt;
    const auto frame = piece.at<uint64_t>(offsets_.thread.frame);
    if (!offsets_.thread.c_frame) return frame;
    return memory_.value<uint64_t>(frame + *offsets_.thread.c_frame);
}

std::optional<Chain> Interpreter::chain(uint32_t native_id, uint64_t state, const Codes& known) const {
    const std::optional<uint64_t> frame = frame_of(native_id, state);
    if (!frame) return std::nullopt;
    std::optional<Chain> chain = read_chain(memory_, offsets_, objects_, *frame, known);
    if (frame_of(native_id, state) != frame) return std::nullopt;
    return chain;
}

}  // namespace python
