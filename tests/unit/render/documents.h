// SPDX-License-Identifier: Apache-2.0
//
// A bank whose tellers wait for each other, as processes of a run, for tests of the documents.
#pragma once

#include <memory>
#include <string>

#include "render/document.h"
#include "tests/support/snapshot_builder.h"
#include "tests/unit/render/report.h"

namespace documents {

using support::frame;
using support::libc_frame;
using support::mutex;

inline render::RunFacts facts() {
    render::RunFacts facts;
    facts.version = "1.2.3";
    facts.source_root = "/src/bank";
    facts.command = "./bank --open";
    facts.fail_on = {analyze::Verdict::kDeadlock, analyze::Verdict::kBlocked};
    return facts;
}

/// T2 and T3 wait for each other, T4 and T5 for jobs.
inline void fill_bank(support::SnapshotBuilder& bank) {
    bank.process().command = {"./bank", "--open"};
    bank.thread(1).named("bank").ends_process().at({frame("main", "bank.cpp", 95)});
    bank.thread(2)
        .named("teller")
        .waits_for(mutex(0x20, "g_ledger"))
        .since(3.2)
        .holds(mutex(0x10, "g_accounts"))
        .acquired_at({frame("transfer(int, int)", "bank.cpp", 40), frame("main", "bank.cpp", 90)})
        .at({libc_frame("pthread_mutex_lock"), frame("transfer(int, int)", "bank.cpp", 42)})
        .created_by(1, {frame("main", "bank.cpp", 90)});
    bank.thread(3)
        .named("auditor")
        .waits_for(mutex(0x10, "g_accounts"))
        .since(3.1)
        .holds(mutex(0x20, "g_ledger"))
        .acquired_at({frame("audit()", "bank.cpp", 61)})
        .at({libc_frame("pthread_mutex_lock"), frame("audit()", "bank.cpp", 63)})
        .created_by(1, {frame("main", "bank.cpp", 91)});
    for (const uint32_t worker : {4U, 5U}) {
        bank.thread(worker)
            .named("worker")
            .waits_on(support::condition(0x30, "g_jobs"))
            .since(11.5)
            .at({libc_frame("pthread_cond_wait"), frame("Jobs::take()", "jobs.cpp", 12)})
            .created_by(1, {frame("main", "bank.cpp", 80)});
    }
}

inline report::Findings bank_findings() {
    analyze::Finding deadlock = report::finding(analyze::Verdict::kDeadlock, {2, 3}, "T2 and T3 wait for each other");
    analyze::Finding workers = report::finding(analyze::Verdict::kBlocked, {4, 5}, "2 threads blocked in cond wait");
    workers.fingerprint = "fedcba9876543210";
    return {deadlock, workers};
}

inline analyze::Analysis bank_analysis(const snapshot::Snapshot& snapshot, report::Findings findings) {
    analyze::Analysis analysis = report::analysis(snapshot, std::move(findings));
    for (const analyze::Finding& finding : analysis.findings) {
        for (const uint32_t thread : finding.threads) analysis.applies[thread].insert(finding.verdict);
    }
    return analysis;
}

/// The document of one process, the bank's.
inline std::string of_bank(std::unique_ptr<render::Document> document, report::Findings findings = bank_findings()) {
    support::SnapshotBuilder bank;
    fill_bank(bank);
    const snapshot::Snapshot snapshot = bank.build();
    document->add(snapshot, bank_analysis(snapshot, std::move(findings)));
    return document->text();
}

/// A process that left nothing behind.
inline void add_clean(render::Document& document, uint32_t pid, const std::string& command) {
    support::SnapshotBuilder clean;
    clean.process().pid = pid;
    clean.process().exe = "/bin/" + command;
    clean.process().command = {command};
    clean.thread(1).ends_process();
    document.add(clean.build(), analyze::Analysis());
}

/// What breaks formats, in one name.
inline const std::string kHostile = "<a&b>\"]]>'\x01\n::error,file=x%0A{0}[l](u)\\|`;\xFF\xEF\xBF\xBF";

/// A process in which everything that can be named is called so.
inline std::string of_hostile(std::unique_ptr<render::Document> document) {
    support::SnapshotBuilder odd;
    odd.process().exe = "/bin/" + kHostile;
    odd.process().command = {kHostile, kHostile};
    odd.thread(1).named(kHostile).waits_for(mutex(0x10, kHostile)).at({frame(kHostile, kHostile, 7)});
    odd.thread(1).holds(mutex(0x10, kHostile)).acquired_at({frame(kHostile, kHostile, 6)});
    const snapshot::Snapshot snapshot = odd.build();
    document->add(snapshot, bank_analysis(snapshot, {report::finding(analyze::Verdict::kSelfDeadlock, {1}, kHostile)}));
    document->add(render::Unobserved{kHostile, kHostile, 2, false});
    return document->text();
}

}  // namespace documents
