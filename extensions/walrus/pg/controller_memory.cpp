// What the controller remembers across restarts.
#include "pg/controller.hpp"
#include "pg/state_file.hpp"

#include <algorithm>

namespace pgcrew::walrus {

void Controller::save() {
    Remembered r;
    if (picture_.original.known)
        r.original = {picture_.original.was_set, picture_.original.size_mb};
    r.learning_since = wall(state_.peaks.since);
    for (const Peak &peak : state_.peaks.closed)
        r.peaks.push_back({wall(peak.at), peak.bytes});
    Shared &s = *shared();
    r.replay_rate = static_cast<std::int64_t>(pg_atomic_read_u64(&s.replay_rate));
    {
        const LockGuard guard(&s.lock, LW_SHARED);
        r.minutes = s.minutes;
    }
    save_state(r);
    saved_at_ = clock_.monotonic();
}

void Controller::recall() {
    const Remembered r = load_state();
    if (r.original)
        picture_.original = {true, r.original->was_set, r.original->size_mb};
    const std::int64_t ago = clock_.monotonic() - clock_.now();
    if (r.learning_since != 0)
        state_.peaks.since = std::min(r.learning_since + ago, clock_.monotonic());
    for (const Peak &peak : r.peaks)
        state_.peaks.closed.push_back({std::min(peak.at + ago, clock_.monotonic()), peak.bytes});
    Shared &s = *shared();
    if (pg_atomic_read_u64(&s.replay_rate) == 0)
        pg_atomic_write_u64(&s.replay_rate, static_cast<uint64>(r.replay_rate));
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    if (s.minutes.newest < r.minutes.newest)
        s.minutes = r.minutes;
}
} // namespace pgcrew::walrus
