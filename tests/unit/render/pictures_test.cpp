// SPDX-License-Identifier: Apache-2.0
//
// Flame graph lines, wait-for graphs, profiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <map>

#include "tests/unit/render/documents.h"

namespace documents {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Fields of one message of protocol buffers: numbers as text, all else as bytes.
using Fields = std::multimap<uint32_t, std::string>;

uint64_t take_varint(std::string_view& bytes) {
    uint64_t value = 0;
    for (int shift = 0; !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80) break;
    }
    return value;
}

Fields fields_of(std::string_view bytes) {
    Fields fields;
    while (!bytes.empty()) {
        const uint64_t tag = take_varint(bytes);
        const uint64_t value = take_varint(bytes);
        const auto field = static_cast<uint32_t>(tag >> 3);
        if ((tag & 7) == 0) {
            fields.emplace(field, std::to_string(value));
        } else {
            EXPECT_EQ(tag & 7, 2U) << "only numbers and bytes are written";
            fields.emplace(field, bytes.substr(0, value));
            bytes.remove_prefix(value);
        }
    }
    return fields;
}

std::vector<uint64_t> packed(std::string_view bytes) {
    std::vector<uint64_t> values;
    while (!bytes.empty()) values.push_back(take_varint(bytes));
    return values;
}

std::string gunzipped(const std::string& file) {
    z_stream stream = {};
    EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    std::string out(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.data()));
    stream.avail_in = static_cast<uInt>(file.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

/// A profile as words.
class Profile {
public:
    explicit Profile(const std::string& file) : fields_(fields_of(gunzipped(file))) {
        for (const auto& [field, bytes] : fields_) {
            if (field == 6) strings_.push_back(bytes);
        }
    }

    std::vector<std::string> messages(uint32_t field) const {
        std::vector<std::string> found;
        for (auto [at, end] = fields_.equal_range(field); at != end; ++at) found.push_back(at->second);
        return found;
    }

    std::string text(const Fields& fields, uint32_t field) const {
        const auto found = fields.find(field);
        return strings_.at(found == fields.end() ? 0 : std::stoul(found->second));
    }

    /// "transfer(int, int):42 < main:90 | state=mutex lock ... | 1 3200000000"
    std::string sample(const std::string& bytes) const {
        const Fields sample = fields_of(bytes);
        std::string words;
        for (const uint64_t location : packed(sample.find(1)->second))
            words += (words.empty() ? "" : " < ") + place(location);
        words += " |";
        for (auto [at, end] = sample.equal_range(3); at != end; ++at) {
            const Fields label = fields_of(at->second);
            words += " " + text(label, 1) + "=" + text(label, 2);
        }
        words += " |";
        for (const uint64_t value : packed(sample.find(2)->second)) words += " " + std::to_string(value);
        return words;
    }

private:
    std::string place(uint64_t number) const {
        std::string words;
        for (const std::string& bytes : messages(4)) {
            const Fields location = fields_of(bytes);
            if (location.find(1)->second != std::to_string(number)) continue;
            for (auto [at, end] = location.equal_range(4); at != end; ++at) {
                const Fields line = fields_of(at->second);
                const auto where = line.find(2);
                words += (words.empty() ? "" : "+") + function(line.find(1)->second) +
                         (where == line.end() ? "" : ":" + where->second);
            }
        }
        return words;
    }

    std::string function(const std::string& number) const {
        for (const std::string& bytes : messages(5)) {
            const Fields function = fields_of(bytes);
            if (function.find(1)->second == number) return text(function, 2);
        }
        return "?";
    }

    Fields fields_;
    std::vector<std::string> strings_;
};

TEST(Folded, CountsThreadsByStackAndState) {
    EXPECT_EQ(of_bank(render::folded(facts())), R"(bank;Jobs::take();[cond wait] 2
bank;audit();[mutex lock] 1
bank;main;[running] 1
bank;transfer(int, int);[mutex lock] 1
)");
}

TEST(Folded, AddsUpProcessesEachAsLastSeen) {
    const auto document = render::folded(facts());
    for (const uint32_t pid : {10U, 10U, 11U}) {
        support::SnapshotBuilder bank;
        fill_bank(bank);
        bank.process().pid = pid;
        document->add(bank.build(), analyze::Analysis());
    }

    EXPECT_THAT(document->text(), HasSubstr("bank;Jobs::take();[cond wait] 4\n"));
}

TEST(Folded, NamesCodeWithoutFunctionsByItsPlaceInTheFile) {
    support::SnapshotBuilder builder;
    builder.thread(1).at({support::frame_in("/bin/dash", "", 0x9e10), support::frame_in("", "", 0x10)});
    const auto document = render::folded(facts());
    document->add(builder.build(), analyze::Analysis());

    EXPECT_EQ(document->text(), "bank;0x7ffff7c00010;dash+0x9e10;[running] 1\n");
}

TEST(Folded, KeepsLinesAndFramesApartWhateverTheNames) {
    const std::string lines = of_hostile(render::folded(facts()));

    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), ';'), 2);
}

TEST(Pprof, HasASampleForEachKindOfThread) {
    const Profile profile(of_bank(render::pprof(facts())));

    std::vector<std::string> samples;
    for (const std::string& bytes : profile.messages(2)) samples.push_back(profile.sample(bytes));
    const std::string of_process = " process=bank pid=4242 | ";
    EXPECT_THAT(
        samples,
        ElementsAre(
            "main:95 | state=running thread=bank" + of_process + "1 0",
            "transfer(int, int):42 | state=mutex lock thread=teller lock=mutex g_ledger" + of_process + "1 3200000000",
            "audit():63 | state=mutex lock thread=auditor lock=mutex g_accounts" + of_process + "1 3100000000",
            "Jobs::take():12 | state=cond wait thread=worker lock=condition g_jobs" + of_process + "2 23000000000"));
}

TEST(Pprof, SaysWhatItsValuesAreAndWhereItsCodeIs) {
    const Profile profile(of_bank(render::pprof(facts())));

    std::vector<std::string> types;
    for (const std::string& bytes : profile.messages(1))
        types.push_back(profile.text(fields_of(bytes), 1) + "/" + profile.text(fields_of(bytes), 2));
    EXPECT_THAT(types, ElementsAre("threads/count", "waiting/nanoseconds"));
    EXPECT_EQ(profile.messages(6)[0], "") << "the first string is the empty one";
    ASSERT_EQ(profile.messages(3).size(), 1U);
    const Fields mapping = fields_of(profile.messages(3)[0]);
    EXPECT_EQ(profile.text(mapping, 5), "/srv/bank/bin/bank");
    EXPECT_EQ(profile.text(mapping, 6), "5fb1c0de");
    EXPECT_EQ(profile.messages(10), std::vector<std::string>{"12400000000"});
}

TEST(Pprof, PutsInlinedCallsIntoTheirPlace) {
    support::SnapshotBuilder builder;
    builder.thread(1).at(
        {support::inlined_frame("lock()", "lock.h", 3), frame("work()", "work.cpp", 8), frame("main", "work.cpp", 20)});
    const auto document = render::pprof(facts());
    document->add(builder.build(), analyze::Analysis());

    const Profile profile(document->text());

    EXPECT_THAT(profile.sample(profile.messages(2).at(0)), testing::StartsWith("lock():3+work():8 < main:20 |"));
    EXPECT_EQ(profile.messages(4).size(), 2U);
}

TEST(Pprof, OfNothingIsStillAProfile) {
    EXPECT_EQ(Profile(render::pprof(facts())->text()).messages(1).size(), 2U);
}

TEST(Dot, DrawsWhoWaitsForWhatAndWhoHasIt) {
    EXPECT_EQ(of_bank(render::dot(facts())), R"dot(digraph loiter {
  rankdir=LR;
  node [fontname="monospace"];
  subgraph cluster_0 {
    label="bank (pid 4242)";
    p4242_l16 [shape=ellipse, label="mutex g_accounts", color=red, fontcolor=red, penwidth=2];
    p4242_l32 [shape=ellipse, label="mutex g_ledger", color=red, fontcolor=red, penwidth=2];
    p4242_l48 [shape=ellipse, label="condition g_jobs"];
    p4242_t2 [shape=box, label="T2 \"teller\"\nmutex lock, 3.2s\ntransfer(int, int)\nbank.cpp:42", color=red, fontcolor=red, penwidth=2];
    p4242_t3 [shape=box, label="T3 \"auditor\"\nmutex lock, 3.1s\naudit()\nbank.cpp:63", color=red, fontcolor=red, penwidth=2];
    p4242_t4 [shape=box, label="2 threads: T4, T5\ncond wait, 11.5s\nJobs::take()\njobs.cpp:12"];
    p4242_l16 -> p4242_t2 [label="held by", color=red, fontcolor=red, penwidth=2];
    p4242_l32 -> p4242_t3 [label="held by", color=red, fontcolor=red, penwidth=2];
    p4242_t2 -> p4242_l32 [label="waits for", color=red, fontcolor=red, penwidth=2];
    p4242_t3 -> p4242_l16 [label="waits for", color=red, fontcolor=red, penwidth=2];
    p4242_t4 -> p4242_l48 [label="waits for"];
  }
}
)dot");
}

TEST(Dot, ThreadsThatOnlyWaitBehindADeadlockAreNotRed) {
    support::SnapshotBuilder bank;
    fill_bank(bank);
    bank.thread(6).waits_for(mutex(0x20, "g_ledger"));
    bank.thread(7).joins(6);
    const snapshot::Snapshot snapshot = bank.build();
    const auto document = render::dot(facts());
    document->add(snapshot, bank_analysis(snapshot, bank_findings()));

    EXPECT_THAT(document->text(), HasSubstr("p4242_t6 -> p4242_l32 [label=\"waits for\"];"));
    EXPECT_THAT(document->text(), HasSubstr("p4242_t7 -> p4242_t6 [label=\"waits for the end\"];"));
}

TEST(Dot, QuotesWhateverTheNames) {
    const std::string graph = of_hostile(render::dot(facts()));

    EXPECT_THAT(graph, HasSubstr(R"(<a&b>\"]]>')"));
    EXPECT_THAT(graph, Not(HasSubstr("\x01")));
}

}  // namespace
}  // namespace documents
