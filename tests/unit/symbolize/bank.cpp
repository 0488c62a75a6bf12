// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/symbolize/bank.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

#include <cctype>
#include <fstream>

namespace bank {

namespace {

using Record = void (*)(const char* name, const void* address);

/// What the library that is being visited says.
std::map<std::string, uint64_t>* g_visited = nullptr;
uint64_t g_bias = 0;

void record(const char* name, const void* address) {
    (*g_visited)[name] = reinterpret_cast<uint64_t>(address) - g_bias;
}

}  // namespace

std::filesystem::path built(const std::string& file) {
    return std::filesystem::path(BANK_FOLDER) / file;
}

Folder::Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "symbolize_test.XXXXXX").string();
    path_ = mkdtemp(name.data()) ? name : "";
    EXPECT_FALSE(path_.empty());
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string Folder::put(const std::string& file, const std::string& place) const {
    const std::filesystem::path target = path_ / place;
    std::filesystem::create_directories(target.parent_path());
    std::filesystem::copy_file(built(file), target);
    return target.string();
}

Library::Library(const std::string& file) {
    void* const handle = dlopen(built(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        ADD_FAILURE() << dlerror();
        return;
    }
    link_map* map = nullptr;
    dlinfo(handle, RTLD_DI_LINKMAP, &map);
    g_bias = map->l_addr;
    g_visited = &sites;
    reinterpret_cast<void (*)(Record)>(dlsym(handle, "bank_visit_code"))(record);
    g_visited = &objects;
    reinterpret_cast<void (*)(Record)>(dlsym(handle, "bank_visit_objects"))(record);
    dlclose(handle);
}

snapshot::Snapshot with_frame(const std::string& module, const std::string& build_id, uint64_t offset) {
    snapshot::Frame frame;
    frame.module = module;
    frame.build_id = build_id;
    frame.offset = offset;
    frame.address = 0x7f0000000000 + offset;
    snapshot::Snapshot snapshot;
    snapshot.stacks.push_back({.frames = {frame}});
    return snapshot;
}

snapshot::Snapshot with_mutex(const std::string& module, const std::string& build_id, uint64_t address) {
    constexpr uint64_t kBias = 0x7f0000000000;
    snapshot::Hold hold;
    hold.lock = {snapshot::LockKind::kMutex, kBias + address, ""};
    snapshot::Thread thread;
    thread.id = 1;
    thread.holds.push_back(hold);
    snapshot::Snapshot snapshot;
    snapshot.modules.push_back({module, build_id, kBias, kBias, kBias + 0x1000000});
    snapshot.threads.push_back(thread);
    return snapshot;
}

std::vector<std::string> shown(const snapshot::Stack& stack) {
    std::vector<std::string> lines;
    for (const snapshot::Frame& frame : stack.frames) {
        std::string line = (frame.inlined ? "inlined " : "") + frame.function;
        if (!frame.file.empty()) line += " " + frame.file + ":" + std::to_string(frame.line);
        lines.push_back(line);
    }
    return lines;
}

std::vector<std::string> named_frames(snapshot::Snapshot snapshot, symbolize::Options options) {
    symbolize::Symbolizer(options).name(snapshot);
    return shown(snapshot.stacks.at(1));
}

std::string named_mutex(snapshot::Snapshot snapshot) {
    symbolize::Symbolizer().name(snapshot);
    return snapshot.threads.at(0).holds.at(0).lock.name;
}

std::string build_name(const testing::TestParamInfo<const char*>& build) {
    std::string name = std::filesystem::path(build.param).stem().string();
    const size_t underscore = name.find('_');
    name.erase(underscore, 1);
    name[underscore] = static_cast<char>(std::toupper(name[underscore]));
    return name;
}

std::string marked(const std::string& site) {
    for (const char* file : {"bank_target.cpp", "bank_target_c.c"}) {
        const std::string path = std::string(BANK_SOURCES) + "/" + file;
        std::ifstream source(path);
        int number = 1;
        for (std::string line; std::getline(source, line); ++number) {
            if (line.ends_with("// at " + site)) return path + ":" + std::to_string(number);
        }
    }
    ADD_FAILURE() << "no line is marked " << site;
    return "";
}

void overwrite(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace bank
