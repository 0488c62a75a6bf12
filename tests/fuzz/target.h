// SPDX-License-Identifier: Apache-2.0
//
// What is fed with hostile bytes, by libFuzzer (scripts/fuzz) and, with the inputs that are kept here, by an
// ordinary test. A target returns, whatever it is given; a wrong answer ends the process: see expect().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fuzz {

using Bytes = std::span<const uint8_t>;

/// As LLVMFuzzerMutate: changes `size` bytes in place, to at most `max_size`; returns how many there are then.
using Change = size_t (*)(uint8_t* data, size_t size, size_t max_size);

struct Target {
    const char* name;
    void (*run)(Bytes input);
    /// Knows the shape of its inputs; null: any change is as good as another.
    size_t (*mutate)(uint8_t* data, size_t size, size_t max_size, unsigned seed, Change change);
    size_t max_bytes;
    size_t some;  ///< inputs that take about two seconds: so many the ordinary test makes
};

std::span<const Target> targets();

void run_recording(Bytes input);
size_t mutate_recording(uint8_t* data, size_t size, size_t max_size, unsigned seed, Change change);
void run_core(Bytes input);
void run_module(Bytes input);
void run_names(Bytes input);
void run_command_line(Bytes input);
void run_loiter_options(Bytes input);
void run_suppressions(Bytes input);
void run_baseline(Bytes input);
void run_saved_report(Bytes input);

/// What must hold of every input.
void expect(bool holds, std::string_view what, std::string_view shown = "");

inline std::string_view text_of(Bytes input) {
    return {reinterpret_cast<const char*>(input.data()), input.size()};
}

}  // namespace fuzz
