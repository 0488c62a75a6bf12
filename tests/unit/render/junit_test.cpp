// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "render/xml.h"
#include "tests/unit/render/documents.h"

namespace documents {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Xml, EscapesWhatIsMarkupAndWhatXmlCannotHold) {
    EXPECT_EQ(render::xml_text("<a&b>\"'\x01\t\n]]>\xFF\xEF\xBF\xBF\x7F"),
              "&lt;a&amp;b&gt;&quot;'\\x01\\x09\n]]&gt;\\xff\xEF\xBF\xBD\\x7f");
    EXPECT_EQ(render::xml_element("e", {{"a", "1<2"}}), "<e a=\"1&lt;2\"/>");
    EXPECT_EQ(render::xml_element("e", {}, "x"), "<e>x</e>");
}

TEST(Junit, HasACaseForEachFinding) {
    EXPECT_EQ(of_bank(render::junit(facts())), R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="loiter ./bank --open" tests="2" failures="2" errors="0" time="12.400">
  <testsuite name="loiter ./bank --open" tests="2" failures="2" errors="0" skipped="0" time="12.400">
    <testcase name="./bank --open: deadlock in transfer(int, int)" classname="bank" time="12.400" file="bank.cpp" line="42"><failure message="deadlock: T2 and T3 wait for each other" type="deadlock">transfer(int, int) at bank.cpp:42
./bank --open (pid 4242)

DEADLOCK: 2 threads wait for each other
  T2 &quot;teller&quot;  waits for mutex g_ledger,   held by T3
  T3 &quot;auditor&quot; waits for mutex g_accounts, held by T2

T2 &quot;teller&quot; [mutex lock, 3.2s] tid 4243
    transfer(int, int)                       bank.cpp:42
  waits for mutex g_ledger (0x20), held by T3 &quot;auditor&quot;, acquired at
    audit()                                  bank.cpp:61
  T3 is now in [mutex lock, 3.1s], at
    audit()                                  bank.cpp:63
  created by T1 at
    main                                     bank.cpp:90

T3 &quot;auditor&quot; [mutex lock, 3.1s] tid 4244
    audit()                                  bank.cpp:63
  waits for mutex g_accounts (0x10), held by T2 &quot;teller&quot;, acquired at
    transfer(int, int)                       bank.cpp:40
    main                                     bank.cpp:90
  T2 is now in [mutex lock, 3.2s], at
    transfer(int, int)                       bank.cpp:42
  created by T1 at
    main                                     bank.cpp:91

fingerprint 0123456789abcdef
</failure></testcase>
    <testcase name="./bank --open: blocked in Jobs::take()" classname="bank" time="0.000" file="jobs.cpp" line="12"><failure message="blocked: 2 threads blocked in cond wait" type="blocked">Jobs::take() at jobs.cpp:12
./bank --open (pid 4242)

2 threads &quot;worker&quot; [cond wait, 11.5s]: T4, T5
    Jobs::take()                             jobs.cpp:12
  waits on condition g_jobs (0x30), never signalled since the wait began
  created by T1 at
    main                                     bank.cpp:80

fingerprint fedcba9876543210
</failure></testcase>
  </testsuite>
</testsuites>
)xml");
}

TEST(Junit, PassesCleanProcessesAndNamesEqualOnesApart) {
    const auto document = render::junit(facts());
    add_clean(*document, 10, "true");
    add_clean(*document, 11, "true");

    EXPECT_EQ(document->text(), R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="loiter ./bank --open" tests="2" failures="0" errors="0" time="24.800">
  <testsuite name="loiter ./bank --open" tests="2" failures="0" errors="0" skipped="0" time="24.800">
    <testcase name="true" classname="true" time="12.400"/>
    <testcase name="true #2" classname="true" time="12.400"/>
  </testsuite>
</testsuites>
)xml");
}

TEST(Junit, FailsNothingThatTheGateAccepts) {
    report::Findings findings = bank_findings();
    findings[0].verdict = analyze::Verdict::kAlive;
    findings[1].suppressed_by = "ci.supp:3";

    const std::string xml = of_bank(render::junit(facts()), findings);

    EXPECT_THAT(xml, HasSubstr(R"(tests="2" failures="0" errors="0" skipped="1")"));
    EXPECT_THAT(xml, HasSubstr(R"(<skipped message="accepted by ci.supp:3"/>)"));
    EXPECT_THAT(xml, HasSubstr("<system-out>alive: "));
    EXPECT_THAT(xml, Not(HasSubstr("<failure")));
}

TEST(Junit, TellsWhatWasNotObserved) {
    const auto document = render::junit(facts());
    document->add(render::Unobserved{"./bank", "static", 1, true});
    document->add(render::Unobserved{"/bin/tool", "setuid", 3, false});

    const std::string xml = document->text();

    EXPECT_THAT(xml, HasSubstr(R"(tests="2" failures="0" errors="1" skipped="1")"));
    EXPECT_THAT(xml, HasSubstr(R"(<error message="not observed: static" type="not-observed"/>)"));
    EXPECT_THAT(xml, HasSubstr(R"xml(<skipped message="not observed: setuid (3 times)"/>)xml"));
}

TEST(Junit, HasAFindingOnceHoweverOftenItsProcessIsReported) {
    const auto document = render::junit(facts());
    support::SnapshotBuilder bank;
    fill_bank(bank);
    const snapshot::Snapshot snapshot = bank.build();
    document->add(snapshot, bank_analysis(snapshot, {bank_findings()[0]}));
    document->add(snapshot, bank_analysis(snapshot, bank_findings()));

    EXPECT_THAT(document->text(), HasSubstr(R"(tests="2" failures="2")"));
}

TEST(Junit, IsHarmlessWhateverTheNames) {
    const std::string xml = of_hostile(render::junit(facts()));

    EXPECT_THAT(xml, Not(HasSubstr("\x01")));
    EXPECT_THAT(xml, Not(HasSubstr("\xFF")));
    EXPECT_THAT(xml, Not(HasSubstr("<a")));
    EXPECT_THAT(xml, HasSubstr("&lt;a&amp;b&gt;&quot;]]&gt;'\\x01\\x0a"));
}

}  // namespace
}  // namespace documents
