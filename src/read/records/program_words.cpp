// SPDX-License-Identifier: Apache-2.0
#include "read/records/program_words.h"

#include <cstring>

namespace reader {

namespace {

constexpr uint64_t kWordIdUnit = 8;

void name(snapshot::Object& object, const std::map<uint64_t, std::string>& names) {
    const auto found = names.find(object.address);
    if (object.address != 0 && found != names.end()) object.name = found->second;
}

}  // namespace

ProgramTexts::ProgramTexts(const Source& source, const Layout& layout, const protocol::ProcessRecord& head)
    : source_(source),
      head_(head),
      offset_(layout.regions[protocol::kStacks].offset),
      bytes_(used_bytes(source, layout, head, protocol::kStacks)) {}

template <typename Entry>
bool ProgramTexts::read_entry(uint32_t id, uint32_t mark, Entry& entry) const {
    const uint64_t at = uint64_t{id} * kWordIdUnit;
    return id != 0 && at + sizeof(entry) <= bytes_ && read_value(source_, offset_ + at, entry) && entry.mark == mark;
}

std::string ProgramTexts::text(uint32_t id) const {
    protocol::TextHeader header{};
    if (!read_entry(id, protocol::kTextMark, header) || header.bytes > protocol::kMaxTextBytes) return {};
    const uint64_t at = uint64_t{id} * kWordIdUnit + sizeof(header);
    std::string text(header.bytes, '\0');
    if (header.bytes > bytes_ - at || source_.read(offset_ + at, text.data(), header.bytes) != header.bytes) return {};
    return text.substr(0, strnlen(text.data(), header.bytes));
}

std::map<uint64_t, std::string> ProgramTexts::lock_names() const {
    std::map<uint64_t, std::string> names;
    uint32_t left = protocol::kMaxTexts;  // a damaged recording may go in circles
    for (const std::atomic<uint32_t>& bucket : head_.lock_names) {
        uint32_t id = bucket.load(std::memory_order_relaxed);
        protocol::LockName lock{};
        for (; left > 0 && read_entry(id, protocol::kLockNameMark, lock); id = lock.next, --left) {
            std::string named = text(lock.text.load(std::memory_order_relaxed));
            if (!named.empty()) names.emplace(lock.address, std::move(named));
        }
    }
    return names;
}

void add_program_words(const ProgramTexts& texts, const std::vector<ThreadCopy>& copies,
                       std::vector<snapshot::Thread>& threads) {
    std::map<uint32_t, const ThreadCopy*> by_number;
    for (const ThreadCopy& copy : copies) by_number.emplace(copy.number, &copy);
    const std::map<uint64_t, std::string> names = texts.lock_names();
    for (snapshot::Thread& thread : threads) {
        const auto copy = by_number.find(thread.id);
        if (copy != by_number.end()) {
            thread.expected = (copy->second->remarks & protocol::kRemarkExpected) != 0;
            thread.label = texts.text(copy->second->label);
        }
        if (thread.wait) {
            name(thread.wait->object, names);
            name(thread.wait->mutex, names);
        }
        for (snapshot::Hold& hold : thread.holds) name(hold.lock, names);
    }
}

}  // namespace reader
