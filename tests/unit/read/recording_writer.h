// SPDX-License-Identifier: Apache-2.0
//
// Recordings written by hand: the file of one, mapped, in a folder of its own. Its process is one that
// never was, unless a test says otherwise. What the target would have written is written by plain
// access to the records; only regions keep their own books.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/layout.h"
#include "protocol/seqlock.h"

namespace reader_test {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint32_t kDeadPid = 4'100'000'000;  ///< above every kernel's limit
constexpr uint64_t kStartTicks = 1234;

/// A folder that goes with its contents.
class TemporaryFolder {
public:
    TemporaryFolder() : path_("/tmp/read-test-XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
    }
    ~TemporaryFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// Another user than root for its lifetime. Only where `is_possible`.
class OtherUser {
public:
    static constexpr uid_t kNobody = 65534;
    static bool is_possible() { return geteuid() == 0; }

    OtherUser() {
        if (seteuid(kNobody) != 0) throw std::runtime_error("seteuid");
    }
    ~OtherUser() {
        if (seteuid(0) != 0) std::abort();
    }
    OtherUser(const OtherUser&) = delete;
    OtherUser& operator=(const OtherUser&) = delete;
};

/// Sizes of the structs as their writer knew them.
struct Shape {
    uint32_t head_bytes = sizeof(protocol::ProcessRecord);
    uint32_t thread_bytes = sizeof(protocol::ThreadRecord);
    uint32_t module_bytes = sizeof(protocol::ModuleRecord);
    uint32_t thread_room = 16;
    uint32_t stack_bytes = 64 * 1024;
    uint32_t module_room = 8;
};

class RecordingWriter {
public:
    explicit RecordingWriter(const Shape& shape = {}) : shape_(shape) {
        char name[64];
        std::snprintf(name, sizeof(name), "/loiter-%u-%lu-%016lx", kDeadPid, kStartTicks, kNonce);
        path_ = folder_.path() + name;
        const uint64_t bytes[] = {uint64_t{shape.thread_bytes} * shape.thread_room, shape.stack_bytes,
                                  uint64_t{shape.module_bytes} * shape.module_room};
        bytes_ = protocol::kHeadBytes;
        for (uint32_t kind = 0; kind < protocol::kRegionCount; ++kind) {
            offsets_[kind] = bytes_;
            bytes_ += (bytes[kind] + 4095) / 4096 * 4096;
        }
        map();
        fill_head(bytes);
    }
    ~RecordingWriter() { munmap(base_, bytes_); }
    RecordingWriter(const RecordingWriter&) = delete;
    RecordingWriter& operator=(const RecordingWriter&) = delete;

    static constexpr uint64_t kNonce = 0xfeedfacecafebeef;

    const std::string& path() const { return path_; }
    const std::string& folder() const { return folder_.path(); }
    uint64_t bytes() const { return bytes_; }
    char* base() const { return base_; }

    protocol::ProcessRecord& head() { return *reinterpret_cast<protocol::ProcessRecord*>(base_); }

    protocol::ThreadRecord& thread(uint32_t slot) {
        use(protocol::kThreads, uint64_t{slot + 1} * shape_.thread_bytes);
        return *reinterpret_cast<protocol::ThreadRecord*>(base_ + offsets_[protocol::kThreads] +
                                                          uint64_t{slot} * shape_.thread_bytes);
    }

    /// A started thread that pthread_create made, in the slot before its number.
    protocol::ThreadRecord& start_thread(uint32_t number, uint32_t tid = 0) {
        protocol::ThreadRecord& record = thread(number - 1);
        record.number = number;
        record.tid = tid != 0 ? tid : 5000 + number;
        record.origin = number == 1 ? protocol::Origin::kMain : protocol::Origin::kCreated;
        record.life = protocol::kLifeUsed | protocol::kLifeStarted;
        if (head().created_total < number) head().created_total = number;
        return record;
    }

    /// Puts a thread into a wait.
    static protocol::Wait& wait(protocol::ThreadRecord& record, protocol::WaitKind kind, uint64_t object,
                                uint64_t since_ns = 0, uint32_t stack = 0) {
        record.wait.object = object;
        record.wait.since_ns = since_ns;
        record.wait.stack = stack;
        record.wait.serial = record.wait.serial + 1;
        record.wait.kind = kind;
        return record.wait;
    }

    static protocol::Hold& hold(protocol::ThreadRecord& record, uint32_t entry, protocol::LockKind kind,
                                uint64_t address, protocol::HoldState state = protocol::HoldState::kHeld) {
        protocol::Hold& hold = record.holds[entry];
        hold.kind = kind;
        hold.address = address;
        hold.depth = 1;
        hold.state = state;
        return hold;
    }

    static void name(protocol::ThreadRecord& record, const char* name) {
        char bytes[16] = "";
        std::strncpy(bytes, name, sizeof(bytes) - 1);
        uint64_t words[2];
        std::memcpy(words, bytes, sizeof(words));
        record.name[0] = words[0];
        record.name[1] = words[1];
    }

    /// Returns the stack's id.
    uint32_t stack(const std::vector<uint64_t>& pcs, uint32_t generation = 0, uint8_t flags = 0, uint8_t exact = 0) {
        protocol::Region& region = head().regions[protocol::kStacks];
        const uint64_t at = region.used;
        const protocol::StackHeader header{
            protocol::kStackMark, static_cast<uint16_t>(pcs.size()), flags, exact, generation, 0};
        char* const to = base_ + offsets_[protocol::kStacks] + at;
        std::memcpy(to, &header, sizeof(header));
        std::memcpy(to + sizeof(header), pcs.data(), pcs.size() * sizeof(uint64_t));
        use(protocol::kStacks, at + sizeof(header) + pcs.size() * sizeof(uint64_t));
        return static_cast<uint32_t>(at / 8);
    }
    protocol::StackHeader& stack_header(uint32_t id) {
        return *reinterpret_cast<protocol::StackHeader*>(base_ + offsets_[protocol::kStacks] + uint64_t{id} * 8);
    }

    /// What the program gave: returns the text's id.
    uint32_t text(const std::string& text) {
        const auto bytes = static_cast<uint32_t>(text.size());
        return entry(protocol::TextHeader{protocol::kTextMark, bytes, 0, 0}, text + '\0');
    }
    /// Returns the name's id, which is the first of its bucket now.
    uint32_t lock_name(uint64_t address, uint32_t text) {
        auto& bucket = head().lock_names[protocol::table_index(address, protocol::kTextBuckets)];
        bucket = entry(protocol::LockName{protocol::kLockNameMark, bucket, address, {text}, 0}, "");
        return bucket;
    }
    template <typename Entry>
    Entry& entry_at(uint32_t id) {
        return *reinterpret_cast<Entry*>(base_ + offsets_[protocol::kStacks] + uint64_t{id} * 8);
    }

    protocol::ModuleRecord& module(const std::string& path, uint64_t start, uint64_t end, uint32_t generation = 0) {
        protocol::Region& region = head().regions[protocol::kModules];
        const uint64_t at = region.used;
        use(protocol::kModules, at + shape_.module_bytes);
        auto& record = *reinterpret_cast<protocol::ModuleRecord*>(base_ + offsets_[protocol::kModules] + at);
        record.generation = generation;
        record.bias = start;
        record.start = start;
        record.end = end;
        if (shape_.module_bytes > offsetof(protocol::ModuleRecord, path)) {
            std::strncpy(record.path, path.c_str(), protocol::kModulePathBytes - 1);
        }
        record.ready = 1;
        return record;
    }

    void command(std::initializer_list<const char*> arguments) {
        head().command_bytes = 0;
        for (const char* const argument : arguments) {
            std::strcpy(head().command + head().command_bytes, argument);
            head().command_bytes += static_cast<uint32_t>(std::strlen(argument)) + 1;
        }
    }

private:
    template <typename Entry>
    uint32_t entry(const Entry& entry, const std::string& behind) {
        const uint64_t at = (head().regions[protocol::kStacks].used + 7) / 8 * 8;
        char* const to = base_ + offsets_[protocol::kStacks] + at;
        std::memcpy(to, static_cast<const void*>(&entry), sizeof(entry));
        std::memcpy(to + sizeof(entry), behind.data(), behind.size());
        use(protocol::kStacks, (at + sizeof(entry) + behind.size() + 7) / 8 * 8);
        return static_cast<uint32_t>(at / 8);
    }

    void map() {
        const int descriptor = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (descriptor < 0 || ftruncate(descriptor, static_cast<off_t>(bytes_)) != 0) {
            throw std::runtime_error("no recording could be made");
        }
        void* const base = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        close(descriptor);
        if (base == MAP_FAILED) throw std::runtime_error("mmap");
        base_ = static_cast<char*>(base);
    }

    void fill_head(const uint64_t (&bytes)[protocol::kRegionCount]) {
        const uint32_t strides[] = {shape_.thread_bytes, 8, shape_.module_bytes};
        head().size = shape_.head_bytes;
        head().version = protocol::kVersion;
        head().nonce = kNonce;
        head().pid = kDeadPid;
        head().ppid = 1;
        head().start_ticks = kStartTicks;
        head().started_ns = 10 * kSecond;
        head().thread_record_size = shape_.thread_bytes;
        head().module_record_size = shape_.module_bytes;
        head().status = -1;
        for (uint32_t kind = 0; kind < protocol::kRegionCount; ++kind) {
            head().regions[kind].offset = offsets_[kind];
            head().regions[kind].bytes = bytes[kind];
            head().regions[kind].stride = strides[kind];
        }
        head().regions[protocol::kStacks].used = 16;  // id 0 is no stack
        head().magic = protocol::kMagic;
    }

    void use(protocol::RegionKind kind, uint64_t bytes) {
        protocol::Region& region = head().regions[kind];
        if (region.used < bytes) region.used = bytes;
        const uint64_t committed = (bytes + protocol::kChunkBytes - 1) / protocol::kChunkBytes * protocol::kChunkBytes;
        if (region.committed < committed) region.committed = committed;
    }

    Shape shape_;
    TemporaryFolder folder_;
    std::string path_;
    uint64_t offsets_[protocol::kRegionCount] = {};
    uint64_t bytes_ = 0;
    char* base_ = nullptr;
};

}  // namespace reader_test
