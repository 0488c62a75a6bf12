// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <ctime>
#include <memory>

#include "read/kernel/numbers.h"

namespace reader {

namespace {

constexpr size_t kMaxTasks = 1U << 17;
constexpr size_t kSmallFile = 4096;
constexpr size_t kStatusFile = 64 * 1024;  ///< has a line of all groups before those that are wanted

/// Takes the next number, decimal or 0x-hexadecimal, and the blanks before it.
template <typename Number>
bool take_number(std::string_view& text, Number& value) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x")) {
        text.remove_prefix(2);
        base = 16;
    }
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (parsed.ec != std::errc{}) return false;
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    return true;
}

/// With the blanks before it. Some are beyond every type of number.
void skip_field(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    text.remove_prefix(std::min(text.find(' '), text.size()));
}

/// Names of entries that are numbers.
std::vector<uint32_t> numbers_in(const std::string& folder) {
    std::vector<uint32_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
    if (directory == nullptr) return numbers;
    while (const dirent* const entry = readdir(directory.get())) {
        const std::string_view name(entry->d_name);
        uint32_t number = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
        if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) continue;
        numbers.push_back(number);
        if (numbers.size() == kMaxTasks) break;
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

/// What follows "\nKEY:" and blanks up to the end of its line; empty: no such line. No name can
/// forge one: the kernel writes a newline in it as "\\n".
std::string_view value_of(std::string_view text, std::string_view key) {
    const size_t at = text.find(key);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + key.size());
    text = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
}

uint64_t read_clock(clockid_t clock) {
    timespec now = {};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

std::optional<TaskStat> parse_stat(std::string_view text) {
    // The name may hold anything, blanks and parentheses too: the last parenthesis ends it.
    const size_t begin = text.find('(');
    const size_t end = text.rfind(')');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin || end + 2 >= text.size()) {
        return std::nullopt;
    }
    TaskStat stat;
    stat.name = text.substr(begin + 1, end - begin - 1);
    stat.state = text[end + 2];
    text.remove_prefix(end + 3);
    constexpr int kFirst = 4;  // fields are counted from 1, as in proc(5)
    constexpr int kLast = 22;
    std::array<int64_t, kLast - kFirst + 1> fields{};
    for (int64_t& field : fields) {
        if (!take_number(text, field)) return std::nullopt;
    }
    const auto field = [&](int number) { return static_cast<uint64_t>(fields[static_cast<size_t>(number - kFirst)]); };
    stat.parent = static_cast<uint32_t>(field(4));
    constexpr uint64_t kOfKernel = 0x00200000;   // linux/sched.h: PF_KTHREAD
    constexpr uint64_t kNoExecYet = 0x00000040;  // PF_FORKNOEXEC
    constexpr uint64_t kSignaled = 0x00000400;   // PF_SIGNALED
    stat.is_kernel_thread = (field(9) & kOfKernel) != 0;
    stat.has_executed = (field(9) & kNoExecYet) == 0;
    stat.was_killed = (field(9) & kSignaled) != 0;
    stat.cpu_ticks = field(14) + field(15);
    stat.user_ticks = field(14);
    stat.start_ticks = field(kLast);
    stat.group = fields[1];
    constexpr int kEnvironmentEnd = 51;
    for (int number = kLast + 1; number < kEnvironmentEnd; ++number) skip_field(text);
    take_number(text, stat.environment_end);
    return stat;
}

std::optional<TaskStatus> parse_status(std::string_view text) {
    const std::string_view state = value_of(text, "\nState:");
    TaskStatus status;
    uint64_t voluntary = 0;
    uint64_t involuntary = 0;
    if (state.empty() || !is_number(value_of(text, "\nSigCgt:"), 16, status.caught) ||
        !is_number(value_of(text, "\nvoluntary_ctxt_switches:"), 10, voluntary) ||
        !is_number(value_of(text, "\nnonvoluntary_ctxt_switches:"), 10, involuntary)) {
        return std::nullopt;
    }
    status.state = state.front();
    status.switches = voluntary + involuntary;
    status.sleeps = voluntary;
    uint64_t sent = 0;
    uint64_t sent_to_process = 0;
    if (!is_number(value_of(text, "\nSigBlk:"), 16, status.blocked)) {
        status.blocked = 0;
    } else if (is_number(value_of(text, "\nSigPnd:"), 16, sent) &&
               is_number(value_of(text, "\nShdPnd:"), 16, sent_to_process)) {
        status.pending = (sent | sent_to_process) & ~status.blocked;
    }
    return status;
}

bool is_asleep(const std::optional<TaskStatus>& status) {
    return status && status->state == 'S';
}

std::optional<SystemCall> parse_system_call(std::string_view text) {
    SystemCall call;
    if (text.starts_with("running")) {
        call.running = true;
        return call;
    }
    if (!take_number(text, call.number)) return std::nullopt;
    if (call.number != -1) {
        for (uint64_t& argument : call.arguments) {
            if (!take_number(text, argument)) return std::nullopt;
        }
    }
    if (!take_number(text, call.stack_pointer) || !take_number(text, call.pc)) return std::nullopt;
    call.awaits_new_child =
        call.number == SYS_vfork || (call.number == SYS_clone && (call.arguments[0] & CLONE_VFORK) != 0);
    return call;
}

std::vector<uint32_t> parse_namespace_pids(std::string_view status) {
    constexpr std::string_view kKey = "\nNSpid:";
    std::vector<uint32_t> pids;
    const size_t at = status.find(kKey);
    if (at == std::string_view::npos) return pids;
    status.remove_prefix(at + kKey.size());
    status = status.substr(0, status.find('\n'));
    uint32_t pid = 0;
    while (take_number(status, pid)) pids.push_back(pid);
    return pids;
}

std::string read_small_file(const std::string& path, size_t limit, int* error) {
    std::string text;
    char block[4096];  // most are shorter than that, however much they may have
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = descriptor < 0 ? -1 : 1;
    while (got > 0 && text.size() < limit) {
        got = read(descriptor, block, std::min(limit - text.size(), sizeof(block)));
        if (got > 0) text.append(block, static_cast<size_t>(got));
    }
    if (error != nullptr) *error = got < 0 ? errno : 0;
    if (descriptor >= 0) close(descriptor);
    return text;
}

std::string read_file(const std::string& path, size_t limit) {
    constexpr size_t kFirst = 64 * 1024;
    std::string text;
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return text;
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0 && used < limit) {
        if (used == text.size()) text.resize(std::min(std::max(kFirst, 2 * used), limit));
        got = read(descriptor, text.data() + used, text.size() - used);
        if (got > 0) used += static_cast<size_t>(got);
    }
    close(descriptor);
    text.resize(used);
    return text;
}

std::string read_link(const std::string& path) {
    char target[PATH_MAX];
    const ssize_t length = readlink(path.c_str(), target, sizeof(target));
    return length < 0 ? std::string() : std::string(target, static_cast<size_t>(length));
}

uint64_t namespace_inode(const std::string& link) {
    const std::string target = read_link(link);
    const size_t at = target.find('[');
    uint64_t inode = 0;
    if (at == std::string::npos) return 0;
    std::string_view text = std::string_view(target).substr(at + 1);
    return take_number(text, inode) ? inode : 0;
}

bool is_in_own_namespace(uint32_t pid, const std::string& kind) {
    const uint64_t own = namespace_inode("/proc/self/ns/" + kind);
    return own != 0 && own == namespace_inode(task_path(pid, live_task(pid), "ns/" + kind));
}

std::string proc_path(uint32_t pid, std::string_view file) {
    return "/proc/" + std::to_string(pid) + "/" + std::string(file);
}

std::string task_path(uint32_t pid, uint32_t tid, std::string_view file) {
    return proc_path(pid, "task/" + std::to_string(tid) + "/" + std::string(file));
}

std::optional<TaskStat> stat_of_process(uint32_t pid) {
    return parse_stat(read_small_file(proc_path(pid, "stat"), kSmallFile));
}

std::optional<TaskStat> stat_of_task(uint32_t pid, uint32_t tid) {
    return parse_stat(read_small_file(task_path(pid, tid, "stat"), kSmallFile));
}

std::optional<TaskStatus> status_of_task(uint32_t pid, uint32_t tid) {
    return parse_status(read_small_file(task_path(pid, tid, "status"), kStatusFile));
}

uint32_t innermost_pid(uint32_t pid, uint32_t tid) {
    const std::vector<uint32_t> pids = parse_namespace_pids(read_small_file(task_path(pid, tid, "status"), kSmallFile));
    return pids.empty() ? 0 : pids.back();
}

std::string command_line_of_process(uint32_t pid, size_t limit) {
    std::string line = read_small_file(proc_path(pid, "cmdline"), limit);
    return line.empty() ? read_small_file(task_path(pid, live_task(pid), "cmdline"), limit) : line;
}

std::string exe_of_process(uint32_t pid) {
    std::string exe = read_link(proc_path(pid, "exe"));
    return exe.empty() ? read_link(task_path(pid, live_task(pid), "exe")) : exe;
}

std::vector<std::string> arguments_of_process(uint32_t pid) {
    constexpr size_t kMostBytes = 64 * 1024;
    const std::string text = command_line_of_process(pid, kMostBytes);
    std::vector<std::string> arguments;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\0', at), text.size());
        arguments.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    // A title written over the arguments leaves the rest of their room empty.
    const bool is_title = !arguments.empty() && arguments.front().find(' ') != std::string::npos;
    while (is_title && arguments.size() > 1 && arguments.back().empty()) arguments.pop_back();
    return arguments;
}

std::vector<uint32_t> task_ids(uint32_t pid) {
    return numbers_in(proc_path(pid, "task"));
}

std::vector<uint32_t> process_ids() {
    return numbers_in("/proc");
}

uint32_t live_task(uint32_t pid) {
    for (const uint32_t tid : task_ids(pid)) {
        const std::optional<TaskStat> stat = stat_of_task(pid, tid);
        if (stat && stat->state != 'Z' && stat->state != 'X') return tid;
    }
    return 0;
}

std::array<uint8_t, 16> boot_id() {
    std::array<uint8_t, 16> id{};
    size_t digits = 0;
    for (const char character : read_small_file("/proc/sys/kernel/random/boot_id", 64)) {
        const int digit = hex_digit(character);
        if (digit < 0 || digits == 2 * id.size()) continue;
        id[digits / 2] = static_cast<uint8_t>(id[digits / 2] << 4 | digit);
        ++digits;
    }
    return id;
}

uint64_t ticks_per_second() {
    const long ticks = sysconf(_SC_CLK_TCK);
    return ticks > 0 ? static_cast<uint64_t>(ticks) : 100;
}

uint64_t monotonic_now() {
    return read_clock(CLOCK_MONOTONIC);
}
uint64_t boottime_now() {
    return read_clock(CLOCK_BOOTTIME);
}
int64_t realtime_now() {
    return static_cast<int64_t>(read_clock(CLOCK_REALTIME));
}

}  // namespace reader
