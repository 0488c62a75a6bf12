// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "read/calls/waits.h"
#include "read/kernel/proc.h"
#include "read/observed_process.h"
#include "read/owners/follow_owners.h"
#include "read/read.h"
#include "read/records/head.h"
#include "read/records/identity.h"
#include "read/records/source.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"
#include "read/take_snapshot.h"

namespace reader {

using protocol::ProcessRecord;

namespace {

template <typename Field>
Field read_field(const Source& source, size_t offset) {
    Field field{};
    read_value(source, offset, field);
    return field;
}

template <typename Field>
void write_field(Source& source, size_t offset, Field field) {
    source.write(offset, &field, sizeof(field));
}

std::unique_ptr<ProcessRecord> head_of(const Source& source, const Layout& layout) {
    auto head = std::make_unique<ProcessRecord>();
    copy_head(source, layout, *head);
    return head;
}

}  // namespace

const char* const kExecNotePrefix = protocol::kExecNotePrefix;
const char* const kExecNoteKinds = protocol::kExecNoteKinds;
const char* const kSpawnNoteKinds = protocol::kSpawnNoteKinds;

struct Recording::State {
    /// `name` is what messages call the recording; `known_pid`: see Identity.
    State(std::unique_ptr<Source> bytes, const std::string& name, uint32_t known_pid)
        : source(std::move(bytes)),
          layout(check_head(*source, name)),
          head(head_of(*source, layout)),
          identity(*head, known_pid) {}

    std::unique_ptr<Source> source;
    Layout layout;
    std::unique_ptr<ProcessRecord> head;  ///< as it was when opened: for what never changes
    Identity identity;
};

Recording::Recording(std::unique_ptr<State> state, std::string path)
    : state_(std::move(state)), path_(std::move(path)) {}
Recording::Recording(Recording&& other) noexcept = default;
Recording& Recording::operator=(Recording&& other) noexcept = default;
Recording::~Recording() = default;

Recording Recording::open(const std::string& path) {
    return Recording(std::make_unique<State>(open_file(path), path, 0), path);
}

Recording Recording::of_process(uint32_t pid) {
    ObservedProcess found = find_observed_process(pid);
    return Recording(std::make_unique<State>(std::move(found.source), found.path, pid), std::move(found.path));
}

uint64_t Recording::nonce() const {
    return state_->head->nonce;
}
uint32_t Recording::pid() const {
    return state_->identity.pid();
}
std::string Recording::exe() const {
    return exe_of(*state_->head);
}
std::vector<std::string> Recording::command() const {
    return command_of(*state_->head);
}

uint32_t Recording::run() const {
    return state_->head->run;
}

bool Recording::is_live() const {
    return state_->identity.runs();
}
bool Recording::is_replaced() const {
    return state_->identity.fate(*state_->source) == Fate::kReplaced;
}

Phase Recording::phase() const {
    switch (read_field<protocol::Phase>(*state_->source, offsetof(ProcessRecord, phase))) {
        case protocol::Phase::kRunning: return Phase::kRunning;
        case protocol::Phase::kEnding: return Phase::kEnding;
        case protocol::Phase::kWaiting: return Phase::kWaiting;
        case protocol::Phase::kDone: return Phase::kDone;
    }
    return Phase::kRunning;
}

int Recording::report_signal() const {
    constexpr uint32_t kLastSignal = 64;
    const auto signal = read_field<uint32_t>(*state_->source, offsetof(ProcessRecord, report_signal));
    return signal <= kLastSignal ? static_cast<int>(signal) : 0;
}

bool Recording::has_left_report_signal() const {
    return read_field<uint32_t>(*state_->source, offsetof(ProcessRecord, in_report_signal)) == 0;
}

bool Recording::ended() const {
    return phase() != Phase::kRunning;
}

std::vector<OldWait> Recording::old_waits(double seconds) const {
    const auto head = std::make_unique<ProcessRecord>();
    copy_head(*state_->source, state_->layout, *head);
    const Times times{monotonic_now(), false};
    std::vector<OldWait> waits;
    for (const ThreadCopy& thread : ThreadRecords(*state_->source, state_->layout, false).copy_all(*head)) {
        if (thread.torn || thread.is(protocol::kLifeFinished) || !is_blocking(thread.wait)) continue;
        if (times.since(thread.wait.since_ns).value_or(0) >= seconds)
            waits.push_back({thread.number, thread.wait.serial});
    }
    return waits;
}

std::optional<int> Recording::status_in_grace() const {
    const Source& source = *state_->source;
    const auto end = read_field<protocol::End>(source, offsetof(ProcessRecord, end));
    const auto status = read_field<int32_t>(source, offsetof(ProcessRecord, status));
    const bool has_grace = phase() == Phase::kEnding || phase() == Phase::kWaiting;
    if (!has_grace || end == protocol::End::kNone || end == protocol::End::kExec || status < 0) return std::nullopt;
    return W_EXITCODE(status & 0xff, 0);
}

void Recording::end_grace() {
    write_field(*state_->source, offsetof(ProcessRecord, grace_over), uint32_t{1});
}

uint32_t Recording::executed_out_of_reach() const {
    return read_field<uint32_t>(*state_->source, offsetof(ProcessRecord, exec_notes_lost));
}

void Recording::answer_seen() {
    write_field(*state_->source, offsetof(ProcessRecord, answer), protocol::Answer::kSeen);
}

void Recording::answer_done() {
    write_field(*state_->source, offsetof(ProcessRecord, answer), protocol::Answer::kDone);
}

bool Recording::is_answered() const {
    return read_field<protocol::Answer>(*state_->source, offsetof(ProcessRecord, answer)) == protocol::Answer::kDone;
}

void Recording::note_wait_status(int wait_status) {
    Source& source = *state_->source;
    if (read_field<uint64_t>(source, offsetof(ProcessRecord, ended_ns)) == 0) {
        write_field(source, offsetof(ProcessRecord, ended_ns), monotonic_now());
    }
    write_field(source, offsetof(ProcessRecord, wait_status), static_cast<int32_t>(wait_status));
    write_field(source, offsetof(ProcessRecord, has_wait_status), uint32_t{1});
}

void Recording::compact() {
    if (state_->identity.fate(*state_->source) == Fate::kRuns) return;
    copy_head(*state_->source, state_->layout, *state_->head);
    state_->source->cut(bytes_in_use(state_->layout, *state_->head));
}

snapshot::Snapshot Recording::take_snapshot(snapshot::Reason reason, LookOptions options) const {
    snapshot::Snapshot snapshot =
        reader::take_snapshot(*state_->source, state_->layout, state_->identity, reason, options);
    if (options.follow_owners && state_->identity.runs()) follow_owners(snapshot);
    return snapshot;
}

std::vector<RecordingRoom> recording_rooms() {
    const auto whole_chunks = [](uint64_t bytes) {
        return (bytes + protocol::kChunkBytes - 1) / protocol::kChunkBytes * protocol::kChunkBytes;
    };
    std::vector<RecordingRoom> rooms;
    for (const protocol::Capacity& capacity : protocol::kCapacities) {
        const uint64_t bytes = protocol::kHeadBytes +
                               whole_chunks(uint64_t{capacity.threads} * sizeof(protocol::ThreadRecord)) +
                               whole_chunks(capacity.stack_bytes) +
                               whole_chunks(uint64_t{capacity.modules} * sizeof(protocol::ModuleRecord));
        rooms.push_back({capacity.threads, bytes, bytes * protocol::kAddressSpaceShare});
    }
    return rooms;
}

}  // namespace reader
