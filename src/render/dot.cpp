// SPDX-License-Identifier: Apache-2.0
//
// The wait-for graph for graphviz: threads are boxes, what they wait for is round; a thread points to what
// it waits for, and that to who has it. Deadlocks are red. Threads that wait for nothing and have nothing
// that others wait for are left out; those that look the same and own nothing are one box.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "analyze/frames.h"
#include "analyze/owner_index.h"
#include "render/document.h"
#include "render/groups.h"
#include "render/last_looks.h"
#include "render/render.h"
#include "render/stacks.h"
#include "render/words.h"

namespace render {

namespace {

using snapshot::Thread;

constexpr size_t kWidestLabel = 60;
constexpr size_t kMostOwners = 256;
constexpr char kRed[] = ", color=red, fontcolor=red, penwidth=2";

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

struct Graph {
    std::string title;
    std::set<std::string> nodes;
    std::set<std::string> edges;
};

/// The graph of one snapshot.
class Drawing {
public:
    Drawing(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis, bool full_stacks)
        : snapshot_(snapshot), owners_(snapshot), stacks_(snapshot, full_stacks) {
        for (const analyze::Finding& finding : analysis.findings) {
            const bool is_cycle =
                finding.verdict == analyze::Verdict::kDeadlock || finding.verdict == analyze::Verdict::kSelfDeadlock;
            for (const uint32_t id : finding.threads) {
                if (is_cycle) cycles_[id] = &finding;
            }
        }
    }

    Graph draw() {
        graph_.title = fmt::format("{} (pid {})", program_name(snapshot_.process), snapshot_.process.pid);
        std::vector<uint32_t> waiters;
        for (const Thread& thread : snapshot_.threads) {
            if (thread.finished || !waits(thread)) continue;
            waiters.push_back(thread.id);
            for (const analyze::Owner& owner : owners_of(thread)) own_.insert(owner.thread);
        }
        for (const Group& group : group_threads(snapshot_, stacks_, waiters)) draw(group);
        for (const uint32_t id : own_) {
            if (drawn_.count(id) == 0) draw_owner(id);
        }
        for (const auto& [lock, look] : locks_) add_node(lock, "ellipse", look.first, look.second);
        for (const auto& [hold, is_red] : held_) add_edge(hold.first, hold.second, "held by", is_red);
        return std::move(graph_);
    }

private:
    static bool waits(const Thread& thread) {
        return thread.wait && (thread.wait->object.address != 0 || thread.wait->joins ||
                               !thread.wait->members.empty() || !thread.wait->process_owners.empty());
    }

    std::vector<analyze::Owner> owners_of(const Thread& thread) const {
        std::vector<analyze::Owner> owners = owners_.owners_of_wait(thread);
        if (owners.size() > kMostOwners) owners.resize(kMostOwners);
        return owners;
    }

    std::string id(const std::string& kind, uint64_t number) const {
        return fmt::format("p{}_{}{}", snapshot_.process.pid, kind, number);
    }

    static std::string cut(const std::string& text) { return shortened(text, kWidestLabel); }

    std::string place_words(const Thread& thread) const {
        const auto frames = stacks_.shown(thread.stack);
        if (frames.empty()) return "";
        const snapshot::Frame& frame = frames.front();
        std::string words = "\n" + cut(frame_label(frame));
        if (!frame.file.empty())
            words += fmt::format("\n{}:{}", cut(printable(std::string(analyze::base_name(frame.file)))), frame.line);
        return words;
    }

    void add_node(const std::string& name, const std::string& shape, const std::string& label, bool is_red) {
        graph_.nodes.insert(fmt::format("{} [shape={}, label={}{}]", name, shape, quoted(label), is_red ? kRed : ""));
    }

    void add_edge(const std::string& from, const std::string& to, const std::string& label, bool is_red) {
        graph_.edges.insert(fmt::format("{} -> {} [label={}{}]", from, to, quoted(label), is_red ? kRed : ""));
    }

    void draw(const Group& group) {
        Group alike;
        for (const Thread* thread : group) {
            if (own_.count(thread->id) > 0 || cycles_.count(thread->id) > 0)
                draw_waiters({thread});
            else
                alike.push_back(thread);
        }
        // An idle pool may have a condition for each of its threads.
        std::map<uint64_t, Group> by_object;
        for (const Thread* thread : alike) by_object[thread->wait->object.address].push_back(thread);
        for (const auto& [address, threads] : by_object) draw_waiters(threads);
    }

    void draw_waiters(const Group& group) {
        const Thread& first = *group.front();
        const std::string node = id("t", first.id);
        const bool is_red = cycles_.count(first.id) > 0;
        const std::string who = group.size() == 1 ? thread_words(snapshot_, first.id)
                                                  : counted(group.size(), "thread") + ": " + thread_list(ids_of(group));
        for (const Thread* thread : group) drawn_.insert(thread->id);
        add_node(node, "box", who + "\n" + state_words(group) + place_words(first), is_red);
        if (first.wait->object.kind == snapshot::LockKind::kThread || !first.wait->members.empty()) {
            for (const analyze::Owner& owner : owners_of(first))
                add_edge(node, id("t", owner.thread), "waits for the end",
                         is_red && are_one_cycle(first.id, owner.thread));
            return;
        }
        draw_object(first, node, is_red);
    }

    /// Red where the chain goes through it: other waiters for the same lock are only behind it.
    void draw_object(const Thread& waiter, const std::string& node, bool is_red) {
        const snapshot::Object& object = waiter.wait->object;
        const std::string lock = id("l", object.address);
        const std::string detail = waiter.wait->detail.empty() ? "" : "\n" + cut(printable(waiter.wait->detail));
        locks_.try_emplace(lock, cut(short_object_words(object)) + detail, false);
        bool is_in_chain = false;
        for (const analyze::Owner& owner : owners_of(waiter)) {
            const bool closes = is_red && are_one_cycle(waiter.id, owner.thread);
            is_in_chain = is_in_chain || closes;
            bool& is_red_hold = held_[{lock, id("t", owner.thread)}];
            is_red_hold = is_red_hold || closes;
        }
        locks_[lock].second = locks_[lock].second || is_in_chain;
        add_edge(node, lock, "waits for", is_in_chain);
        for (const snapshot::ProcessOwner& owner : waiter.wait->process_owners) {
            const std::string process = id("p", owner.pid);
            add_node(process, "box", fmt::format("process {} {}", owner.pid, cut(printable(owner.command))), false);
            add_edge(lock, process, "held by", false);
        }
    }

    void draw_owner(uint32_t number) {
        const Thread* const thread = snapshot::find_thread(snapshot_, number);
        const std::string state = thread == nullptr ? "" : "\n" + state_words({thread}) + place_words(*thread);
        add_node(id("t", number), "box", thread_words(snapshot_, number) + state, cycles_.count(number) > 0);
    }

    bool are_one_cycle(uint32_t one, uint32_t other) const {
        const auto first = cycles_.find(one);
        const auto second = cycles_.find(other);
        return first != cycles_.end() && second != cycles_.end() && first->second == second->second;
    }

    const snapshot::Snapshot& snapshot_;
    const analyze::OwnerIndex owners_;
    const Stacks stacks_;
    std::map<uint32_t, const analyze::Finding*> cycles_;  ///< by thread
    std::set<uint32_t> own_;                              ///< threads that others wait for
    std::set<uint32_t> drawn_;
    std::map<std::string, std::pair<std::string, bool>> locks_;  ///< label, and whether a chain goes through
    std::map<std::pair<std::string, std::string>, bool> held_;   ///< by lock and owner: the same
    Graph graph_;
};

class Dot : public LastLooks<Graph> {
public:
    using LastLooks::LastLooks;

    std::string text() const override {
        std::string text = "digraph loiter {\n  rankdir=LR;\n  node [fontname=\"monospace\"];\n";
        size_t number = 0;
        for (const auto& [process, graph] : parts()) {
            if (graph.nodes.empty()) continue;
            text += fmt::format("  subgraph cluster_{} {{\n    label={};\n", number++, quoted(graph.title));
            for (const std::string& node : graph.nodes) text += "    " + node + ";\n";
            for (const std::string& edge : graph.edges) text += "    " + edge + ";\n";
            text += "  }\n";
        }
        return text + "}\n";
    }

protected:
    Graph look(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) const override {
        return Drawing(snapshot, analysis, facts().full_stacks).draw();
    }
};

}  // namespace

std::unique_ptr<Document> dot(const RunFacts& facts) {
    return std::make_unique<Dot>(facts);
}

}  // namespace render
