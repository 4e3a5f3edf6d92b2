#include "pg/controller.hpp"

#include "core/explain.hpp"
#include "pg/messages.hpp"
#include "pg/setting_origin.hpp"
#include "pg/settings.hpp"

#include <algorithm>

extern "C" {
#include <access/xlog.h>
#include <postmaster/bgwriter.h>
}

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t save_every = 600 * second;
constexpr std::int64_t limit_quiet = 3600 * second;
constexpr std::int64_t forget_after = 900 * second; // a failure, when nothing is to be changed

bool changes(const Decision &d) noexcept {
    return d.action == Action::Increase || d.action == Action::Decrease;
}
} // namespace

Controller::Controller(Worker &worker, uint32 wait_event)
    : worker_(worker), wait_event_(wait_event) {
    clock_.adjust();
    picture_.pid = MyProcPid;
    saved_at_ = clock_.monotonic();
    recall();
    publish();
}

// --- looking --------------------------------------------------------------------------------

std::chrono::milliseconds Controller::tick_interval() const {
    const std::int64_t tick = std::clamp(CheckPointTimeout * second / 10, 2 * second, 10 * second);
    return std::chrono::milliseconds(std::max<std::int64_t>(clock_.real(tick) / 1000, 1));
}

void Controller::reloaded() {
    clock_.adjust();
    messages::reloaded();
    settle_pending();
    picture_.standing = standing(picture_.environment);
    publish();
}

void Controller::tick() {
    const std::optional<Look> look = sampler_.look(clock_);
    if (!look) {
        if (!std::exchange(statistics_missing_, true))
            messages::no_statistics();
        return;
    }
    statistics_missing_ = false;
    picture_.checked_at = clock_.now();
    picture_.environment = look->environment;
    picture_.exact_causes = look->exact_causes;
    picture_.requested = look->requested;
    picture_.origin = origin_of_max_wal_size();
    picture_.standing = standing(look->environment);
    if (settings::off()) {
        last_.reset(); // what happens now is no part of any window
    } else {
        if (!last_)
            state_.restart_window();
        record_minute(look->sample);
        judge(*look);
        last_ = look->sample;
    }
    publish();
    if (!look->environment.in_recovery)
        recorder_.tick(clock_.monotonic());
    if (clock_.monotonic() - saved_at_ >= save_every)
        save();
}

Standing Controller::standing(const Environment &environment) const {
    if (settings::off())
        return Standing::Off;
    if (environment.in_recovery)
        return Standing::Standby;
    if (settings::advising())
        return Standing::Advising;
    if (beyond_files(picture_.origin))
        return Standing::Overridden;
    if (retry_at_ != 0)
        return pending_ ? Standing::NotTaken : Standing::WriteFailed;
    return Standing::Active;
}

// Where a change cannot work, the law only advises.
Config Controller::config() const {
    Config config = settings::law();
    const bool waits = retry_at_ != 0 && clock_.monotonic() < retry_at_;
    config.advise = config.advise || picture_.standing == Standing::Overridden || waits;
    return config;
}

void Controller::judge(const Look &look) {
    const Config law = config();
    const int before_mb = state_.known_mb;
    const Decision decision = step(law, look.environment, state_, look.sample);
    picture_.decision = decision;
    if (retry_at_ != 0 && clock_.monotonic() >= retry_at_ + forget_after && !changes(decision))
        forget_failure(); // nothing has been left to try again for long
    if (!last_)
        messages::baseline(look.sample);
    if (decision.reason == Reason::ExternalChange)
        note_external_change(decision, before_mb);
    announce(decision, law);
}

void Controller::record_minute(const Sample &sample) {
    if (!last_ || sample.lsn < last_->lsn || sample.fpi < last_->fpi)
        return;
    const std::int64_t minute = clock_.now() / (60 * second);
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    if (s.minutes.newest > minute + 60) // the clock was set back
        s.minutes = {};
    s.minutes.add(minute, static_cast<std::int64_t>(sample.lsn - last_->lsn),
                  sample.fpi - last_->fpi);
}

// --- acting ---------------------------------------------------------------------------------

void Controller::announce(const Decision &d, const Config &law) {
    warn_of_limit(d, law);
    if (d.action != Action::Skipped && d.action != Action::Hold)
        block_told_.reset();
    switch (d.action) {
    case Action::Increase:
    case Action::Decrease:
        if (d.apply)
            change(d);
        else
            advise(d);
        break;
    case Action::Capped:
        messages::at_maximum(d.current_mb);
        break;
    case Action::Skipped:
        if (block_told_ != d.reason || block_told_for_ != state_.last_change) {
            block_told_ = d.reason;
            block_told_for_ = state_.last_change;
            messages::blocked(d, settings::max_changes_per_hour);
            add_event(EventKind::Skipped, d.current_mb, d.current_mb, d);
        }
        break;
    case Action::Hold:
        break;
    }
}

void Controller::advise(const Decision &d) {
    if (picture_.standing == Standing::WriteFailed || picture_.standing == Standing::NotTaken)
        return; // that was told when it failed
    if (picture_.standing != Standing::Overridden)
        messages::dry_run(d.current_mb, d);
    else if (!std::exchange(override_told_, true))
        messages::overridden(picture_.origin.source, d.target_mb);
    add_event(EventKind::DryRun, d.current_mb, d.target_mb, d);
}

// Once for each limit that begins to bind. A demand that hovers around it, or a quiet night, is no
// new beginning; that takes limit_quiet without it.
void Controller::warn_of_limit(const Decision &d, const Config &law) {
    const bool bound = d.action == Action::Capped || (d.action == Action::Increase && limited(d));
    if (!bound) {
        if (clock_.monotonic() - limit_bound_at_ >= limit_quiet)
            limit_told_ = Limit::None;
        return;
    }
    limit_bound_at_ = clock_.monotonic();
    if (limit_told_ == d.limit && (d.limit != Limit::Max || cap_told_ == d.cap_mb))
        return; // free space changes all the time
    limit_told_ = d.limit;
    cap_told_ = d.cap_mb;
    messages::capped(d, unbind(d, law, picture_.environment));
    if (d.action == Action::Capped)
        add_event(EventKind::Capped, d.current_mb, d.current_mb, d);
}

void Controller::note_external_change(const Decision &d, int before_mb) {
    forget_failure(); // the file has been changed since
    messages::changed_by_others(before_mb, d.current_mb);
    add_event(EventKind::External, before_mb, d.current_mb, d);
}

// --- telling --------------------------------------------------------------------------------

void Controller::add_event(EventKind kind, int old_mb, int new_mb, const Decision &d,
                           int sqlstate) {
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    const std::int64_t id = ++s.last_event;
    s.events[id % Shared::ring] = {
        id, clock_.now(), kind, old_mb, new_mb, picture_.environment.timeout_us, d, sqlstate};
}

std::int64_t Controller::wall(std::int64_t monotonic) const {
    return monotonic == 0 ? 0 : clock_.now() - (clock_.monotonic() - monotonic);
}

void Controller::publish() {
    const std::int64_t cooldown = settings::cooldown_sec * second;
    picture_.retry_at = retry_at_ == 0 ? 0 : wall(retry_at_);
    picture_.cooldown_until =
        state_.last_change == 0 || cooldown == 0 ? 0 : wall(state_.last_change + cooldown);
    picture_.hour_began = state_.changes.empty() ? 0 : wall(state_.changes.front());
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    s.picture = picture_;
}
} // namespace pgcrew::walrus
