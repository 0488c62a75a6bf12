// SPDX-License-Identifier: Apache-2.0
//
// The bank libraries as a process that has them loaded would be recorded.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "snapshot/snapshot.h"
#include "symbolize/symbolize.h"

namespace bank {

/// Where the build put the libraries and debug files.
std::filesystem::path built(const std::string& file);

/// A folder of the running test's own, gone with this object.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }

    /// Copies a built file to `place` below this folder; its new path.
    std::string put(const std::string& file, const std::string& place) const;

private:
    std::filesystem::path path_;
};

/// One of the built libraries, loaded: return addresses of its sites and addresses of its objects, as ELF addresses.
struct Library {
    explicit Library(const std::string& file);

    std::map<std::string, uint64_t> sites;
    std::map<std::string, uint64_t> objects;  ///< by expected name
};

inline constexpr const char* kIdO0 = "00000000000000000000000000000000000000a0";
inline constexpr const char* kIdO2 = "00000000000000000000000000000000000000a2";

inline const std::string kDeposit = "bank::Account::deposit(int, void (*)(char const*, void const*))";

/// Puts these bytes in the place of the file.
void overwrite(const std::filesystem::path& path, const std::string& bytes);

/// A snapshot with one stack of one frame, a return address.
snapshot::Snapshot with_frame(const std::string& module, const std::string& build_id, uint64_t offset);

/// A snapshot of one thread that holds one mutex at `address` of the module.
snapshot::Snapshot with_mutex(const std::string& module, const std::string& build_id, uint64_t address);

/// "bank::outer(void (*)(char const*, void const*)) /src/bank.cpp:7"; inlined calls begin with "inlined ".
std::vector<std::string> shown(const snapshot::Stack& stack);

/// The frames of the one stack, named by a new symbolizer.
std::vector<std::string> named_frames(snapshot::Snapshot snapshot, symbolize::Options options = {});

/// The name of the one mutex, by a new symbolizer.
std::string named_mutex(snapshot::Snapshot snapshot);

/// "bank_o2.so" as the name of a test: "bankO2".
std::string build_name(const testing::TestParamInfo<const char*>& build);

/// "FILE:LINE" of the line with the mark "at <site>".
std::string marked(const std::string& site);

}  // namespace bank
