// SPDX-License-Identifier: Apache-2.0
#include "read/calls/words.h"

#include <signal.h>
#include <string.h>

#include <algorithm>

#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr size_t kCommandFile = 4096;
constexpr int kSignals = 64;

}  // namespace

std::vector<std::string_view> fields_of(std::string_view line, size_t most) {
    std::vector<std::string_view> fields;
    while (fields.size() < most) {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.empty()) break;
        const size_t end = std::min(line.find_first_of(" \t"), line.size());
        fields.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return fields;
}

bool take_line(std::string_view& text, std::string_view& line) {
    if (text.empty()) return false;
    const size_t end = std::min(text.find('\n'), text.size());
    line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return true;
}

std::string joined(const std::vector<std::string>& parts, size_t left_out) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
    if (left_out > 0) text += (text.empty() ? "" : "; and ") + std::to_string(left_out) + " more";
    return text;
}

std::string shortened(std::string text, size_t most) {
    if (text.size() <= most) return text;
    text.resize(most);
    return text + "...";
}

std::string command_of_process(uint32_t pid, size_t most) {
    std::string command = command_line_of_process(pid, kCommandFile);
    command.resize(command.find_last_not_of('\0') + 1);  // titles are padded with it
    std::replace(command.begin(), command.end(), '\0', ' ');
    if (command.empty()) {
        const std::optional<TaskStat> stat = stat_of_process(pid);
        if (stat) command = stat->name;
    }
    return shortened(std::move(command), most);
}

std::string command_of_owner(uint32_t pid) {
    constexpr size_t kMostBytes = 1024;
    return command_of_process(pid, kMostBytes);
}

std::string process_words(uint32_t pid) {
    const std::string command = command_of_process(pid, kShownCommand);
    return "process " + std::to_string(pid) + (command.empty() ? "" : " (" + command + ")");
}

std::string signal_word(int signal) {
    const char* const name = sigabbrev_np(signal);
    if (name != nullptr) return std::string("SIG") + name;
    const int first = SIGRTMIN;
    if (signal >= first) return "SIGRTMIN" + (signal == first ? "" : "+" + std::to_string(signal - first));
    return "signal " + std::to_string(signal);
}

std::string signal_words(uint64_t signals) {
    std::string words;
    for (int signal = 1; signal <= kSignals; ++signal) {
        if ((signals >> (signal - 1) & 1) == 0) continue;
        words += (words.empty() ? "" : ", ") + signal_word(signal);
    }
    return words;
}

}  // namespace reader
