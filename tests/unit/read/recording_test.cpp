// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "read/read.h"
#include "recording_writer.h"

namespace reader_test {
namespace {

using reader::Error;
using reader::Phase;
using reader::Recording;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

std::string refusal_of(const std::string& path) {
    return message_of([&] { Recording::open(path); });
}

void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream(path) << bytes;
}

TEST(Recording, TellsWhoWroteIt) {
    RecordingWriter writer;
    std::strcpy(writer.head().exe, "/srv/bank");
    writer.command({"./bank", "--fast", ""});

    const Recording recording = Recording::open(writer.path());

    EXPECT_EQ(recording.path(), writer.path());
    EXPECT_EQ(recording.nonce(), RecordingWriter::kNonce);
    EXPECT_EQ(recording.pid(), kDeadPid);
    EXPECT_EQ(recording.exe(), "/srv/bank");
    EXPECT_EQ(recording.command(), (std::vector<std::string>{"./bank", "--fast", ""}));
    EXPECT_FALSE(recording.is_live());
    EXPECT_FALSE(recording.is_replaced());
}

TEST(Recording, OutlivesItsNameAndIsMoved) {
    RecordingWriter writer;
    Recording opened = Recording::open(writer.path());
    unlink(writer.path().c_str());

    Recording moved = std::move(opened);
    Recording assigned = std::move(moved);

    EXPECT_EQ(assigned.nonce(), RecordingWriter::kNonce);
    EXPECT_EQ(assigned.take_snapshot(snapshot::Reason::kPostMortem).process.pid, kDeadPid);
}

TEST(Recording, FollowsThePhasesOfTheEnd) {
    RecordingWriter writer;
    const Recording recording = Recording::open(writer.path());
    const std::pair<protocol::Phase, Phase> phases[] = {{protocol::Phase::kRunning, Phase::kRunning},
                                                        {protocol::Phase::kEnding, Phase::kEnding},
                                                        {protocol::Phase::kWaiting, Phase::kWaiting},
                                                        {protocol::Phase::kDone, Phase::kDone},
                                                        {static_cast<protocol::Phase>(77), Phase::kRunning}};
    for (const auto& [written, expected] : phases) {
        writer.head().phase = written;
        EXPECT_EQ(recording.phase(), expected);
        EXPECT_EQ(recording.ended(), expected != Phase::kRunning);
    }
}

TEST(Recording, AnswersTheWaitingTarget) {
    RecordingWriter writer;
    Recording recording = Recording::open(writer.path());

    recording.answer_seen();
    EXPECT_EQ(writer.head().answer.load(), protocol::Answer::kSeen);
    recording.answer_done();
    EXPECT_EQ(writer.head().answer.load(), protocol::Answer::kDone);
}

TEST(Recording, KeepsTheWaitStatusForLaterReaders) {
    RecordingWriter writer;
    {
        Recording recording = Recording::open(writer.path());
        recording.note_wait_status(9);
    }
    EXPECT_EQ(writer.head().wait_status.load(), 9);
    EXPECT_EQ(writer.head().has_wait_status.load(), 1U);
    EXPECT_NE(writer.head().ended_ns.load(), 0U);

    const snapshot::Process process =
        Recording::open(writer.path()).take_snapshot(snapshot::Reason::kPostMortem).process;
    EXPECT_EQ(process.end, snapshot::End::kSignal);
    EXPECT_EQ(process.status, 137);
}

TEST(Recording, DoesNotMoveAnEndThatTheTargetNoted) {
    RecordingWriter writer;
    writer.head().ended_ns = 77 * kSecond;
    Recording::open(writer.path()).note_wait_status(0);
    EXPECT_EQ(writer.head().ended_ns.load(), 77 * kSecond);
}

TEST(Recording, IsReadableWithoutTheRightToWrite) {
    if (!OtherUser::is_possible()) GTEST_SKIP() << "takes root, to be another user for a while";
    RecordingWriter writer;
    chmod(writer.folder().c_str(), 0755);
    chmod(writer.path().c_str(), 0400);
    ASSERT_EQ(chown(writer.path().c_str(), OtherUser::kNobody, OtherUser::kNobody), 0);
    const OtherUser nobody;

    Recording recording = Recording::open(writer.path());
    recording.answer_seen();

    EXPECT_EQ(recording.nonce(), RecordingWriter::kNonce);
    EXPECT_EQ(writer.head().answer.load(), protocol::Answer::kNone);
}

TEST(Recording, KeepsAllThatIsInUseWhenCompacted) {
    RecordingWriter writer;
    const uint32_t stack = writer.stack({0x1001, 0x1002});
    writer.module("/bin/bank", 0x1000, 0x2000);
    RecordingWriter::wait(writer.start_thread(1), protocol::WaitKind::kMutex, 0x77, 11 * kSecond, stack);
    const snapshot::Snapshot before = Recording::open(writer.path()).take_snapshot(snapshot::Reason::kPostMortem);
    const auto size_before = std::filesystem::file_size(writer.path());

    Recording::open(writer.path()).compact();

    EXPECT_LT(std::filesystem::file_size(writer.path()), size_before);
    const snapshot::Snapshot after = Recording::open(writer.path()).take_snapshot(snapshot::Reason::kPostMortem);
    ASSERT_EQ(after.threads.size(), 1U);
    EXPECT_EQ(after.stacks.at(after.threads[0].stack).frames.at(1).module, "/bin/bank");
    EXPECT_EQ(after.stacks.size(), before.stacks.size());
    EXPECT_EQ(after.modules.size(), 1U);
}

TEST(Recording, OfAProcessThatNeverBlockedIsItsHead) {
    RecordingWriter writer;
    Recording::open(writer.path()).compact();
    EXPECT_EQ(std::filesystem::file_size(writer.path()), protocol::kHeadBytes);
    EXPECT_TRUE(Recording::open(writer.path()).take_snapshot(snapshot::Reason::kPostMortem).threads.empty());
}

TEST(Refusal, NamesWhatIsThereInsteadOfARecording) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/it";

    EXPECT_EQ(refusal_of(path), path + ": there is no such file");
    write_file(path, "");
    EXPECT_EQ(refusal_of(path), path + " is empty, so it is not a recording");
    write_file(path, "short");
    EXPECT_EQ(refusal_of(path), path + " is not a recording: it is too short");
    write_file(path, std::string(10000, 'x'));
    EXPECT_EQ(refusal_of(path), path + " is not a recording");
    write_file(path, std::string(10000, '\0'));
    EXPECT_THAT(refusal_of(path), HasSubstr("is not a recording yet"));
    EXPECT_THAT(refusal_of(folder.path()), HasSubstr("is a folder"));
    EXPECT_THAT(refusal_of("/dev/null"), HasSubstr("no regular file"));
    unlink(path.c_str());
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(refusal_of(path), HasSubstr("no regular file"));
}

TEST(Refusal, FollowsNoSymbolicLink) {
    RecordingWriter writer;
    const std::string link = writer.folder() + "/link";
    ASSERT_EQ(symlink(writer.path().c_str(), link.c_str()), 0);
    EXPECT_EQ(refusal_of(link), link + " is a symbolic link; name the recording itself");
}

TEST(Refusal, OfOtherUsersRecordings) {
    if (!OtherUser::is_possible()) GTEST_SKIP() << "takes root, to be another user for a while";
    RecordingWriter writer;
    chmod(writer.folder().c_str(), 0755);
    chmod(writer.path().c_str(), 0666);
    const OtherUser nobody;
    EXPECT_EQ(refusal_of(writer.path()), writer.path() + " belongs to another user (0); run as that user or as root");
}

TEST(Refusal, OfFilesThatMayNotBeRead) {
    if (!OtherUser::is_possible()) GTEST_SKIP() << "takes root, to be another user for a while";
    RecordingWriter writer;
    chmod(writer.folder().c_str(), 0755);
    chmod(writer.path().c_str(), 0);
    ASSERT_EQ(chown(writer.path().c_str(), OtherUser::kNobody, OtherUser::kNobody), 0);
    const OtherUser nobody;
    EXPECT_EQ(refusal_of(writer.path()), writer.path() + ": no right to read it; run as its owner or as root");
}

TEST(Refusal, NamesBothVersions) {
    RecordingWriter writer;
    writer.head().version = 2;
    EXPECT_EQ(refusal_of(writer.path()),
              writer.path() +
                  " was recorded by another version (recording version 2, this command reads 1); use the loiter that "
                  "came with its library");
}

TEST(Refusal, OfAHeadThatContradictsItself) {
    const std::function<void(protocol::ProcessRecord&)> breaks[] = {
        [](auto& head) { head.size = 16; },
        [](auto& head) { head.thread_record_size = 8; },
        [](auto& head) { head.thread_record_size = 1U << 20; },
        [](auto& head) { head.module_record_size = 0; },
        [](auto& head) { head.regions[protocol::kThreads].stride = 0; },
        [](auto& head) { head.regions[protocol::kThreads].stride = UINT32_MAX; },
        [](auto& head) { head.regions[protocol::kStacks].stride = 0; },
        [](auto& head) { head.regions[protocol::kThreads].offset = UINT64_MAX - 4095; },
        [](auto& head) { head.regions[protocol::kStacks].bytes = UINT64_MAX; }};
    for (const auto& break_it : breaks) {
        RecordingWriter writer;
        break_it(writer.head());
        EXPECT_THAT(refusal_of(writer.path()), HasSubstr("is damaged"));
    }
}

TEST(Refusal, OfAFileThatIsCutShortAtAnyPlace) {
    RecordingWriter writer;
    const uint32_t stack = writer.stack({0x1001, 0x1002});
    writer.module("/bin/bank", 0x1000, 0x2000);
    RecordingWriter::wait(writer.start_thread(2), protocol::WaitKind::kMutex, 0x77, 11 * kSecond, stack);
    const uint64_t last_byte = writer.head().regions[protocol::kModules].offset + sizeof(protocol::ModuleRecord);

    for (uint64_t size = (writer.bytes() - 1) / 512 * 512; size > 0; size -= 512) {
        ASSERT_EQ(truncate(writer.path().c_str(), static_cast<off_t>(size)), 0);
        if (size >= last_byte) {
            EXPECT_EQ(Recording::open(writer.path()).take_snapshot(snapshot::Reason::kDump).threads.size(), 1U) << size;
        } else {
            EXPECT_THAT(refusal_of(writer.path()), HasSubstr("is cut short")) << size;
        }
    }
}

TEST(Refusal, OfProcessesThatHaveNoRecording) {
    EXPECT_EQ(message_of([] { Recording::of_process(kDeadPid); }), "there is no process 4100000000");
    EXPECT_EQ(message_of([] { Recording::of_process(0); }), "there is no process 0");
    const auto self = static_cast<uint32_t>(getpid());
    EXPECT_THAT(message_of([&] { Recording::of_process(self); }), HasSubstr("is not observed"));
    EXPECT_FALSE(reader::is_observed(self));
    EXPECT_TRUE(reader::process_exists(self));
    EXPECT_FALSE(reader::process_exists(kDeadPid));
}

}  // namespace
}  // namespace reader_test
