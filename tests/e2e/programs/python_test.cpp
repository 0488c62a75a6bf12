// SPDX-License-Identifier: Apache-2.0
//
// Python's own frames: function, file and line of what each thread of a real interpreter is in.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <map>
#include <set>

#include "tests/e2e/programs/preloaded.h"

namespace programs {
namespace {

const std::string kPythonSources = LANGUAGE_SOURCES;
const std::string kWaits = kPythonSources + "/waits.py";

struct Place {
    std::string function;
    std::string site;  ///< of waits.py
};
using Chain = std::vector<Place>;

/// The frames of waits.py of each thread, innermost first. `descend` is called 120 times more.
const std::vector<Chain> kChains = {
    {{"transfer", "transfer"}},
    {{"Auditor.audit", "audit"}},
    {{"consume", "consume"}},
    {{"wait_for", "join"}},
    {{"nap", "sleep"}},
    {{"outer.<locals>.inner", "inner"}, {"outer", "outer"}},
    {{"produce", "generator"}, {"iterate", "iterate"}},
    {{"größe_中", "wide"}},
};

bool is_python(const Json& frame) {
    return report::text_of(frame.at("module")).starts_with("python 3.");
}

/// "consume:33", of the frames of one source.
Words frames_of(const Json& thread, const std::string& source) {
    Words words;
    for (const Json& frame : thread.at("stack")) {
        if (!is_python(frame) || frame.at("file") != source) continue;
        words.push_back(report::text_of(frame.at("function")) + ":" + frame.at("line").dump());
    }
    return words;
}

Words words_of(const Chain& chain) {
    const std::string text = report::read_text(kWaits);
    Words words;
    for (const Place& place : chain) {
        words.push_back(place.function + ":" + std::to_string(report::line_of(text, "# SITE(" + place.site + ")")));
    }
    return words;
}

/// From 3.12 on a comprehension is no function of its own. `may_have_ended`: what need not be there.
void expect_all_waits(const Json& told, const std::string& may_have_ended = {}) {
    std::multiset<Words> found;
    for (const Json& thread : told.at("threads")) found.insert(frames_of(thread, kWaits));
    for (const Chain& chain : kChains) {
        if (chain.front().function == may_have_ended) continue;
        EXPECT_EQ(found.count(words_of(chain)), 1U)
            << testing::PrintToString(words_of(chain)) << " in " << testing::PrintToString(found);
    }
    const Words inlined = words_of({{"collect", "comprehension"}});
    const bool has_comprehension = std::any_of(found.begin(), found.end(), [&](const Words& words) {
        return words == inlined || (words.size() == 2 && words[1].starts_with("collect:") &&
                                    words[0] == words_of({{"collect.<locals>.<listcomp>", "comprehension"}})[0]);
    });
    EXPECT_TRUE(has_comprehension) << testing::PrintToString(found);
    Words deep = words_of({{"descend", "bottom"}});
    deep.resize(121, words_of({{"descend", "descend"}})[0]);
    EXPECT_EQ(found.count(deep), 1U) << "a recursion";
}

/// Python's frames come first, and the interpreter's own below them are all still there.
void expect_python_above_native(const Json& told) {
    for (const Json& thread : told.at("threads")) {
        const Json& stack = thread.at("stack");
        if (stack.empty() || !is_python(stack.front())) continue;
        const auto native = std::find_if_not(stack.begin(), stack.end(), is_python);
        EXPECT_TRUE(std::none_of(native, stack.end(), is_python)) << report::describe(stack);
        EXPECT_TRUE(native != stack.end());
        EXPECT_EQ(stack.front().at("offset"), nullptr);
        EXPECT_EQ(thread.at("settled"), true);
    }
}

Json dump(pid_t pid) {
    const Outcome outcome =
        support::run({.arguments = {LOITER_COMMAND, "dump", "--format", "json", std::to_string(pid)}});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    return Json::parse(outcome.output);
}

class Versions : public testing::TestWithParam<const char*> {
protected:
    /// What is in PATH may be a script that starts the interpreter.
    void SetUp() override {
        const Outcome outcome = support::run({.arguments = {GetParam(), "-c", "import sys; print(sys.executable)"}});
        if (outcome.status != 0) GTEST_SKIP() << "no " << GetParam() << " (in PATH)";
        python_ = outcome.output.substr(0, outcome.output.find('\n'));
    }

    std::string python_;
};
INSTANTIATE_TEST_SUITE_P(Python, Versions,
                         testing::Values("/usr/bin/python3", "python3.11", "python3.12", "python3.13"));

TEST_P(Versions, EveryWaitIsToldWithItsLine) {
    const support::TemporaryFolder folder;
    support::Running program(preloaded({{python_, kWaits, "stay"}}, folder.path()));
    ASSERT_TRUE(program.await_output("ready"));

    Json told;
    EXPECT_TRUE(support::eventually([&] {  // main says so just before it joins
        told = dump(program.pid());
        const Json& main = report::thread(told, 1);
        return main.at("state") == "semaphore" && main.at("settled") == true;
    }));

    expect_all_waits(told);
    expect_python_above_native(told);
    EXPECT_EQ(frames_of(report::thread(told, 1), kWaits).size(), 1U) << "main joins";
}

/// run() holds the process at its end; `_exit` leaves the interpreter as it is.
TEST_P(Versions, AtItsEndToo) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "run", {}, {{python_, kWaits, "_exit"}});

    EXPECT_EQ(observed.outcome.status, 7);
    ASSERT_EQ(observed.reports.size(), 1U);
    expect_all_waits(observed.reports.front());
    for (const Json& finding : observed.reports.front().at("findings")) {
        EXPECT_THAT(report::text_of(finding.at("message")), testing::HasSubstr(" at ")) << finding.dump();
    }
}

/// Threads that never rest: what is told of each is a chain that the program can be in.
TEST_P(Versions, ThreadsThatMoveAreNeverToldAWrongChain) {
    const std::string source = kPythonSources + "/calls.py";
    const support::TemporaryFolder folder;
    support::Running program(preloaded({{python_, source}}, folder.path()));
    ASSERT_TRUE(program.await_output("ready"));
    const std::map<std::string, std::string> caller = {{"bottom", "third"},
                                                       {"third", "second.<locals>.<genexpr>"},
                                                       {"second.<locals>.<genexpr>", "second"},
                                                       {"second", "first"},
                                                       {"first", "run"}};

    size_t chains = 0;
    for (int looks = 0; looks < 20; ++looks) {
        const Json told = dump(program.pid());
        for (const Json& thread : told.at("threads")) {
            std::string called;
            for (const std::string& words : frames_of(thread, source)) {
                const std::string function = words.substr(0, words.find(':'));
                if (thread.at("id") == 1 || function == "<module>") continue;
                EXPECT_EQ(called.empty() ? function : caller.at(called), function)
                    << report::describe(thread.at("stack"));
                called = function;
            }
            if (called.empty()) continue;
            EXPECT_EQ(called, "run") << report::describe(thread.at("stack"));
            ++chains;
        }
    }
    EXPECT_GT(chains, 0U);
}

/// The interpreter has been shut down, and has forgotten its threads. Up to 3.12 who joins one of
/// them is let go by that, and ends.
TEST_P(Versions, AtItsNormalEndToo) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "run", {}, {{python_, kWaits, "exit"}});

    EXPECT_EQ(observed.outcome.status, 7);
    ASSERT_EQ(observed.reports.size(), 1U);
    const Json& told = observed.reports.front();
    EXPECT_EQ(told.at("process").at("notes"),
              Json({"the interpreter was no longer in use: python frames are what it left in memory"}));
    expect_all_waits(told, "wait_for");
    expect_python_above_native(told);
    EXPECT_FALSE(told.at("findings").empty()) << "threads of the program are never taken for the interpreter's";
}

TEST(Python, OfAKilledProcessTheInterpreterIsFolded) {
    const support::TemporaryFolder folder;
    {
        support::Running program(preloaded({{"/usr/bin/python3", kWaits, "stay"}}, folder.path()));
        ASSERT_TRUE(program.await_output("ready"));
        program.signal(SIGKILL);
        program.finish();
    }

    const Outcome text = support::run({.arguments = {LOITER_COMMAND, "report", folder.path()}});

    EXPECT_THAT(text.output, testing::HasSubstr("note: python frames not known: the process has ended\n"));
    EXPECT_THAT(text.output, testing::ContainsRegex("\\([0-9]+ frames of the Python interpreter\\)"));
    EXPECT_THAT(text.output, testing::Not(testing::HasSubstr("PyThread_acquire_lock_timed")));
}

TEST(Python, TextBeginsWithTheProgramsLine) {
    const Outcome outcome = support::run({.arguments = {LOITER_COMMAND, "run", "/usr/bin/python3", kWaits, "_exit"}});

    const std::string line = std::to_string(report::line_of(report::read_text(kWaits), "# SITE(audit)"));
    EXPECT_THAT(outcome.errors, testing::ContainsRegex("\\[semaphore, [^]]*\\][^\n]*\n    Auditor.audit  *waits.py:" +
                                                       line + "\n  (never|whether)"));
}

TEST(Python, AProcessThatForkedIsReadAsWell) {
    const support::TemporaryFolder folder;
    support::Running program(preloaded(
        {{"/usr/bin/python3", "-c",
          "import os, threading\ndef wait():\n threading.Event().wait()\nif os.fork() == 0:\n"
          " threading.Thread(target=wait, daemon=True).start()\n print('child', os.getpid(), 'ready', flush=True)\n"
          " wait()\nos.wait()\n"}},
        folder.path()));
    ASSERT_TRUE(program.await_output("ready"));
    const pid_t child = std::stoi(program.output().substr(6));

    Json told;
    EXPECT_TRUE(support::eventually([&] {
        told = dump(child);
        return told.at("threads").size() == 2 && frames_of(told.at("threads")[0], "<string>").size() == 2 &&
               frames_of(told.at("threads")[1], "<string>") == Words{"wait:3"};
    })) << told.dump(1);
}

}  // namespace
}  // namespace programs
