// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "report.h"

namespace {

using analyze::Certainty;
using analyze::Verdict;
using report::finding;
using snapshot::LockKind;
using snapshot::Mode;
using snapshot::State;
using support::condition;
using support::frame;
using support::mutex;
using support::rwlock;
using support::SnapshotBuilder;

using Json = nlohmann::ordered_json;

Json json_of(const SnapshotBuilder& builder, report::Findings findings = {}) {
    const snapshot::Snapshot snapshot = builder.build();
    return Json::parse(render::json(snapshot, report::analysis(snapshot, std::move(findings))));
}

std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
}

Json frame_of(const std::string& function, int line, const std::string& offset) {
    return {{"function", function}, {"file", "/src/bank/bank.cpp"},
            {"line", line},         {"module", "/srv/bank/bin/bank"},
            {"offset", offset},     {"inlined", false}};
}

/// A thread of which everything is known.
void add_teller(SnapshotBuilder& builder) {
    snapshot::LastSignal signal;
    signal.thread = 3;
    signal.ago_seconds = 1.5;
    signal.ago_is_lower_bound = true;
    signal.before_wait = true;
    signal.waiters = 2;
    signal.stack = builder.stack({frame("kick()", "bank.cpp", 8)});
    builder.thread(2)
        .named("teller")
        .tid(4244)
        .waits_for(mutex(0x5581c0e8, "g_ledger"))
        .since(3.20049, true)
        .timed(26.8, 30)
        .at({frame("transfer()", "bank.cpp", 42)})
        .entry(frame("run()", "bank.cpp", 77))
        .created_by(1, {frame("main", "bank.cpp", 90)})
        .last_signalled(signal);
    builder.thread(2).wait().detail = "a detail";
    builder.thread(2).wait().signal_unknown = true;
    builder.thread(2).thread().age_seconds = 12;
    builder.thread(2).thread().cpu_seconds = 0.25;
    builder.thread(2).reads(rwlock(0x60)).held_for(4, true).acquired_at({frame("read()", "bank.cpp", 5)});
    builder.thread(2).hold().depth = 2;
    builder.thread(2).holds(mutex(0x70)).lent();
    builder.thread(3)
        .holds(mutex(0x5581c0e8, "g_ledger"))
        .held_for(3.5, true)
        .acquired_at({frame("audit()", "bank.cpp", 61)});
}

TEST(Json, HasItsFieldsInTheOrderOfTheContract) {
    const Json report = json_of(SnapshotBuilder());

    EXPECT_EQ(keys(report), (std::vector<std::string>{"schema", "process", "counts", "threads", "findings", "losses",
                                                      "root_blockers", "misuse"}));
    EXPECT_EQ(report["schema"], "loiter-report/1");
}

TEST(Json, TellsTheProcess) {
    SnapshotBuilder builder;
    builder.process().command = {"./bank", "--fast"};
    builder.snapshot().notes = {"a gap"};

    EXPECT_EQ(json_of(builder)["process"].dump(),
              R"({"pid":4242,"ppid":4200,"exe":"/srv/bank/bin/bank","command":["./bank","--fast"],"observed":true,)"
              R"("reason":"exit","end":"exit","status":0,"uptime_seconds":12.4,"notes":["a gap"],)"
              R"("uptime_is_lower_bound":false,"exit_phase":null})");
}

TEST(Json, HasNullForWhatIsNotKnownOfTheProcess) {
    const Json process = Json::parse(render::json({}, {}))["process"];

    EXPECT_EQ(process.dump(),
              R"({"pid":0,"ppid":null,"exe":null,"command":[],"observed":true,"reason":"dump","end":"unknown",)"
              R"("status":null,"uptime_seconds":0.0,"notes":[],"uptime_is_lower_bound":false,"exit_phase":null})");
}

TEST(Json, HasAWordForEveryReasonAndEnd) {
    const auto words = [](snapshot::Reason reason, snapshot::End end) {
        SnapshotBuilder builder;
        builder.ended(reason, end, std::nullopt);
        const Json process = json_of(builder)["process"];
        return process["reason"].get<std::string>() + " " + process["end"].get<std::string>();
    };

    EXPECT_EQ(words(snapshot::Reason::kExit, snapshot::End::kReturn), "exit return");
    EXPECT_EQ(words(snapshot::Reason::kSignal, snapshot::End::kAlive), "signal alive");
    EXPECT_EQ(words(snapshot::Reason::kDump, snapshot::End::kUnderscoreExit), "dump _exit");
    EXPECT_EQ(words(snapshot::Reason::kWatch, snapshot::End::kQuickExit), "watch quick_exit");
    EXPECT_EQ(words(snapshot::Reason::kTimeout, snapshot::End::kExec), "timeout exec");
    EXPECT_EQ(words(snapshot::Reason::kPostMortem, snapshot::End::kSignal), "post-mortem signal");
    EXPECT_EQ(words(snapshot::Reason::kExit, snapshot::End::kExit), "exit exit");
    EXPECT_EQ(words(snapshot::Reason::kPostMortem, snapshot::End::kUnknown), "post-mortem unknown");
}

TEST(Json, HasTheCountsOfTheAnalysisAndTheLosses) {
    snapshot::Snapshot snapshot;
    snapshot.losses = {1, 2, 3};
    analyze::Analysis analysis;
    analysis.counts = {6, 5, 4, 3, 7};

    const Json report = Json::parse(render::json(snapshot, analysis));

    EXPECT_EQ(report["counts"].dump(), R"({"threads":6,"blocked":5,"alive":4,"unjoined":3,"created_total":7})");
    EXPECT_EQ(report["losses"].dump(), R"({"threads":1,"holds":2,"stacks":3})");
}

TEST(Json, TellsAllOfAThread) {
    SnapshotBuilder builder;
    add_teller(builder);

    const Json expected = {{"id", 2},
                           {"tid", 4244},
                           {"name", "teller"},
                           {"state", "mutex lock"},
                           {"timed", true},
                           {"for_seconds", 3.2},
                           {"for_is_lower_bound", true},
                           {"left_seconds", 26.8},
                           {"age_seconds", 12.0},
                           {"cpu_seconds", 0.25},
                           {"detached", false},
                           {"entry", frame_of("run()", 77, "0x14d5")},
                           {"stack", Json::array({frame_of("transfer()", 42, "0x12aa")})},
                           {"created_by", {{"thread", 1}, {"stack", Json::array({frame_of("main", 90, "0x15a4")})}}},
                           {"waits_for",
                            {{"kind", "mutex"},
                             {"address", "0x5581c0e8"},
                             {"name", "g_ledger"},
                             {"detail", "a detail"},
                             {"owners", Json::array({{{"thread", 3},
                                                      {"pid", nullptr},
                                                      {"command", nullptr},
                                                      {"mode", "exclusive"},
                                                      {"for_seconds", 3.5},
                                                      {"for_is_lower_bound", true},
                                                      {"acquired_at", Json::array({frame_of("audit()", 61, "0x13d7")})},
                                                      {"in_doubt", false},
                                                      {"queued", false}}})},
                             {"last_signal",
                              {{"thread", 3},
                               {"ago_seconds", 1.5},
                               {"before_wait", true},
                               {"waiters", 2},
                               {"stack", Json::array({frame_of("kick()", 8, "0x1086")})},
                               {"unlocked", nullptr},
                               {"ago_is_lower_bound", true}}},
                             {"signallers", Json::array()},
                             {"probable_cycle", nullptr},
                             {"parties", nullptr},
                             {"missing_parties", nullptr},
                             {"signal_unknown", true}}},
                           {"holds", Json::array({{{"kind", "rwlock"},
                                                   {"address", "0x60"},
                                                   {"name", nullptr},
                                                   {"mode", "shared"},
                                                   {"depth", 2},
                                                   {"for_seconds", 4.0},
                                                   {"for_is_lower_bound", true},
                                                   {"acquired_at", Json::array({frame_of("read()", 5, "0x1056")})},
                                                   {"releasing", false}}})},
                           {"label", nullptr},
                           {"expected", false},
                           {"timeout_seconds", 30.0},
                           {"age_is_lower_bound", false},
                           {"exiting", false},
                           {"finished", false},
                           {"ends_process", false},
                           {"runtime_helper", false},
                           {"last_recorded", false},
                           {"settled", true},
                           {"torn", false},
                           {"cpu_share", nullptr},
                           {"stack_is", "exact"},
                           {"stack_ago_seconds", nullptr},
                           {"stack_truncated", false},
                           {"stack_incomplete", false},
                           {"stack_left_out", nullptr}};
    EXPECT_EQ(json_of(builder)["threads"][0].dump(1), expected.dump(1));
}

TEST(Json, HasEveryFieldOfAThreadOfWhichNothingIsKnown) {
    SnapshotBuilder builder;
    builder.thread(7).tid(0).in(State::kUnknown).detached(std::nullopt).unsettled();

    EXPECT_EQ(json_of(builder)["threads"].dump(),
              R"([{"id":7,"tid":null,"name":null,"state":"unknown","timed":false,"for_seconds":null,)"
              R"("for_is_lower_bound":false,"left_seconds":null,"age_seconds":null,"cpu_seconds":null,"detached":null,)"
              R"("entry":null,"stack":[],"created_by":null,"waits_for":null,"holds":[],"label":null,)"
              R"("expected":false,"timeout_seconds":null,)"
              R"("age_is_lower_bound":false,)"
              R"("exiting":false,"finished":false,"ends_process":false,"runtime_helper":false,"last_recorded":false,)"
              R"("settled":false,"torn":false,"cpu_share":null,"stack_is":"none","stack_ago_seconds":null,)"
              R"("stack_truncated":false,"stack_incomplete":false,"stack_left_out":null}])");
}

TEST(Json, HasWhatTheProgramSaidOfAThread) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).labelled("Bank.Audits").expected();

    EXPECT_EQ(json_of(builder)["threads"][0]["label"], "Bank.Audits");
    EXPECT_EQ(json_of(builder)["threads"][0]["expected"], true);
}

TEST(Json, OfAThreadThatRunsTellsItsShareAndHowOldItsStackIs) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSpinning).at({support::frame("work()", "bank.cpp", 30)});
    snapshot::Snapshot snapshot = builder.build();
    snapshot::Thread& thread = snapshot.threads.at(0);
    thread.cpu_share = 0.98;
    thread.stack_is_last_known = true;
    thread.stack_ago_seconds = 1.5;

    const auto json = nlohmann::json::parse(render::json(snapshot, analyze::analyze(snapshot))).at("threads").at(0);

    EXPECT_EQ(json.at("state"), "spinning");
    EXPECT_EQ(json.at("cpu_share"), 0.98);
    EXPECT_EQ(json.at("stack_is"), "last-known");
    EXPECT_EQ(json.at("stack_ago_seconds"), 1.5);
}

TEST(Json, HasEveryFieldOfAWaitOfWhichNothingIsKnown) {
    SnapshotBuilder builder;
    builder.thread(2).in_io("read");

    const Json thread = json_of(builder)["threads"][0];

    EXPECT_EQ(thread["state"], "io read");
    EXPECT_EQ(thread["waits_for"].dump(),
              R"({"kind":"descriptor","address":null,"name":null,"detail":null,"owners":[],"last_signal":null,)"
              R"("signallers":[],"probable_cycle":null,"parties":null,"missing_parties":null,"signal_unknown":false})");
}

TEST(Json, NamesWhatIsWaitedForThoughItIsNoLock) {
    const auto kind = [](State state, const std::string& function) {
        SnapshotBuilder builder;
        builder.thread(2).in_io(function);
        snapshot::Snapshot snapshot = builder.build();
        snapshot.threads.at(0).state = state;
        return nlohmann::json::parse(render::json(snapshot, {})).at("threads").at(0).at("waits_for").at("kind");
    };

    EXPECT_EQ(kind(State::kIo, "epoll_wait"), "descriptor");
    EXPECT_EQ(kind(State::kIo, "msgrcv"), "message queue");
    EXPECT_EQ(kind(State::kIo, "semop"), "semaphore set");
    EXPECT_EQ(kind(State::kIo, "open"), "file");
    EXPECT_EQ(kind(State::kChildWait, ""), "child");
    EXPECT_EQ(kind(State::kSignalWait, ""), "signal");
}

TEST(Json, SaysWhatIsOnlyALowerBound) {
    SnapshotBuilder builder;
    builder.process().uptime_is_lower_bound = true;
    builder.thread(2);
    snapshot::Snapshot snapshot = builder.build();
    snapshot.threads.at(0).age_is_lower_bound = true;

    const auto report = nlohmann::json::parse(render::json(snapshot, {}));

    EXPECT_EQ(report.at("process").at("uptime_is_lower_bound"), true);
    EXPECT_EQ(report.at("threads").at(0).at("age_is_lower_bound"), true);
}

TEST(Json, OfAProcessWithoutTheLibraryNotesWhatIsMissing) {
    SnapshotBuilder builder;
    builder.process().observed = false;
    builder.snapshot().notes = {"a gap"};

    const Json notes = json_of(builder)["process"]["notes"];

    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0].get<std::string>().find("not observed, so not known: "), 0U);
    EXPECT_EQ(notes[1], "a gap");
}

TEST(Json, TellsAJoinedThreadAsAnOwnerWithoutALock) {
    SnapshotBuilder builder;
    builder.thread(2).joins(3);
    builder.thread(3);

    const Json wait = json_of(builder)["threads"][0]["waits_for"];

    EXPECT_EQ(wait["kind"], "thread");
    EXPECT_EQ(wait["owners"].dump(),
              R"([{"thread":3,"pid":null,"command":null,"mode":null,"for_seconds":null,"for_is_lower_bound":false,)"
              R"("acquired_at":[],"in_doubt":false,"queued":false}])");
}

TEST(Json, TellsAnOwnerThatOnlyTheLockKnows) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10));
    builder.libc_says(mutex(0x10), std::nullopt, 77);

    EXPECT_EQ(json_of(builder)["threads"][0]["waits_for"]["owners"].dump(),
              R"([{"thread":null,"pid":null,"command":null,"mode":"exclusive","for_seconds":null,)"
              R"("for_is_lower_bound":false,"acquired_at":[],"in_doubt":false,"queued":false}])");
}

TEST(Json, MarksOwnersThatOnlyQueue) {
    SnapshotBuilder builder;
    builder.thread(2).waits_to_read(rwlock(0x10), true);
    builder.thread(3).waits_for(rwlock(0x10));

    const Json owner = json_of(builder)["threads"][0]["waits_for"]["owners"][0];

    EXPECT_EQ(owner["thread"], 3);
    EXPECT_EQ(owner["queued"], true);
    EXPECT_EQ(owner["in_doubt"], true);
}

TEST(Json, NamesEveryKindOfObject) {
    SnapshotBuilder builder;
    const std::vector<LockKind> kinds = {LockKind::kMutex,   LockKind::kRwlock,    LockKind::kSpin,
                                         LockKind::kOnce,    LockKind::kCondition, LockKind::kSemaphore,
                                         LockKind::kBarrier, LockKind::kThread,    LockKind::kFutex,
                                         LockKind::kFile,    LockKind::kUnknown};
    for (uint32_t i = 0; i < kinds.size(); ++i) builder.thread(i + 1).wait().object.kind = kinds[i];

    const Json report = json_of(builder);
    std::string words;
    for (const Json& thread : report["threads"]) words += thread["waits_for"]["kind"].get<std::string>() + ",";

    EXPECT_EQ(words, "mutex,rwlock,spin lock,once,condition,semaphore,barrier,thread,futex,file,unknown,");
}

TEST(Json, HasFramesOfWhichLittleIsKnown) {
    SnapshotBuilder builder;
    snapshot::Frame nowhere;
    nowhere.address = 0x1234;
    builder.thread(2).at({support::inlined_frame("f", "bank.cpp", 35), support::frame_in("/lib/x.so"), nowhere});
    builder.snapshot().stacks.back().truncated = true;

    const Json thread = json_of(builder)["threads"][0];

    EXPECT_EQ(thread["stack"].dump(),
              R"([{"function":"f","file":"/src/bank/bank.cpp","line":35,"module":"/srv/bank/bin/bank",)"
              R"("offset":"0x1231","inlined":true},)"
              R"({"function":null,"file":null,"line":null,"module":"/lib/x.so","offset":"0x9e10","inlined":false},)"
              R"({"function":null,"file":null,"line":null,"module":null,"offset":"0x1234","inlined":false}])");
    EXPECT_EQ(thread["stack_truncated"], true);
}

TEST(Json, TellsHowManyFramesOfADeepStackAreLeftOutAndWhere) {
    SnapshotBuilder builder;
    snapshot::Frame after = support::frame("main", "bank.cpp", 90);
    after.left_out_before = 1872;
    builder.thread(2).at({support::frame("f", "bank.cpp", 35), support::frame("f", "bank.cpp", 36), after});

    EXPECT_EQ(json_of(builder)["threads"][0]["stack_left_out"].dump(), R"({"after":2,"frames":1872})");
}

TEST(Json, HasFramesThatAreOfNoFile) {
    SnapshotBuilder builder;
    snapshot::Frame python;
    python.language = snapshot::Language::kPython;
    python.module = "python 3.11";
    python.function = "Worker.run";
    python.file = "/srv/app.py";
    python.line = 7;
    snapshot::Frame jit;
    jit.language = snapshot::Language::kJit;
    jit.address = 0x1234;
    jit.function = "[jit]";
    builder.thread(2).at({python, jit});

    EXPECT_EQ(json_of(builder)["threads"][0]["stack"].dump(),
              R"([{"function":"Worker.run","file":"/srv/app.py","line":7,"module":"python 3.11",)"
              R"("offset":null,"inlined":false},)"
              R"({"function":"[jit]","file":null,"line":null,"module":null,"offset":"0x1234","inlined":false}])");
}

TEST(Json, TakesTheRoutineItselfForTheEntry) {
    SnapshotBuilder builder;
    builder.thread(2).thread().entry =
        builder.stack({support::inlined_frame("setup()", "bank.cpp", 3), frame("worker()", "bank.cpp", 9)});

    EXPECT_EQ(json_of(builder)["threads"][0]["entry"]["function"], "worker()");
}

TEST(Json, TellsAllOfAFinding) {
    SnapshotBuilder builder;
    analyze::Finding deadlock = finding(Verdict::kDeadlock, {2, 3}, "T2 and T3");
    deadlock.behind = {7};
    analyze::Finding order = finding(Verdict::kLockOrder, {}, "orders");
    order.certainty = Certainty::kPossible;
    order.suppressed_by = "lock-order:main";
    order.order_by_class = true;
    order.order = {{mutex(0x20, "g_b"), mutex(0x10), builder.stack({frame("ab()", "bank.cpp", 5)}), 0, 2}};

    const Json findings = json_of(builder, {deadlock, order})["findings"];

    EXPECT_EQ(findings[0].dump(),
              R"({"verdict":"deadlock","certainty":"proved","threads":[2,3],"behind":[7],"message":"T2 and T3",)"
              R"("fingerprint":"0123456789abcdef","suppressed_by":null,"order":[],"order_by_class":false})");
    EXPECT_EQ(findings[1]["certainty"], "possible");
    EXPECT_EQ(findings[1]["order_by_class"], true);
    EXPECT_EQ(findings[1]["suppressed_by"], "lock-order:main");
    EXPECT_EQ(findings[1]["order"][0].dump(),
              R"({"lock":{"kind":"mutex","address":"0x20","name":"g_b"},)"
              R"("while_holding":{"kind":"mutex","address":"0x10","name":null},"stack":[)" +
                  frame_of("ab()", 5, "0x1054").dump() + R"(],"held_stack":[],"thread":2})");
}

TEST(Json, IsOneLineOfValidUtf8WhateverTheTargetWrote) {
    SnapshotBuilder builder;
    builder.process().exe = "/bin/\xff\n";
    builder.process().command = {"a\x80", std::string("b\0c", 3)};
    builder.thread(2).named("\xc0\xaf\x1b[2J").at({frame("f\xed\xa0\x80()", "x\n.cpp", 1)});
    const snapshot::Snapshot snapshot = builder.build();

    const std::string text = render::json(snapshot, report::analysis(snapshot, {}));

    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    const Json report = Json::parse(text);
    EXPECT_EQ(report["process"]["exe"], "/bin/\xef\xbf\xbd\n");
    EXPECT_EQ(report["process"]["command"][1], std::string("b\0c", 3));
    EXPECT_EQ(report["threads"][0]["name"], "\xef\xbf\xbd\xef\xbf\xbd\x1b[2J");
}

TEST(Json, HasNullForNumbersThatAreNone) {
    SnapshotBuilder builder;
    builder.process().uptime_seconds = std::numeric_limits<double>::infinity();
    builder.thread(2).since(std::numeric_limits<double>::quiet_NaN());

    const Json report = json_of(builder);

    EXPECT_TRUE(report["process"]["uptime_seconds"].is_null());
    EXPECT_TRUE(report["threads"][0]["for_seconds"].is_null());
}

TEST(Json, SurvivesIndicesThatLeadNowhere) {
    snapshot::Snapshot snapshot;
    snapshot.stacks.clear();
    snapshot.threads.resize(1);
    snapshot.threads[0].id = 1;
    snapshot.threads[0].stack = 99;
    snapshot.threads[0].entry = 98;
    snapshot.threads[0].created_stack = 97;

    const Json thread = Json::parse(render::json(snapshot, {}))["threads"][0];

    EXPECT_EQ(thread["stack"].dump(), "[]");
    EXPECT_TRUE(thread["entry"].is_null());
    EXPECT_EQ(thread["created_by"].dump(), R"({"thread":null,"stack":[]})");
}

TEST(Json, OfADamagedRecordingIsBounded) {
    // given: every thread waits for every other, 160,000 owners in all
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= 400; ++id) builder.thread(id).waits_for(rwlock(0x10)).reads(rwlock(0x10));

    const snapshot::Snapshot snapshot = builder.build();

    const std::string text = render::json(snapshot, report::analysis(snapshot, {}));

    size_t owners = 0;
    for (size_t at = text.find("\"queued\""); at != std::string::npos; at = text.find("\"queued\"", at + 1)) ++owners;
    EXPECT_EQ(owners, 100000U);
    EXPECT_NE(text.find(R"("notes":["too many owners for one report: some are left out"])"), std::string::npos);
}

}  // namespace
