// SPDX-License-Identifier: Apache-2.0
#include "launch/launch.h"

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>

#include "launch/descriptor_limit.h"
#include "launch/job_control.h"
#include "launch/process_tree.h"
#include "launch/program_file.h"
#include "launch/program_start.h"
#include "launch/run_directory.h"
#include "launch/run_mark.h"
#include "launch/signal_source.h"
#include "launch/started_processes.h"

namespace launch {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kSafetyPoll{200};    ///< for what no event tells: the ends of CMD's children
constexpr milliseconds kShortestWatch{50};  ///< between two looks for waits that are too old
constexpr milliseconds kLongestWatch{1000};
constexpr milliseconds kTermToKill{2000};
constexpr int kMostLooks = 20;         // for new processes, of which each look finds those that the last one missed
constexpr milliseconds kLastLook{50};  ///< for processes that the same signal as CMD ended
constexpr milliseconds kTargetWaits{1000};  ///< a process at its end waits so long to be seen
constexpr milliseconds kStopPoll{20};       ///< while it is not known whether CMD stays stopped
constexpr int kUnknownStatus = 125;         ///< as where this command itself fails

/// A handler of the process' own, not the default action, awaits the signal.
bool catches(pid_t pid, int signal) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("SigCgt:")) continue;
        return (std::strtoull(line.c_str() + std::strlen("SigCgt:"), nullptr, 16) >> (signal - 1) & 1) != 0;
    }
    return false;
}

/// One program on its way from its start to its end.
class Run {
public:
    Run(const Request& request, const OnLastReports& on_last_reports, ProcessTree& tree, SignalSource& signals,
        StartedProcesses& all, pid_t pid)
        : request_(request),
          on_last_reports_(on_last_reports),
          tree_(tree),
          signals_(signals),
          all_(all),
          pid_(pid),
          started_(Clock::now()),
          jobs_(pid, request.timeout ? std::optional(started_ + *request.timeout) : std::nullopt) {
        tree_.set_root(pid);
    }

    Result follow();

private:
    void wait_for_events(milliseconds at_most);
    void take_signals();
    void act_on(const Arrived& arrived);
    void reap();
    void stop_along();
    void look_for_loss();
    bool has_ended() const { return wait_status_ || is_lost_; }
    void watch();
    void expire();
    void finish_others();
    Result result() const;

    const Request& request_;
    const OnLastReports& on_last_reports_;
    ProcessTree& tree_;
    SignalSource& signals_;
    StartedProcesses& all_;
    pid_t pid_;
    Clock::time_point started_;
    Clock::time_point last_look_ = started_;
    Clock::time_point next_watch_ = started_;
    bool told_to_end_ = false;
    bool expired_ = false;
    std::optional<int> wait_status_;
    bool is_lost_ = false;  ///< it has ended, and nobody knows how
    JobControl jobs_;
};

/// Waits older than --watch says: now, and when to look again.
void Run::watch() {
    if (!request_.watch || Clock::now() < next_watch_ || has_ended()) return;
    tree_.report_overdue(std::chrono::duration<double>(*request_.watch).count());
    next_watch_ = Clock::now() + std::clamp(*request_.watch / 4, kShortestWatch, kLongestWatch);
}

void Run::wait_for_events(milliseconds at_most) {
    pollfd descriptors[] = {{signals_.descriptor(), POLLIN, 0}, {tree_.descriptor(), POLLIN, 0}};
    const auto to_next_look = std::chrono::ceil<milliseconds>(last_look_ + kSafetyPoll - Clock::now());
    const auto wait =
        std::clamp(std::min(at_most, to_next_look), milliseconds{0}, jobs_.is_undecided() ? kStopPoll : kSafetyPoll);
    poll(descriptors, std::size(descriptors), static_cast<int>(wait.count()));
    take_signals();
    stop_along();
    if (Clock::now() < last_look_ + kSafetyPoll && !has_ended()) {
        tree_.look_at_news();
    } else {
        reap();
        look_for_loss();
        tree_.look_at_all();
        last_look_ = Clock::now();
    }
}

void Run::take_signals() {
    while (const auto arrived = signals_.next()) {
        if (arrived->signal == SIGCHLD) {
            reap();
        } else if (!has_ended()) {
            act_on(*arrived);
        }
    }
    jobs_.forget_news();
}

void Run::act_on(const Arrived& arrived) {
    switch (arrived.signal) {
        case SIGUSR1:
            tree_.report_live(snapshot::Reason::kSignal);
            if (catches(pid_, arrived.signal)) pass_on(arrived, pid_);
            return;
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
            jobs_.note_told_to_stop();
            reap();
            if (jobs_.is_undecided()) return;  // it was told as well
            break;
        case SIGCONT:
            reap();
            if (jobs_.goes_on()) return;
            break;
        case SIGTERM:
        case SIGINT:
        case SIGQUIT:
        case SIGHUP:
            if (!told_to_end_ && !expired_) {
                tree_.report_before_killing();
                reap();
                tree_.look_at_all();  // what was killed meanwhile is reported as well
                on_last_reports_();
            }
            told_to_end_ = true;
            break;
        default: break;
    }
    if (arrived.is_for_program && !has_ended() && arrived.sender != pid_) pass_on(arrived, pid_);
}

/// Takes every child: as process 1 of a container this command inherits orphans.
void Run::reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0;) {
        if (pid == pid_) jobs_.note(status);
        if (pid != pid_ || (!WIFEXITED(status) && !WIFSIGNALED(status))) continue;
        wait_status_ = tree_.note_root_end(status);
    }
}

/// What makes this command go on is passed on.
void Run::stop_along() {
    if (!jobs_.is_time_to_stop() || expired_) return;
    reap();
    if (jobs_.is_undecided() && !has_ended()) jobs_.stop_along();
}

/// Without this, what took CMD's status in our place would have us wait for ever.
void Run::look_for_loss() {
    siginfo_t info = {};
    if (wait_status_ || waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0) return;
    is_lost_ = errno == ECHILD;
}

/// The time is up: report, ask to end, insist.
void Run::expire() {
    expired_ = true;
    tree_.report_live(snapshot::Reason::kTimeout);
    tree_.fall_silent();
    on_last_reports_();
    all_.look(tree_.live());
    kill(pid_, SIGTERM);
    all_.signal(SIGTERM);
    const auto patience_ends = Clock::now() + kTermToKill;
    while ((!has_ended() || tree_.any_live() || all_.any_live()) && Clock::now() < patience_ends) {
        wait_for_events(std::chrono::ceil<milliseconds>(patience_ends - Clock::now()));
    }
    // One that is stopped makes no more processes, so a last look misses none that another one makes meanwhile.
    int looks = 0;
    do {
        if (!has_ended()) kill(pid_, SIGSTOP);
        all_.signal(SIGSTOP);
    } while (all_.look(tree_.live()) && ++looks < kMostLooks);
    if (!has_ended()) kill(pid_, SIGKILL);
    all_.signal(SIGKILL);
    while (!has_ended()) wait_for_events(kSafetyPoll);
}

/// Processes that CMD leaves behind may take as long to finish as its threads may. Those that are at their
/// end then are served; what lives on is reported as it is, and left alone.
void Run::finish_others() {
    const bool nobody_asks = expired_ || told_to_end_ || !request_.children;
    const auto grace_ends = Clock::now() + (nobody_asks ? kLastLook : std::max(request_.grace, kLastLook));
    while ((tree_.any_live() || (!nobody_asks && tree_.any_newcomer())) && Clock::now() < grace_ends)
        wait_for_events(kLastLook);
    const auto until = Clock::now() + request_.grace + kTargetWaits;
    while (tree_.any_ending() && Clock::now() < until) wait_for_events(kLastLook);
    if (!nobody_asks) tree_.report_left_running();
}

Result Run::follow() {
    while (!has_ended()) {
        milliseconds wait = kSafetyPoll;
        if (request_.timeout) {
            wait = std::chrono::ceil<milliseconds>(started_ + *request_.timeout - Clock::now());
            // A program that has ended is not late: its leftover threads have had their time.
            const bool is_ending = wait <= milliseconds{0} && wait > -kTargetWaits && tree_.end_root_grace();
            if (wait <= milliseconds{0} && !is_ending) {
                expire();
                break;
            }
            if (is_ending) wait = kShortestWatch;
        }
        wait_for_events(wait);
        watch();
    }
    finish_others();
    return result();
}

Result Run::result() const {
    Result result;
    if (expired_) {
        result.outcome = Outcome::kTimedOut;
    } else if (!wait_status_) {
        result.status = kUnknownStatus;
        result.error = "has ended, but its exit status was lost";
    } else if (WIFSIGNALED(*wait_status_)) {
        result.outcome = Outcome::kSignalled;
        result.status = WTERMSIG(*wait_status_);
    } else {
        result.status = WEXITSTATUS(*wait_status_);
    }
    result.observed = tree_.root_observed();
    return result;
}

Result not_started(int error) {
    Result result;
    result.outcome = error == ENOENT || error == ENOTDIR ? Outcome::kNotFound : Outcome::kCannotExecute;
    result.error = std::strerror(error);
    return result;
}

/// Why CMD left no readable recording.
std::string guess_why(const Request& request, const RunDirectory& directory, const std::string& reader_error) {
    // Also where it left a recording, and then executed what leaves none: the launcher of Valgrind.
    std::string obstacle = why_not_observable(request.command[0], request.library);
    if (directory.path().empty()) return "no folder for its recording could be made in /dev/shm, $TMPDIR or /tmp";
    if (!obstacle.empty()) return obstacle;
    if (!reader_error.empty()) return reader_error;
    return "it left no recording in " + directory.path() + ": the library was not loaded, or found no room there";
}

}  // namespace

Result run(const Request& request, const OnSnapshot& on_snapshot, const OnLastReports& on_last_reports) {
    const DescriptorLimit descriptors;
    SignalSource signals;
    const RunDirectory directory(request.keep_directory);
    const RunMark mark = make_run_mark(request.grace);
    ProcessTree tree(directory, mark, on_snapshot, request.children);
    const bool observes = can_preload(request.library) && !directory.path().empty();
    const Started started =
        start_program(request.command,
                      observes ? observed_environment(request.library, directory.path(), mark.variable) : environment(),
                      signals, descriptors);
    StartedProcesses all(started.pid, mark.variable);
    Result result = started.error != 0 ? not_started(started.error)
                                       : Run(request, on_last_reports, tree, signals, all, started.pid).follow();
    if (started.error == 0 && !result.observed) {
        result.why_not_observed = guess_why(request, directory, tree.root_error());
    }
    std::vector<Unobserved> unobserved = tree.unobserved();
    if (request.children) result.unobserved = std::move(unobserved);
    tree.remove_unwanted();
    directory.remove_if_empty();
    return result;
}

}  // namespace launch
