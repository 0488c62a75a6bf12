// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/texts.h"

#include <string.h>

#include <new>

namespace preload {

using protocol::LockName;
using protocol::TextHeader;

namespace {

constexpr uint64_t kIdUnit = 8;

template <typename Entry>
Entry* entry_at(uint32_t id) {
    return static_cast<Entry*>(region_address(protocol::kStacks, uint64_t{id} * kIdUnit));
}

/// FNV-1a.
uint32_t hash_of(const char* text, uint32_t bytes) {
    uint32_t hash = 2166136261U;
    for (uint32_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<unsigned char>(text[i])) * 16777619U;
    return hash;
}

/// Id of room for an entry; 0: there is none.
uint32_t take_room(uint64_t bytes) {
    if (process->text_count.load(std::memory_order_relaxed) >= protocol::kMaxTexts) return 0;
    process->text_count.fetch_add(1, std::memory_order_relaxed);
    const uint64_t offset = take(protocol::kStacks, (bytes + kIdUnit - 1) / kIdUnit * kIdUnit);
    return offset == UINT64_MAX ? 0 : static_cast<uint32_t>(offset / kIdUnit);
}

/// Makes a filled entry the first of its bucket.
void publish(std::atomic<uint32_t>& bucket, uint32_t id, uint32_t& next) {
    uint32_t first = bucket.load(std::memory_order_relaxed);
    do {
        next = first;
        // Release pairs with the acquire of who looks through the bucket: it sees the entry filled.
    } while (!bucket.compare_exchange_weak(first, id, std::memory_order_release, std::memory_order_relaxed));
}

LockName* find_name(uint64_t address) {
    const uint32_t index = protocol::table_index(address, protocol::kTextBuckets);
    uint32_t id = process->lock_names[index].load(std::memory_order_acquire);
    for (; id != 0; id = entry_at<LockName>(id)->next) {
        LockName* const name = entry_at<LockName>(id);
        if (name->address == address) return name;
    }
    return nullptr;
}

}  // namespace

namespace detail {

constinit bool any_lock_named = false;

void forget_name(uint64_t address) {
    // A forked child may have no recording of its own yet, or one without names.
    if (process == nullptr || !open_notes()) return;
    if (LockName* const name = find_name(address)) name->text.store(0, std::memory_order_relaxed);
}

}  // namespace detail

uint32_t text_id(const char* text) {
    if (text == nullptr || text[0] == '\0' || process == nullptr || !open_notes()) return 0;
    const auto bytes = static_cast<uint32_t>(strnlen(text, protocol::kMaxTextBytes));
    const uint32_t hash = hash_of(text, bytes);
    std::atomic<uint32_t>& bucket = process->texts[hash % protocol::kTextBuckets];
    for (uint32_t id = bucket.load(std::memory_order_acquire); id != 0; id = entry_at<TextHeader>(id)->next) {
        const TextHeader* const known = entry_at<TextHeader>(id);
        if (known->hash == hash && known->bytes == bytes && memcmp(known + 1, text, bytes) == 0) return id;
    }
    const uint32_t id = take_room(sizeof(TextHeader) + bytes + 1);
    if (id == 0) return 0;
    auto* const made = new (entry_at<TextHeader>(id)) TextHeader{protocol::kTextMark, bytes, 0, hash};
    auto* const copy = reinterpret_cast<char*>(made + 1);
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    publish(bucket, id, made->next);
    return id;
}

const char* text_of(uint32_t id) {
    return id == 0 || process == nullptr ? nullptr : reinterpret_cast<const char*>(entry_at<TextHeader>(id) + 1);
}

bool name_lock(uint64_t address, uint32_t text) {
    if (process == nullptr || !open_notes()) return false;
    if (LockName* const name = find_name(address)) {
        name->text.store(text, std::memory_order_relaxed);
        return true;
    }
    if (text == 0) return true;
    const uint32_t id = take_room(sizeof(LockName));
    if (id == 0) return false;
    auto* const made = new (entry_at<LockName>(id)) LockName{protocol::kLockNameMark, 0, address, {text}, 0};
    publish(process->lock_names[protocol::table_index(address, protocol::kTextBuckets)], id, made->next);
    detail::any_lock_named = true;
    return true;
}

}  // namespace preload
