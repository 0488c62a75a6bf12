// SPDX-License-Identifier: Apache-2.0
#include "launch/directory_watch.h"

#include <sys/inotify.h>

#include <cstring>

namespace launch {
namespace {

void add(const inotify_event& event, DirectoryWatch::News& news) {
    if (event.mask & IN_Q_OVERFLOW) news.lost = true;
    if (event.len == 0) return;
    const std::string name(event.name, strnlen(event.name, event.len));
    if (event.mask & (IN_CREATE | IN_MOVED_TO)) news.appeared.push_back(name);
    if (event.mask & IN_ATTRIB) news.touched.push_back(name);
}

}  // namespace

DirectoryWatch::DirectoryWatch(const std::string& directory) : descriptor_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (inotify_add_watch(descriptor_.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0) {
        descriptor_ = FileDescriptor();
    }
}

DirectoryWatch::News DirectoryWatch::news() {
    News news;
    news.lost = !descriptor_.is_open();
    alignas(inotify_event) char buffer[16 * 1024];
    ssize_t size = 0;
    while ((size = read(descriptor_.get(), buffer, sizeof buffer)) > 0) {
        for (ssize_t offset = 0; offset + static_cast<ssize_t>(sizeof(inotify_event)) <= size;) {
            const auto& event = *reinterpret_cast<const inotify_event*>(buffer + offset);
            add(event, news);
            offset += static_cast<ssize_t>(sizeof(inotify_event) + event.len);
        }
    }
    return news;
}

}  // namespace launch
