// SPDX-License-Identifier: Apache-2.0
#include "symbolize/name_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "symbolize/file.h"
#include "symbolize/symbolize.h"

namespace symbolize {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "loiter-names-1\n";
constexpr std::string_view kSuffix = ".names";

/// FNV-1a, 64 bits.
uint64_t hash_of(std::string_view bytes) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    return hash;
}

class Writer {
public:
    template <typename Number>
    void number(Number value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void text(std::string_view value) {
        number(static_cast<uint32_t>(value.size()));
        bytes_ += value;
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

/// Takes from the front; once something is missing, all that follows is.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    template <typename Number>
    Number number() {
        Number value{};
        is_good_ = is_good_ && rest_.size() >= sizeof(value);
        if (!is_good_) return {};
        std::memcpy(&value, rest_.data(), sizeof(value));
        rest_.remove_prefix(sizeof(value));
        return value;
    }
    std::string text() {
        const auto length = number<uint32_t>();
        is_good_ = is_good_ && rest_.size() >= length;
        if (!is_good_) return {};
        std::string value(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return value;
    }
    bool is_good() const { return is_good_; }
    bool is_at_end() const { return is_good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool is_good_ = true;
};

std::string written(const Names& names) {
    Writer writer;
    writer.number(static_cast<uint64_t>(names.places.size()));
    for (const auto& [address, places] : names.places) {
        writer.number(address);
        writer.number(static_cast<uint32_t>(places.size()));
        for (const Place& place : places) {
            writer.text(place.function);
            writer.text(place.file);
            writer.number(static_cast<int32_t>(place.line));
            writer.number(static_cast<uint8_t>(place.inlined));
        }
    }
    writer.number(static_cast<uint64_t>(names.objects.size()));
    for (const auto& [which, name] : names.objects) {
        writer.number(which.first);
        writer.number(which.second);
        writer.text(name);
    }
    return writer.bytes();
}

std::optional<Names> parsed(std::string_view bytes) {
    Reader reader(bytes);
    Names names;
    for (uint64_t left = reader.number<uint64_t>(); left > 0 && reader.is_good(); --left) {
        const auto address = reader.number<uint64_t>();
        std::vector<Place> places;
        for (auto calls = reader.number<uint32_t>(); calls > 0 && reader.is_good(); --calls) {
            Place& place = places.emplace_back();
            place.function = reader.text();
            place.file = reader.text();
            place.line = reader.number<int32_t>();
            place.inlined = reader.number<uint8_t>() != 0;
        }
        names.places.emplace(address, std::move(places));
    }
    for (uint64_t left = reader.number<uint64_t>(); left > 0 && reader.is_good(); --left) {
        const auto address = reader.number<uint64_t>();
        const auto size = reader.number<uint64_t>();
        names.objects.emplace(std::pair(address, size), reader.text());
    }
    return reader.is_at_end() ? std::optional(std::move(names)) : std::nullopt;
}

/// Empty: there is none, or no file of this user's.
std::string content_of(const std::string& path) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW), path);
    struct stat status = {};
    if (!file.is_open() || fstat(file.descriptor(), &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_uid != geteuid() || static_cast<uint64_t>(status.st_size) > NameCache::kMaxFileBytes) {
        return "";
    }
    std::string bytes(static_cast<size_t>(status.st_size), '\0');
    const ssize_t got = pread(file.descriptor(), bytes.data(), bytes.size(), 0);
    return got == static_cast<ssize_t>(bytes.size()) ? bytes : "";
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
        if (done <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(done));
    }
    return true;
}

void add_witness(const std::string& path, std::string& witness) {
    struct stat status = {};
    witness += path +
               (stat(path.c_str(), &status) != 0
                    ? " -"
                    : " " + std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
                          std::to_string(status.st_mtim.tv_nsec)) +
               "\n";
}

/// The module, and where its debug file is looked for: see ModuleFiles.
std::vector<std::string> files_of(const ModuleIdentity& identity) {
    const std::string& path = identity.path;
    const size_t slash = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
    std::vector<std::string> files;
    for (const std::string& root : {std::string(), identity.root}) {
        files.push_back(root + path);
        files.push_back(root + path + ".debug");
        files.push_back(root + path.substr(0, slash) + ".debug/" + path.substr(slash) + ".debug");
        files.push_back(root + "/usr/lib/debug" + path + ".debug");
        if (identity.build_id.size() > 2)  // what was linked without one has none
            files.push_back(root + "/usr/lib/debug/.build-id/" + identity.build_id.substr(0, 2) + "/" +
                            identity.build_id.substr(2) + ".debug");
        if (identity.root.empty()) break;
    }
    return files;
}

bool is_hex(const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

NameCache::NameCache(std::string folder, std::string version)
    : folder_(std::move(folder)), version_(std::move(version)) {}

std::string NameCache::path_of(const ModuleIdentity& identity) const {
    constexpr size_t kShortest = 8;
    constexpr size_t kLongest = 128;
    const std::string& id = identity.build_id;
    const bool is_usable = !folder_.empty() && id.size() >= kShortest && id.size() <= kLongest && is_hex(id);
    return is_usable ? folder_ + "/" + id + std::string(kSuffix) : "";
}

uint64_t NameCache::witness(const ModuleIdentity& identity) const {
    std::string witness = version_ + "\n";
    for (const std::string& file : files_of(identity)) add_witness(file, witness);
    return hash_of(witness);
}

std::optional<Names> NameCache::load(const ModuleIdentity& identity, uint64_t witness) const {
    const std::string path = path_of(identity);
    const std::string bytes = path.empty() ? "" : content_of(path);
    if (!bytes.starts_with(kMagic)) return std::nullopt;
    Reader head(std::string_view(bytes).substr(kMagic.size()));
    const auto witnessed = head.number<uint64_t>();
    const auto checksum = head.number<uint64_t>();
    if (!head.is_good() || witnessed != witness) return std::nullopt;
    const std::string_view payload = std::string_view(bytes).substr(kMagic.size() + 2 * sizeof(uint64_t));
    return checksum == hash_of(payload) ? parsed(payload) : std::nullopt;
}

void NameCache::save(const ModuleIdentity& identity, const Names& names, uint64_t witness) const {
    const std::string path = path_of(identity);
    if (path.empty() || !prepare_folder()) return;
    const std::string payload = written(names);
    Writer head;
    head.number(witness);
    head.number(hash_of(payload));
    if (kMagic.size() + head.bytes().size() + payload.size() > kMaxFileBytes) return;
    std::string beside = path + ".XXXXXX";
    const File file(mkostemp(beside.data(), O_CLOEXEC), beside);
    if (!file.is_open()) return;
    const bool is_written = write_all(file.descriptor(), kMagic) && write_all(file.descriptor(), head.bytes()) &&
                            write_all(file.descriptor(), payload);
    if (!is_written || rename(beside.c_str(), path.c_str()) != 0) unlink(beside.c_str());
    make_room();
}

bool NameCache::prepare_folder() const {
    struct stat status = {};
    std::error_code error;
    fs::create_directories(fs::path(folder_).parent_path(), error);
    mkdir(folder_.c_str(), 0700);
    return lstat(folder_.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

/// Oldest first, what other commands left half done among them.
void NameCache::make_room() const {
    struct Kept {
        fs::file_time_type written;
        uint64_t bytes;
        fs::path path;
    };
    std::vector<Kept> files;
    uint64_t together = 0;
    std::error_code error;
    for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().filename().string().find(kSuffix) == std::string::npos) continue;
        std::error_code gone;
        const uint64_t bytes = entry->file_size(gone);
        const fs::file_time_type written = entry->last_write_time(gone);
        if (gone) continue;
        files.push_back({written, bytes, entry->path()});
        together += bytes;
    }
    std::sort(files.begin(), files.end(),
              [](const Kept& one, const Kept& other) { return one.written < other.written; });
    for (const Kept& file : files) {
        if (together <= kMaxFolderBytes) break;
        if (fs::remove(file.path, error)) together -= file.bytes;
    }
}

std::string default_cache_folder() {
    const char* const chosen = std::getenv("XDG_CACHE_HOME");
    const char* const home = std::getenv("HOME");
    const bool is_chosen = chosen != nullptr && *chosen == '/';
    if (!is_chosen && (home == nullptr || *home != '/')) return "";
    // With sudo, HOME may be another user's, who could not change there what we leave.
    struct stat status = {};
    const char* const owner = is_chosen ? chosen : home;
    if (stat(owner, &status) == 0 && status.st_uid != geteuid()) return "";
    return is_chosen ? std::string(chosen) + "/loiter" : std::string(home) + "/.cache/loiter";
}

}  // namespace symbolize
