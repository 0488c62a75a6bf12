// SPDX-License-Identifier: Apache-2.0
#include "read/calls/descriptors.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "read/calls/wait_channels.h"
#include "read/calls/words.h"
#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr size_t kInfoBytes = 256 * 1024;
constexpr size_t kToldDescriptors = 6;
constexpr size_t kToldHolders = 3;
constexpr std::string_view kNobody = ", no process holds the other end";
constexpr std::string_view kClosed = ", closed since the call began";

std::string fd_path(uint32_t pid, uint32_t tid, int descriptor) {
    return task_path(pid, tid, "fd/" + std::to_string(descriptor));
}

/// The number in "pipe:[123]"; 0: none.
uint64_t inode_in(std::string_view link) {
    const size_t open = link.find('[');
    if (open == std::string_view::npos || !link.ends_with(']')) return 0;
    return number_in<uint64_t>(link.substr(open + 1, link.size() - open - 2)).value_or(0);
}

/// As the kernel names the protocol of a socket: "TCP", "UNIX-STREAM".
std::string protocol_of(uint32_t pid, uint32_t tid, int descriptor) {
    char name[64];
    const ssize_t length =
        getxattr(fd_path(pid, tid, descriptor).c_str(), "system.sockprotoname", name, sizeof(name) - 1);
    if (length <= 0) return {};
    name[length] = '\0';
    return name;
}

std::string seconds_words(double seconds) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.1fs", seconds);
    return text;
}

std::string timer_words(const DescriptorInfo& info) {
    if (!info.timer) return "timerfd";
    if (info.timer->left_seconds <= 0 && info.timer->every_seconds <= 0) return "timerfd, not armed";
    const std::string next = "timerfd, expires in " + seconds_words(info.timer->left_seconds);
    return info.timer->every_seconds > 0 ? next + ", every " + seconds_words(info.timer->every_seconds) : next;
}

std::string counted(size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// "anon_inode:[eventfd]", "anon_inode:inotify" -> "eventfd", "inotify"; "": it is no such.
std::string anonymous_kind(std::string_view link) {
    constexpr std::string_view kPrefix = "anon_inode:";
    if (!link.starts_with(kPrefix)) return link.starts_with("pidfd:") ? "pidfd" : "";
    link.remove_prefix(kPrefix.size());
    if (link.starts_with('[') && link.ends_with(']')) link = link.substr(1, link.size() - 2);
    return std::string(link);
}

}  // namespace

Descriptors::Descriptors(uint32_t pid, Sockets& sockets, OpenFiles& open_files)
    : pid_(pid), sockets_(sockets), open_files_(open_files) {}

std::string Descriptors::words(uint32_t tid, int descriptor) {
    return describe(tid, descriptor, Extent::kFull);
}

std::string Descriptors::awaited(uint32_t tid, int descriptor) {
    constexpr size_t kFunctionBytes = 128;
    const std::string number = "fd " + std::to_string(descriptor);
    if (is_closed(tid, descriptor)) return number + std::string(kClosed);
    const std::string function = read_small_file(task_path(pid_, tid, "wchan"), kFunctionBytes);
    const std::optional<uint32_t> mode = mode_of(tid, descriptor);
    const std::string now = words(tid, descriptor);
    if (mode && waits_on_another_file(function, *mode)) {
        return number + std::string(kClosed) + ": the number is another file's now," + now.substr(number.size());
    }
    // Nobody waits on a pipe that has no other end: a call on it would have come back.
    const bool is_pipe = now.starts_with(number + " pipe:[");
    const bool is_contradiction = is_pipe && now.ends_with(kNobody);
    return is_contradiction ? now + ": it is on its way to one, or the call began on another file" : now;
}

/// The thread and its table of descriptors are there, and the number is not.
bool Descriptors::is_closed(uint32_t tid, int descriptor) const {
    struct stat facts = {};
    return descriptor >= 0 && lstat(fd_path(pid_, tid, descriptor).c_str(), &facts) != 0 && errno == ENOENT &&
           access(task_path(pid_, tid, "fd").c_str(), R_OK | X_OK) == 0;
}

std::string Descriptors::brief(uint32_t tid, int descriptor) {
    return describe(tid, descriptor, Extent::kBrief);
}

std::string Descriptors::list(uint32_t tid, const std::vector<int>& descriptors, size_t total) {
    if (total == 0) return "no descriptor";
    if (total == 1 && descriptors.size() == 1) return awaited(tid, descriptors.front());
    std::vector<std::string> parts;
    for (size_t i = 0; i < std::min(descriptors.size(), kToldDescriptors); ++i) {
        // Such calls refuse a number that is no open file's.
        const bool was_closed = is_closed(tid, descriptors[i]);
        parts.push_back(brief(tid, descriptors[i]) + (was_closed ? std::string(kClosed) : ""));
    }
    return joined(parts, total - parts.size());
}

std::string Descriptors::name(uint32_t tid, int descriptor) const {
    return descriptor < 0 ? "" : read_link(fd_path(pid_, tid, descriptor));
}

DescriptorInfo Descriptors::info(uint32_t tid, int descriptor) const {
    return parse_descriptor_info(read_file(task_path(pid_, tid, "fdinfo/" + std::to_string(descriptor)), kInfoBytes));
}

std::string Descriptors::describe(uint32_t tid, int descriptor, Extent extent) {
    const auto [entry, is_new] = known_.try_emplace({descriptor, extent});
    std::string& words = entry->second;
    if (!is_new) return words;
    words = "fd " + std::to_string(descriptor);
    const std::string link = name(tid, descriptor);
    if (link.empty()) return words;
    if (link.starts_with("socket:[")) {
        words += " " + socket(tid, descriptor, link, extent);
    } else if (link.starts_with("pipe:[")) {
        words += " " + link + (extent == Extent::kFull ? other_end(tid, descriptor, link) : "");
    } else if (const std::string kind = anonymous_kind(link); !kind.empty()) {
        words += " " + anonymous(tid, descriptor, kind, extent);
    } else {
        words += " " + file(tid, descriptor, link, extent);
    }
    return words;
}

std::string Descriptors::socket(uint32_t tid, int descriptor, const std::string& link, Extent extent) {
    const uint64_t inode = inode_in(link);
    const std::optional<Socket> found = sockets_.find(tid, inode, protocol_of(pid_, tid, descriptor));
    if (!found) return link;
    const bool is_unix = found->protocol.starts_with("unix");
    const std::optional<uint64_t> peer = is_unix ? sockets_.peer_of(inode) : std::nullopt;
    if (!peer) return socket_words(*found);
    if (*peer == 0) {
        // The end of a stream would have been seen by whoever reads it.
        const bool has_end = found->protocol != "unix dgram";
        return socket_words(*found) + (has_end ? ", not accepted yet" : std::string(kNobody));
    }
    Socket connected = *found;
    const std::optional<Socket> other = sockets_.find(tid, *peer, "UNIX");
    if (other && connected.path.empty()) connected.path = other->path;
    std::string words = socket_words(connected);
    if (extent == Extent::kFull) words += held_by(open_files_.named("socket:[" + std::to_string(*peer) + "]"));
    return words;
}

std::string Descriptors::anonymous(uint32_t tid, int descriptor, const std::string& kind, Extent extent) {
    const DescriptorInfo facts = info(tid, descriptor);
    if (kind == "eventpoll") return epoll(tid, facts, extent);
    if (kind == "eventfd") {
        return kind + (facts.event_count ? ", count " + std::to_string(*facts.event_count) : "");
    }
    if (kind == "timerfd") return timer_words(facts);
    if (kind == "signalfd" && facts.signals) {
        return kind + " of " + (*facts.signals == 0 ? "no signal" : signal_words(*facts.signals));
    }
    if (kind == "inotify")
        return kind + ", " + std::to_string(facts.watches) + (facts.watches == 1 ? " watch" : " watches");
    if (kind == "pidfd" && facts.process) {
        return kind + (*facts.process > 0 ? " of " + process_words(static_cast<uint32_t>(*facts.process))
                                          : " of a process that is gone");
    }
    return kind;
}

std::string Descriptors::epoll(uint32_t tid, const DescriptorInfo& info, Extent extent) {
    if (info.watches == 0) return "epoll of nothing";
    if (extent == Extent::kBrief) return "epoll of " + counted(info.watches, "descriptor");
    std::vector<std::string> parts;
    for (const Watched& watched : info.watched) {
        if (parts.size() == kToldDescriptors) break;
        // The number may mean something else by now: what is watched is an open file.
        const uint64_t inode = inode_in(name(tid, watched.descriptor));
        const bool is_same = inode == 0 || watched.inode == 0 || inode == watched.inode;
        parts.push_back(is_same ? brief(tid, watched.descriptor) : "what was fd " + std::to_string(watched.descriptor));
    }
    return "epoll of " + joined(parts, info.watches - parts.size());
}

/// Without opening it, and without asking a file server.
std::optional<uint32_t> Descriptors::mode_of(uint32_t tid, int descriptor) const {
    struct statx facts = {};
    constexpr int kFlags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    if (statx(AT_FDCWD, fd_path(pid_, tid, descriptor).c_str(), kFlags, STATX_TYPE, &facts) != 0) return std::nullopt;
    return facts.stx_mode;
}

std::string Descriptors::file(uint32_t tid, int descriptor, const std::string& link, Extent extent) {
    constexpr std::string_view kMemory = "/memfd:";
    constexpr std::string_view kDeleted = " (deleted)";
    if (link.starts_with(kMemory)) {
        std::string_view given = std::string_view(link).substr(kMemory.size());
        if (given.ends_with(kDeleted)) given.remove_suffix(kDeleted.size());
        return "memfd " + std::string(given);
    }
    if (link.ends_with("/ptmx")) {
        const std::optional<uint32_t> other = info(tid, descriptor).terminal;
        return "pty " + link + (other ? ", master of /dev/pts/" + std::to_string(*other) : "");
    }
    const bool is_terminal = link.starts_with("/dev/pts/") || link.starts_with("/dev/tty") || link == "/dev/console";
    if (is_terminal) return "terminal " + link;
    if (link.starts_with("/dev/") && !link.starts_with("/dev/shm/") && !link.starts_with("/dev/mqueue/")) {
        return "device " + link;
    }
    if (!S_ISFIFO(mode_of(tid, descriptor).value_or(0))) return link;
    return "fifo " + link + (extent == Extent::kFull ? other_end(tid, descriptor, link) : "");
}

/// Of a pipe: who could write what this descriptor reads, or read what it writes.
std::string Descriptors::other_end(uint32_t tid, int descriptor, const std::string& link) {
    struct stat rights = {};
    if (lstat(fd_path(pid_, tid, descriptor).c_str(), &rights) != 0) return {};
    const bool reads = (rights.st_mode & S_IRUSR) != 0;
    const bool writes = (rights.st_mode & S_IWUSR) != 0;
    std::vector<OpenFile> others;
    for (const OpenFile& file : open_files_.named(link)) {
        if ((reads && file.writes) || (writes && file.reads)) others.push_back(file);
    }
    return held_by(std::move(others));
}

/// ", other end held by this process (fd 6) and process 77 (cat)"
std::string Descriptors::held_by(std::vector<OpenFile> files) {
    if (files.empty()) {
        const std::string gap = open_files_.gap();
        return gap.empty() ? std::string(kNobody) : ", other end not found (" + gap + ")";
    }
    const auto is_own = [this](const OpenFile& file) { return file.pid == pid_; };
    std::stable_partition(files.begin(), files.end(), is_own);
    std::vector<std::string> holders;
    std::vector<uint32_t> told;
    size_t left_out = 0;
    for (const OpenFile& file : files) {
        if (std::find(told.begin(), told.end(), file.pid) != told.end()) continue;
        told.push_back(file.pid);
        if (holders.size() == kToldHolders) {
            ++left_out;
        } else {
            holders.push_back(is_own(file) ? "this process (fd " + std::to_string(file.descriptor) + ")"
                                           : process_words(file.pid));
        }
    }
    std::string words = holders.front();
    for (size_t i = 1; i < holders.size(); ++i) {
        words += (i + 1 == holders.size() && left_out == 0 ? " and " : ", ") + holders[i];
    }
    if (left_out > 0) words += " and " + std::to_string(left_out) + " more";
    const bool is_alone = told.size() == 1 && is_own(files.front());
    return ", other end held by " + words + (is_alone ? " alone" : "");
}

}  // namespace reader
