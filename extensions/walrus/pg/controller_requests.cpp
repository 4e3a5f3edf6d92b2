// What the worker does for sessions.
#include "pg/controller.hpp"
#include "pg/messages.hpp"

extern "C" {
#include <access/xlog.h>
}

namespace pgcrew::walrus {

void Controller::serve_requests() {
    for (int i = 0; i < Shared::slots; ++i) {
        const Request request = next_request();
        if (request == Request::None)
            return;
        const Answer given = serve(request);
        publish();
        answer(given);
    }
}

Answer Controller::serve(Request request) {
    switch (request) {
    case Request::Apply:
        return serve_apply();
    case Request::Restore:
        return serve_restore();
    case Request::Reset:
        return serve_reset();
    case Request::None:
        break;
    }
    return {Outcome::Nothing, 0, {}, {}, 0, 0};
}

namespace {
Answer refusal(SqlState state, std::string message, std::string hint) {
    return {Outcome::Refused, state.packed(),  std::move(message),
            std::move(hint),  max_wal_size_mb, max_wal_size_mb};
}
Answer nothing(std::string message) {
    return {Outcome::Nothing, 0, std::move(message), {}, max_wal_size_mb, max_wal_size_mb};
}
Answer failure(SqlState state, std::string message, std::string hint) {
    return {Outcome::Failed, state.packed(),  std::move(message),
            std::move(hint), max_wal_size_mb, max_wal_size_mb};
}
Answer not_taken() {
    return failure(sqlstate::object_not_in_prerequisite_state,
                   "the server did not take the new max_wal_size",
                   "See pg_file_settings for errors in the configuration files.");
}
} // namespace

// What is recommended, at once: neither the cooldown nor the hourly limit counts.
Answer Controller::serve_apply() {
    const SqlState refused = sqlstate::object_not_in_prerequisite_state;
    switch (standing(picture_.environment)) {
    case Standing::Off:
        return refusal(refused, "walrus is switched off",
                       "Set walrus.enable = on and walrus.mode = auto.");
    case Standing::Advising:
        return refusal(refused, "walrus only advises",
                       "Set walrus.mode = auto and walrus.dry_run = off.");
    case Standing::Standby:
        return refusal(refused, "walrus only advises during recovery", {});
    case Standing::Overridden:
        return refusal(refused, "max_wal_size is out of reach of ALTER SYSTEM",
                       "Its value comes from the command line.");
    case Standing::Active:
    case Standing::WriteFailed:
    case Standing::NotTaken:
        break;
    }
    Decision d = picture_.decision;
    const int old_mb = max_wal_size_mb;
    if (d.demand == 0 || d.recommended_mb == 0)
        return nothing("there is no recommendation yet");
    if (d.recommended_mb == old_mb)
        return nothing("max_wal_size is as recommended");
    d.current_mb = old_mb;
    d.target_mb = d.recommended_mb;
    d.action = d.target_mb > old_mb ? Action::Increase : Action::Decrease;
    if (change(d))
        return {Outcome::Done, 0, {}, {}, old_mb, d.target_mb};
    if (pending_)
        return not_taken();
    return failure(SqlState(picture_.failure.sqlstate), picture_.failure.message, {});
}

Answer Controller::serve_restore() {
    if (!picture_.original.known)
        return nothing("walrus has not changed max_wal_size");
    const int old_mb = max_wal_size_mb;
    const int to_mb = picture_.original.was_set ? picture_.original.size_mb : 0;
    if (const auto error = write(to_mb))
        return failure(error->state, error->message.value_or(""), {});
    if (!wait_until_in_force(to_mb))
        return not_taken();
    picture_.original = {};
    forget_failure();
    state_.restart_window();
    state_.known_mb = max_wal_size_mb;
    state_.last_change = clock_.monotonic();
    state_.advised_mb = 0;
    messages::restored(old_mb, max_wal_size_mb);
    add_event(EventKind::Restored, old_mb, max_wal_size_mb, picture_.decision);
    save();
    return {Outcome::Done, 0, {}, {}, old_mb, max_wal_size_mb};
}

// Forgets what was learned; the original value and the events stay.
Answer Controller::serve_reset() {
    state_ = {};
    last_.reset();
    limit_told_ = Limit::None;
    block_told_.reset();
    picture_.decision = {};
    picture_.total_adjustments = 0;
    picture_.adjusted_at = 0;
    {
        Shared &s = *shared();
        const LockGuard guard(&s.lock, LW_EXCLUSIVE);
        s.minutes = {};
    }
    messages::reset();
    add_event(EventKind::Reset, max_wal_size_mb, max_wal_size_mb, picture_.decision);
    save();
    return {Outcome::Done, 0, {}, {}, max_wal_size_mb, max_wal_size_mb};
}
} // namespace pgcrew::walrus
