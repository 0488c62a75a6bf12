// SPDX-License-Identifier: Apache-2.0
//
// The inputs that are kept: seeds, what once was a finding, and what the fuzzers found worth keeping. Each is taken
// by its target without a word; so is what some changes make of it, the same in every run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "tests/fuzz/changes.h"
#include "tests/fuzz/target.h"

namespace fuzz {

void PrintTo(const Target& target, std::ostream* to) {
    *to << target.name;
}

}  // namespace fuzz

namespace {

using Input = std::vector<uint8_t>;

constexpr unsigned kLongest = 25;  // seconds for one input

class Corpus : public testing::TestWithParam<fuzz::Target> {};

Input content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// By name, of CORPUS (seeds and findings) or FOUND (what the archives in it hold).
std::vector<std::filesystem::path> kept_inputs(const char* folder, const fuzz::Target& target) {
    std::vector<std::filesystem::path> paths;
    const std::filesystem::path of_target = std::filesystem::path(folder) / target.name;
    if (!std::filesystem::exists(of_target)) return paths;
    for (const auto& entry : std::filesystem::directory_iterator(of_target)) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
}

/// What is being taken: where the process ends over it, it is left in a file.
struct Taking {
    const fuzz::Target* target;
    const Input* input;
} taking;

void leave_input(int signal) {
    char path[64];
    std::snprintf(path, sizeof(path), "%s.not-taken", taking.target->name);
    if (std::FILE* const file = std::fopen(path, "wb")) {
        std::fwrite(taking.input->data(), 1, taking.input->size(), file);
        std::fclose(file);
    }
    std::fprintf(stderr, "not taken: %s; the input is left in %s\n", sigdescr_np(signal), path);
    std::signal(signal, SIG_DFL);
    raise(signal);
}

void take(const fuzz::Target& target, const Input& input) {
    taking = {&target, &input};
    for (const int signal : {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV}) std::signal(signal, leave_input);
    alarm(kLongest);
    target.run(input);
    alarm(0);
}

TEST_P(Corpus, IsTaken) {
    const fuzz::Target& target = GetParam();
    for (const char* folder : {CORPUS, FOUND}) {
        const std::vector<std::filesystem::path> paths = kept_inputs(folder, target);
        for (const std::filesystem::path& path : paths) {
            const Input input = content(path);
            EXPECT_LE(input.size(), target.max_bytes) << path;
            take(target, input);
        }
        EXPECT_FALSE(paths.empty()) << folder;
    }
    take(target, {});
}

/// Some changes of one of the inputs.
Input changed(const fuzz::Target& target, const std::vector<Input>& inputs) {
    Input input = inputs[fuzz::by_chance(inputs.size())];
    size_t size = input.size();
    input.resize(target.max_bytes);
    for (size_t left = fuzz::by_chance(4) + 1; left > 0; --left)
        size = target.mutate == nullptr
                   ? fuzz::change_by_chance(input.data(), size, input.size())
                   : target.mutate(input.data(), size, input.size(), static_cast<unsigned>(fuzz::by_chance(1U << 31)),
                                   fuzz::change_by_chance);
    input.resize(size);
    return input;
}

std::vector<Input> contents(const std::vector<std::filesystem::path>& paths) {
    std::vector<Input> inputs;
    std::transform(paths.begin(), paths.end(), std::back_inserter(inputs), content);
    return inputs;
}

TEST_P(Corpus, IsTakenWhenItIsChanged) {
    const fuzz::Target& target = GetParam();
    const std::vector<Input> seeds = contents(kept_inputs(CORPUS, target));
    const std::vector<Input> found = contents(kept_inputs(FOUND, target));
    ASSERT_FALSE(seeds.empty() || found.empty());

    fuzz::start_changes(1);
    for (size_t left = target.some; left > 0; --left) take(target, changed(target, left % 2 == 0 ? seeds : found));
}

std::vector<fuzz::Target> all_targets() {
    return {fuzz::targets().begin(), fuzz::targets().end()};
}

INSTANTIATE_TEST_SUITE_P(Of, Corpus, testing::ValuesIn(all_targets()),
                         [](const auto& which) { return std::string(which.param.name); });

}  // namespace
