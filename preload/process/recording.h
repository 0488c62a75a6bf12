// SPDX-License-Identifier: Apache-2.0
//
// The mapped file of this process. Until it exists (before the first thread, in plain preload) the
// main thread writes to a record in our own memory, which is copied when it comes.
#pragma once

#include <cstdint>

#include "preload/ours.h"
#include "preload/process/environment.h"
#include "protocol/layout.h"

namespace preload {

/// Null until the recording exists. Never unmapped: threads run on after our end.
OURS extern protocol::ProcessRecord* process;

/// What the head says of the process beside what the kernel tells.
struct RecordingRequest {
    const char* directory;  ///< where to make it; empty: the usual places
    uint64_t started_ns;    ///< when the process began, as far as we know
    const Command& command;
    uint32_t run;  ///< as ProcessRecord::run
};

/// Makes the recording; `process` is set on success. False: no room, no right, no folder.
/// Not reentrant: the caller lets one thread in once. errno untouched.
bool make_recording(const RecordingRequest& request);

/// After fork: the recording is the parent's. Puts private memory in its place, so that a wrapper
/// the fork interrupted scribbles nowhere, and forgets it.
void abandon_recording();

/// The head of a recording in the folder of the run, for what is counted past this process: its own, or, in a child of
/// fork that has none there (another user, another root), that of the last ancestor that had. Null: there is none.
protocol::ProcessRecord* head_in_run_folder();

/// Path of the recording; empty without a file.
const char* recording_path();

/// It outlives a clean end: somebody named the folder that it is in. (Or there is no file to remove.)
bool is_recording_kept();

/// Makes the second page of the head usable (ProcessRecord::foreign_unlocks), which most processes
/// never touch. False: no room, and the notes must not be touched. Idempotent, from any thread.
bool open_notes();
/// It is usable already.
bool has_notes();

/// Makes a range of the recording usable before it is touched: on a full filesystem a store would be
/// SIGBUS. False: no room.
bool commit(uint64_t offset, uint64_t bytes);

/// Elements of the regions; null when `index` lies beyond what is committed.
protocol::ThreadRecord* thread_slot(uint32_t index);
protocol::ModuleRecord* module_slot(uint32_t index);
/// Number of elements handed out so far.
uint32_t thread_slot_count();
uint32_t module_count();

/// Takes `bytes` (a multiple of 8) from an append-only region and commits them. Returns the offset
/// within the region, or UINT64_MAX when it is full or memory is out.
uint64_t take(protocol::RegionKind kind, uint64_t bytes);
/// Address of `offset` in a region.
void* region_address(protocol::RegionKind kind, uint64_t offset);

}  // namespace preload
