// SPDX-License-Identifier: Apache-2.0
//
// The file of a module: its symbol tables, its DWARF, what it imports; as the module itself, and as the separate
// debug file of a module that has nothing but a build-id. All code and all objects that it may have are asked for.
#include <elf.h>

#include <array>
#include <cstring>
#include <vector>

#include "symbolize/symbolize.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/reports.h"
#include "tests/fuzz/target.h"

namespace fuzz {

namespace {

constexpr uint64_t kBias = 0x7f0000000000;

/// What to ask for: the ends of what the file says of itself, and steps through its first pages.
std::vector<uint64_t> addresses_in(Bytes input) {
    std::vector<uint64_t> addresses;
    for (uint64_t address = 0x1000; address < 0x1400; address += 24) addresses.push_back(address);
    Elf64_Ehdr header;
    if (input.size() < sizeof(header)) return addresses;
    std::memcpy(&header, input.data(), sizeof(header));
    addresses.push_back(header.e_entry);
    constexpr size_t kMostSections = 64;
    for (size_t i = 0; i < std::min<size_t>(header.e_shnum, kMostSections); ++i) {
        Elf64_Shdr section;
        const uint64_t at = header.e_shoff + i * sizeof(section);
        if (at > input.size() || input.size() - at < sizeof(section)) break;
        std::memcpy(&section, input.data() + at, sizeof(section));
        if ((section.sh_flags & SHF_ALLOC) == 0) continue;
        addresses.push_back(section.sh_addr);
        addresses.push_back(section.sh_addr + section.sh_size / 2);
    }
    return addresses;
}

}  // namespace

void run_module(Bytes input) {
    const MemoryFile file(input);
    snapshot::Snapshot snapshot;
    snapshot.process.pid = 4242;
    snapshot.process.exe = "/bin/bank";
    snapshot.process.at_rest = true;
    snapshot.modules.push_back({file.path(), "", kBias, kBias, kBias + 0x100000});
    snapshot::Stack stack;
    snapshot::Thread thread;
    thread.id = 1;
    thread.settled = true;
    thread.state = snapshot::State::kMutexLock;
    thread.wait.emplace();
    for (const uint64_t address : addresses_in(input)) {
        snapshot::Frame frame;
        frame.address = kBias + address;
        frame.module = file.path();
        frame.offset = address;
        frame.is_return_address = address % 16 != 0;
        stack.frames.push_back(frame);
        thread.holds.push_back({.lock = {snapshot::LockKind::kMutex, kBias + address, ""}});
    }
    // A call from it into a module of which nothing is known.
    snapshot::Frame nameless;
    nameless.module = "/bin/gone";
    nameless.offset = 0x1010;
    stack.frames.insert(stack.frames.begin() + 3, nameless);
    snapshot.stacks.push_back(stack);
    thread.stack = 1;
    thread.wait->object = thread.holds.back().lock;
    snapshot.threads.push_back(thread);

    symbolize::Symbolizer().name(snapshot);

    expect(snapshot.stacks.at(1).frames.size() >= stack.frames.size(), "no frame is lost");
    expect_sound_reports_mostly(input, std::move(snapshot));
}

}  // namespace fuzz
