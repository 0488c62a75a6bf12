// SPDX-License-Identifier: Apache-2.0
#include "text_file.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace command {

std::string text_of_file(const std::string& path, uint64_t most_mebibytes) {
    const auto refuse = [&path](const std::string& why) { throw std::runtime_error(path + " cannot be read: " + why); };
    if (path.empty()) throw std::runtime_error("a file without a name cannot be read");
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) refuse("it is a folder");
    std::ifstream file(path, std::ios::binary);
    if (!file) refuse(std::strerror(errno));
    std::string text;
    for (char block[1 << 16]; file.read(block, sizeof(block)) || file.gcount() > 0;) {
        text.append(block, static_cast<size_t>(file.gcount()));
        if (text.size() > most_mebibytes << 20) refuse("it is larger than " + std::to_string(most_mebibytes) + " MiB");
    }
    if (file.bad()) refuse(std::strerror(errno));
    return text;
}

int open_for_writing(const std::string& path, int how) {
    return open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
}

}  // namespace command
