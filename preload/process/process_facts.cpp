// SPDX-License-Identifier: Apache-2.0
#include "preload/process/process_facts.h"

#include <fcntl.h>
#include <string.h>

#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/raw_syscall.h"

namespace preload {

namespace {

/// Reads the start of a small file; returns the number of bytes, 0 on failure. NUL-terminates.
size_t read_file(const char* path, char* buffer, size_t size) {
    buffer[0] = '\0';
    const long descriptor = raw_syscall(SYS_openat, AT_FDCWD, as_argument(path), O_RDONLY | O_CLOEXEC, 0);
    if (descriptor < 0) return 0;
    const long length = raw_syscall(SYS_read, descriptor, as_argument(buffer), static_cast<long>(size - 1));
    raw_syscall(SYS_close, descriptor);
    if (length <= 0) return 0;
    buffer[length] = '\0';
    return static_cast<size_t>(length);
}

constexpr int kTaskCount = 20;  // fields of /proc/PID/stat, as proc(5) counts them
constexpr int kStartTicks = 22;

/// A field of a stat line; they are counted from the last parenthesis, as a name may hold any.
uint64_t number_in(const char* stat, int wanted) {
    const char* at = strrchr(stat, ')');
    if (at == nullptr) return 0;
    for (int field = 2; field < wanted; ++field) {
        at = strchr(at + 1, ' ');
        if (at == nullptr) return 0;
    }
    uint64_t number = 0;
    for (++at; *at >= '0' && *at <= '9'; ++at) number = number * 10 + static_cast<uint64_t>(*at - '0');
    return number;
}

/// "pid:[4026531836]" to its number.
uint64_t namespace_inode(const char* link) {
    const char* at = strchr(link, '[');
    uint64_t inode = 0;
    for (at = at == nullptr ? "" : at + 1; *at >= '0' && *at <= '9'; ++at) {
        inode = inode * 10 + static_cast<uint64_t>(*at - '0');
    }
    return inode;
}

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

void parse_boot_id(const char* text, uint8_t (&id)[16]) {
    int nibble = 0;
    for (; *text != '\0' && nibble < 32; ++text) {
        const int digit = hex_digit(*text);
        if (digit < 0) continue;
        id[nibble / 2] = static_cast<uint8_t>(id[nibble / 2] << 4 | digit);
        ++nibble;
    }
}

}  // namespace

void read_process_facts(ProcessFacts& facts) {
    memset(&facts, 0, sizeof(facts));
    facts.pid = static_cast<uint32_t>(raw_syscall(SYS_getpid));
    facts.ppid = static_cast<uint32_t>(raw_syscall(SYS_getppid));
    facts.uid = static_cast<uint32_t>(raw_syscall(SYS_geteuid));

    char text[512];
    if (read_file("/proc/self/stat", text, sizeof(text)) > 0) facts.start_ticks = number_in(text, kStartTicks);
    if (read_file("/proc/sys/kernel/random/boot_id", text, 64) > 0) parse_boot_id(text, facts.boot_id);
    const long length = raw_syscall(SYS_readlink, as_argument("/proc/self/ns/pid"), as_argument(text), 63);
    text[length > 0 ? length : 0] = '\0';
    facts.pid_namespace = namespace_inode(text);
    if (raw_syscall(SYS_getrandom, as_argument(&facts.nonce), sizeof(facts.nonce), 1 /* GRND_NONBLOCK */) !=
        static_cast<long>(sizeof(facts.nonce))) {
        facts.nonce = (now_ns() << 20) ^ facts.pid ^ reinterpret_cast<uintptr_t>(&facts);
    }
}

uint64_t count_tasks() {
    char text[512];
    return read_file("/proc/self/stat", text, sizeof(text)) > 0 ? number_in(text, kTaskCount) : 0;
}

void read_executable_path(char* buffer, size_t size) {
    const long length =
        raw_syscall(SYS_readlink, as_argument("/proc/self/exe"), as_argument(buffer), static_cast<long>(size - 1));
    buffer[length > 0 ? length : 0] = '\0';
}

}  // namespace preload
