// SPDX-License-Identifier: Apache-2.0
//
// Makes a race certain: of the threads but main, the first that makes a certain system call gets its answer only
// after main has done something. By a seccomp filter that libraries which wrap calls do not see being installed.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tests/support/gate.h"

namespace gate {

/// One a program.
class LateAnswer {
public:
    /// To calls of `number` whose argument `which`, from 0, is `value`.
    bool install(long number, uint32_t which, uint32_t value) {
        number_ = number;
        struct sigaction action {};
        action.sa_sigaction = answer;
        action.sa_flags = SA_SIGINFO;
        sigaction(SIGSYS, &action, nullptr);
        sock_filter steps[] = {
            load(offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 5),
            load(offsetof(seccomp_data, args) + which * sizeof(uint64_t)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 3),
            load(offsetof(seccomp_data, args) + kLast * sizeof(uint64_t)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kOwn, 1, 0),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog program{sizeof steps / sizeof *steps, steps};
        return raw_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1) == 0 &&
               raw_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, reinterpret_cast<long>(&program)) == 0;
    }
    /// Until the kernel has answered.
    void await_question() const { asked_.await_open(); }
    void let_go() { let_go_.open(); }

private:
    static constexpr uint32_t kLast = 5;       // argument that no such call has
    static constexpr uint32_t kOwn = 0x5eed0;  // what it is in calls that are let through

    static sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }

    static long call(const greg_t* registers) {
        long result;
        register long r10 asm("r10") = registers[REG_R10];
        register long r8 asm("r8") = registers[REG_R8];
        register long r9 asm("r9") = kOwn;
        asm volatile("syscall"
                     : "=a"(result)
                     : "a"(number_), "D"(registers[REG_RDI]), "S"(registers[REG_RSI]), "d"(registers[REG_RDX]),
                       "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
        return result;
    }

    static void answer(int, siginfo_t*, void* context) {
        greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
        registers[REG_RAX] = call(registers);
        if (raw_call(SYS_gettid) == raw_call(SYS_getpid) || was_first_.exchange(true)) return;
        asked_.open();
        let_go_.await_open();
    }

    static inline long number_ = 0;
    static inline std::atomic<bool> was_first_{false};
    static inline Flag asked_;
    static inline Flag let_go_;
};

}  // namespace gate
