# SPDX-License-Identifier: Apache-2.0
"""stress-ng's stressors of threads, locks, signals, processes and their communication, each of which
checks what it does. One unit a stressor."""
import subprocess

from comparison import Result
from observation import run

VERSION_OF = "stress-ng"

SHORT = ("pthread", "mutex", "futex", "sem", "sem-sysv", "robust", "signal", "sigq", "sigsuspend", "fork", "vfork",
         "clone", "exec", "mq", "msg", "pipe", "poll", "timer", "wait", "sigchld")
LONG = ("affinity", "aio", "atomic", "context", "daemon", "dekker", "dup", "env", "epoll", "eventfd", "exit-group",
        "fcntl", "fifo", "flock", "fp-error", "get", "getrandom", "hrtimers", "inotify", "io-uring", "itimer", "kill",
        "lease", "locka", "lockf", "lockmix", "lockofd", "membarrier", "mmapfork", "nanosleep", "nice", "null",
        "open", "peterson", "pidfd", "pipeherd", "poll", "prctl", "ptrace", "procfs", "pty", "rlimit",
        "rseq", "schedpolicy", "seccomp", "sendfile", "set", "shm", "shm-sysv", "sigabrt", "sigfd", "sigfpe", "sigio",
        "signest", "sigpending", "sigpipe", "sigrt", "sigsegv", "sigtrap", "sleep", "sock", "sockfd",
        "sockpair", "spawn", "splice", "stack", "switch", "tee", "timerfd", "udp",
        "unshare", "userfaultfd", "vforkmany", "vm-splice", "yield", "zombie", "session", "sigxcpu", "sigxfsz",
        "loadavg", "close", "utime", "hsearch", "judy", "malloc", "munmap", "regs", "setjmp", "stackmmap", "sigbus")
PASSED, NO_RESOURCE, NOT_HERE = 0, 3, 4
SECONDS = 120


def packages(short):
    del short
    return ("stress-ng",)


def units(short):
    listed = subprocess.run(["stress-ng", "--stressors"], capture_output=True, text=True, check=True).stdout.split()
    return [name for name in (SHORT if short else dict.fromkeys(SHORT + LONG)) if name in listed]


def run_unit(stressor, mode, folder, only):
    del only
    # The threads of some have real-time priorities: two of those may keep the processors from their own main threads.
    count, seconds = ("1", "1s") if mode.short else ("2", "2s")
    ended = run(mode, ["stress-ng", f"--{stressor}", count, "--timeout", seconds, "--verify", "--temp-path", "."],
                folder, SECONDS)
    if ended.status in (NO_RESOURCE, NOT_HERE):
        return {stressor: Result.SKIPPED}
    return {stressor: Result.PASSED if ended.status == PASSED else Result.FAILED}
