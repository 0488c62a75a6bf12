// SPDX-License-Identifier: Apache-2.0
//
// The file, its head and its regions. Runs at load or inside the first wrapper that needs it:
// system calls only, no heap, no stdio, descriptors closed at once.
#include "preload/process/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "preload/notes/wakers.h"
#include "preload/process/clock.h"
#include "preload/process/old_recordings.h"
#include "preload/process/process_facts.h"
#include "preload/process/reservation.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/text.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace preload {

using protocol::Capacity;
using protocol::ModuleRecord;
using protocol::ProcessRecord;
using protocol::RegionKind;
using protocol::ThreadRecord;

constinit ProcessRecord* process = nullptr;

namespace {

constexpr uint64_t kPage = 4096;

constinit bool in_named_folder = false;
constinit ProcessRecord* ancestors_head = nullptr;  ///< its first page only
constinit std::atomic<bool> notes_are_open{false};
constinit char path[1280] = "";

/// ftruncate beyond the limit is not an error but SIGXFSZ.
bool files_may_be(uint64_t bytes) {
    rlimit limit{};
    return raw_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, as_argument(&limit)) != 0 || bytes <= limit.rlim_cur;
}

/// Programs with a limit on their address space need it themselves: a small share is ours.
bool fits_address_space(uint64_t bytes) {
    rlimit limit{};
    return raw_syscall(SYS_prlimit64, 0, RLIMIT_AS, 0, as_argument(&limit)) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           bytes <= limit.rlim_cur / 32;
}

/// Once more, at another address, and before the first is gone: that is what a size of zero means.
void keep_head() {
    if (!in_named_folder || process->run == 0 || is_restricted()) return;
    const long address = raw_syscall(SYS_mremap, as_argument(process), 0, static_cast<long>(kPage), MREMAP_MAYMOVE, 0);
    if (address < 0 && address > -4096) return;
    if (ancestors_head != nullptr) raw_syscall(SYS_munmap, as_argument(ancestors_head), static_cast<long>(kPage));
    ancestors_head = reinterpret_cast<ProcessRecord*>(address);
}

/// For some threads with their stacks. Where there is less, another folder may have it: see begin_somewhere().
constexpr uint64_t kLeastRoom = 1 << 20;

bool has_room(const char* directory) {
    struct statfs filesystem {};
    if (raw_syscall(SYS_statfs, as_argument(directory), as_argument(&filesystem)) != 0) return false;
    // A tmpfs without a limit tells no size.
    const auto blocks = static_cast<uint64_t>(filesystem.f_bavail);
    const auto block = static_cast<uint64_t>(filesystem.f_bsize);
    return filesystem.f_blocks == 0 || block == 0 || blocks >= kLeastRoom / block;
}

void name_file(const char* directory, const ProcessFacts& facts) {
    Text name(path, sizeof(path));
    name.add(directory).add("/").add(protocol::kFilePrefix).add_number(facts.pid);
    name.add("-").add_number(facts.start_ticks).add("-").add_hexadecimal(facts.nonce, 16);
}

/// Opens a new file for `bytes`. Returns the descriptor or a negative value.
long create_file(const char* directory, const ProcessFacts& facts, uint64_t bytes) {
    if (strlen(directory) > sizeof(path) - 64 || !files_may_be(bytes)) return -1;
    name_file(directory, facts);
    const long descriptor = raw_syscall(SYS_openat, AT_FDCWD, as_argument(path),
                                        O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) return descriptor;
    if (raw_syscall(SYS_ftruncate, descriptor, static_cast<long>(bytes)) == 0) return descriptor;
    raw_syscall(SYS_close, descriptor);
    raw_syscall(SYS_unlink, as_argument(path));
    return -1;
}

/// A program that locks all its memory, to come too, may have a limit on it: what is reserved here would count.
void give_back_locks(long address, uint64_t bytes) {
    raw_syscall(SYS_munlock, address, static_cast<long>(bytes));
}

/// Maps the whole recording without access; chunks are opened as they are needed. Returns the
/// address, or 0.
uintptr_t map_file(const char* directory, const ProcessFacts& facts, uint64_t bytes) {
    const long descriptor = create_file(directory, facts, bytes);
    if (descriptor < 0) return 0;
    const long address =
        raw_syscall(SYS_mmap, 0, static_cast<long>(bytes), PROT_NONE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);
    raw_syscall(SYS_close, descriptor);
    if (address < 0 && address > -4096) {
        raw_syscall(SYS_unlink, as_argument(path));
        return 0;
    }
    raw_syscall(SYS_madvise, address, static_cast<long>(bytes), MADV_DONTDUMP);
    give_back_locks(address, bytes);
    return static_cast<uintptr_t>(address);
}

/// Without a writable folder: seen by readers of the live process only, gone with it.
uintptr_t map_memory(uint64_t bytes) {
    path[0] = '\0';
    const long descriptor =
        files_may_be(bytes) ? raw_syscall(SYS_memfd_create, as_argument("loiter"), MFD_CLOEXEC) : -1;
    long flags = MAP_SHARED | MAP_NORESERVE;
    if (descriptor < 0 || raw_syscall(SYS_ftruncate, descriptor, static_cast<long>(bytes)) != 0) flags |= MAP_ANONYMOUS;
    const long file = (flags & MAP_ANONYMOUS) != 0 ? -1 : descriptor;
    const long address = raw_syscall(SYS_mmap, 0, static_cast<long>(bytes), PROT_NONE, flags, file, 0);
    if (descriptor >= 0) raw_syscall(SYS_close, descriptor);
    if (address < 0 && address > -4096) return 0;
    give_back_locks(address, bytes);
    return static_cast<uintptr_t>(address);
}

/// Kernels before 5.14 cannot populate for writing; there the file is extended by its name.
bool reserve_by_name(uint64_t offset, uint64_t bytes) {
    if (path[0] == '\0') return true;  // memory: there is no filesystem to be full
    const long descriptor = raw_syscall(SYS_openat, AT_FDCWD, as_argument(path), O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
    if (descriptor < 0) return false;
    const long result = raw_syscall(SYS_fallocate, descriptor, 0, static_cast<long>(offset), static_cast<long>(bytes));
    raw_syscall(SYS_close, descriptor);
    return result == 0;
}

bool commit_at(uintptr_t base, uint64_t offset, uint64_t bytes) {
    const long address = static_cast<long>(base + offset);
    const long length = static_cast<long>(bytes);
    if (raw_syscall(SYS_mprotect, address, length, PROT_READ | PROT_WRITE) != 0) return false;
    const long result = raw_syscall(SYS_madvise, address, length, MADV_POPULATE_WRITE);
    return result == 0 || (result == -EINVAL && reserve_by_name(offset, bytes));
}

/// Only the first page is committed: a process that never blocks needs no more. Nothing is left of `base` where
/// there is no room for that.
bool begin_at(uintptr_t base, uint64_t bytes) {
    if (base == 0) return false;
    if (commit_at(base, 0, kPage)) return true;
    raw_syscall(SYS_munmap, static_cast<long>(base), static_cast<long>(bytes));
    if (path[0] != '\0') raw_syscall(SYS_unlink, as_argument(path));
    return false;
}

/// In the folder that was chosen, else in the first usual one that has room, else in one that has little, else in
/// memory. Returns the address, or 0. What dead processes have left in a usual one is limited; whoever chose a folder
/// tidies it up.
uintptr_t begin_somewhere(const char* chosen, const ProcessFacts& facts, uint64_t bytes) {
    constexpr const char* kUsualPlaces[] = {"/dev/shm", "/tmp"};
    uintptr_t base = chosen[0] != '\0' ? map_file(chosen, facts, bytes) : 0;
    in_named_folder = begin_at(base, bytes);
    if (in_named_folder) return base;
    for (const bool has_little : {false, true}) {
        for (const char* const place : kUsualPlaces) {
            if (has_room(place) == has_little) continue;
            base = map_file(place, facts, bytes);
            if (!begin_at(base, bytes)) continue;
            remove_old_recordings(place, facts);
            return base;
        }
    }
    base = map_memory(bytes);
    return begin_at(base, bytes) ? base : 0;
}

void lay_out(ProcessRecord& head, const RegionSizes& sizes) {
    constexpr uint32_t kStrides[] = {sizeof(ThreadRecord), 8, sizeof(ModuleRecord)};
    uint64_t offset = protocol::kHeadBytes;
    for (uint32_t kind = 0; kind < protocol::kRegionCount; ++kind) {
        head.regions[kind].offset = offset;
        head.regions[kind].bytes = sizes.region[kind];
        head.regions[kind].stride = kStrides[kind];
        offset += sizes.region[kind];
    }
    // Stack id 0 means "none", so nothing may start there.
    head.regions[protocol::kStacks].used.store(16, std::memory_order_relaxed);
}

void fill_head(ProcessRecord& head, const RecordingRequest& request, const ProcessFacts& facts,
               const RegionSizes& sizes) {
    head.size = sizeof(ProcessRecord);
    head.version = protocol::kVersion;
    head.nonce = facts.nonce;
    head.pid = facts.pid;
    head.ppid = facts.ppid;
    head.uid = facts.uid;
    head.start_ticks = facts.start_ticks;
    head.pid_namespace = facts.pid_namespace;
    memcpy(head.boot_id, facts.boot_id, sizeof(head.boot_id));
    head.started_ns = request.started_ns;
    head.started_realtime_ns = static_cast<int64_t>(realtime_ns() - (now_ns() - request.started_ns));
    head.base = reinterpret_cast<uintptr_t>(&head);
    head.thread_record_size = sizeof(ThreadRecord);
    head.module_record_size = sizeof(ModuleRecord);
    head.status.store(-1, std::memory_order_relaxed);
    head.run = request.run;
    read_executable_path(head.exe, sizeof(head.exe));
    memcpy(head.command, request.command.text, request.command.bytes);
    head.command_bytes = request.command.bytes;
    head.command_truncated = request.command.is_truncated ? 1 : 0;
    lay_out(head, sizes);
    std::atomic_thread_fence(std::memory_order_release);  // a reader that sees the magic sees the head
    head.magic = protocol::kMagic;
}

}  // namespace

bool make_recording(const RecordingRequest& request) {
    ProcessFacts facts;
    read_process_facts(facts);
    for (const Capacity& capacity : protocol::kCapacities) {
        const RegionSizes sizes = sizes_for(capacity);
        if (!fits_address_space(sizes.total)) continue;
        const bool is_smallest =
            &capacity == &protocol::kCapacities[sizeof(protocol::kCapacities) / sizeof(Capacity) - 1];
        if (!is_smallest && !files_may_be(sizes.total)) continue;
        const uintptr_t base = begin_somewhere(request.directory, facts, sizes.total);
        if (base == 0) continue;
        begin_reservation(sizes);
        notes_are_open.store(false, std::memory_order_relaxed);
        auto* const head = reinterpret_cast<ProcessRecord*>(base);
        fill_head(*head, request, facts, sizes);
        process = head;
        publish_wakers();
        return true;
    }
    path[0] = '\0';
    return false;
}

ProcessRecord* head_in_run_folder() {
    return process != nullptr && in_named_folder ? process : ancestors_head;
}

void abandon_recording() {
    if (process == nullptr) return;
    keep_head();
    abandon_reservation();
    process = nullptr;
    path[0] = '\0';
}

bool commit(uint64_t offset, uint64_t bytes) {
    return !is_restricted() && commit_at(reinterpret_cast<uintptr_t>(process), offset, bytes);
}

bool open_notes() {
    // Acquire pairs with the release below: the page is there when the flag is seen.
    if (notes_are_open.load(std::memory_order_acquire)) return true;
    if (!commit(kPage, protocol::kHeadBytes - kPage)) return false;
    notes_are_open.store(true, std::memory_order_release);
    return true;
}

bool has_notes() {
    return notes_are_open.load(std::memory_order_acquire);
}

const char* recording_path() {
    return path;
}

bool is_recording_kept() {
    return in_named_folder || path[0] == '\0';
}

}  // namespace preload
