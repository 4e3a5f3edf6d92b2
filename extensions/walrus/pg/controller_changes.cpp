// How a decision becomes the server's setting, and what happens when it does not.
#include "pg/alter_system.hpp"
#include "pg/controller.hpp"
#include "pg/messages.hpp"
#include "pg/setting_origin.hpp"

#include <algorithm>

extern "C" {
#include <access/xlog.h>
}

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t taken_within = 5 * second; // a reload takes effect
constexpr std::int64_t first_retry = 10 * second, last_retry = 900 * second;
} // namespace

// Kept on disk before the first change: restore() must survive a crash right after it.
void Controller::remember_original() {
    if (picture_.original.known)
        return;
    picture_.original = {true, set_by_alter_system(picture_.origin), max_wal_size_mb};
    save();
}

bool Controller::change(const Decision &d) {
    const int old_mb = max_wal_size_mb;
    remember_original();
    if (const auto error = write(d.target_mb)) {
        failed(d, *error);
        return false;
    }
    if (!wait_until_in_force(d.target_mb)) {
        pending_ = d;
        if (worker_.stop_requested())
            return false; // whether the server takes it is for the next worker to see
        if (picture_.standing != Standing::NotTaken) {
            messages::not_taken(d.target_mb, max_wal_size_mb);
            add_event(EventKind::Ignored, old_mb, d.target_mb, d);
        }
        back_off(Standing::NotTaken, d);
        return false;
    }
    succeeded(d, old_mb);
    return true;
}

std::optional<ServerErrorData> Controller::write(int mb) {
    try {
        if (mb == 0)
            remove_max_wal_size();
        else
            write_max_wal_size(mb);
    } catch (const std::exception &) {
        return describe_current_exception();
    }
    reload_configuration();
    return std::nullopt;
}

void Controller::failed(const Decision &d, const ServerErrorData &error) {
    const bool news = picture_.failure.sqlstate != error.state.packed();
    picture_.failure.sqlstate = error.state.packed();
    put_text(picture_.failure.message, error.message.value_or(""));
    if (news) {
        messages::write_failed(error, d.target_mb);
        add_event(EventKind::Failed, max_wal_size_mb, d.target_mb, d, error.state.packed());
    }
    pending_.reset();
    back_off(Standing::WriteFailed, d);
}

// Meanwhile the worker hears of reloads, as always.
bool Controller::wait_until_in_force(int mb) {
    const SystemClock real;
    const std::int64_t deadline = real.monotonic() + taken_within;
    const auto in_force = [&] {
        return mb == 0 ? !set_by_alter_system(origin_of_max_wal_size()) : max_wal_size_mb == mb;
    };
    while (!in_force() && !worker_.stop_requested()) {
        const std::int64_t rest = deadline - real.monotonic();
        if (rest <= 0)
            break;
        if (worker_.wait(std::chrono::milliseconds(rest / 1000 + 1), wait_event_) ==
            Worker::Wake::Reload)
            clock_.adjust();
    }
    return in_force();
}

void Controller::succeeded(const Decision &d, int old_mb) {
    applied(state_, d, clock_.monotonic());
    forget_failure();
    picture_.adjusted_at = clock_.now();
    ++picture_.total_adjustments;
    picture_.origin = origin_of_max_wal_size();
    picture_.environment.current_mb = max_wal_size_mb;
    const bool capped = d.action == Action::Increase && limited(d);
    if (d.action == Action::Increase)
        messages::resized(old_mb, d);
    else
        messages::shrunk(old_mb, d);
    add_event(capped                         ? EventKind::Capped
              : d.action == Action::Increase ? EventKind::Increase
                                             : EventKind::Decrease,
              old_mb, d.target_mb, d);
}

void Controller::forget_failure() {
    retries_ = 0;
    retry_at_ = 0;
    pending_.reset();
    picture_.failure = {};
    picture_.standing = standing(picture_.environment);
}

// Meanwhile what was decided is advice.
void Controller::back_off(Standing standing, const Decision &d) {
    picture_.standing = standing;
    retry_at_ = clock_.monotonic() + std::min(last_retry, first_retry << std::min(retries_, 10));
    ++retries_;
    state_.advised_mb = d.target_mb;
    state_.advised_at = clock_.monotonic();
}

// A value that was written, and not taken then, came into force with a later reload: it is ours.
void Controller::settle_pending() {
    if (pending_ && max_wal_size_mb == pending_->target_mb) {
        const Decision d = *pending_;
        succeeded(d, d.current_mb);
    }
}
} // namespace pgcrew::walrus
