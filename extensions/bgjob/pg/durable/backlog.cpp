#include "pg/durable/backlog.hpp"

#include <algorithm>
#include <chrono>

extern "C" {
#include <utils/syscache.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t read_at_once = 64;
// In one round and group, for jobs of other roles behind those that have no room.
constexpr int look_ahead = 250;
constexpr int64 check_when_busy_us = 1'000'000;
constexpr int64 check_when_idle_us = 5'000'000;
// Dead entries that somebody's old snapshot holds can make a check long: it takes at most this
// part of the time.
constexpr int64 check_part = 50;

std::int64_t steady_us() noexcept {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

bool contains(const std::vector<JobId> &sorted, JobId id) noexcept {
    return std::binary_search(sorted.begin(), sorted.end(), id);
}

// Whether it is new.
bool remember(std::vector<DueJob> &jobs, const DueJob &job) {
    if (std::any_of(jobs.begin(), jobs.end(),
                    [&](const DueJob &known) { return known.place.id == job.place.id; }))
        return false;
    jobs.push_back(job);
    return true;
}

bool role_exists(Oid role) {
    return call([&] { return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)); });
}

DuePlace just_before(const DuePlace &place) noexcept { return {place.due_at, place.id - 1}; }

} // namespace

void Backlog::lower_marks(TimestampTz to) {
    look_for_groups_ = true;
    const DuePlace place{to, PG_INT64_MIN};
    for (auto &[key, group] : groups_) {
        group.mark = std::min(group.mark, place);
        group.idle_until = std::min(group.idle_until, to);
    }
}

void Backlog::note_tickets(const TicketsInUse &used) {
    room_.clear();
    for (auto &[id, state] : queues_)
        state.running = 0;
    for (const TicketsInUse::Ring &ring : used.rings) {
        room_[ring.role] = crew_tickets - ring.tickets;
        given_[ring.role]; // somebody has to take them
    }
    const auto note = [this](const std::vector<Ticket> &tickets, std::vector<JobId> &ids) {
        ids.clear();
        for (const Ticket &ticket : tickets) {
            ids.push_back(ticket.job);
            ++state_of(queue_of_id(ticket.queue)).running;
        }
        std::sort(ids.begin(), ids.end());
    };
    note(used.in_hands, in_hands_);
    note(used.in_rings, in_rings_);
}

// The tickets are looked at before the table: a job that ends in between is in neither.
void Backlog::begin_round(Oid database) {
    outcome_ = {};
    given_.clear();
    note_tickets(tickets_in_use(database));
    now_ = GetCurrentTimestamp();
    clock_ = steady_us();
    busy_ |= !in_hands_.empty() || !in_rings_.empty();
    outcome_.more = !in_rings_.empty();
    outcome_.in_use = !in_hands_.empty();
    // The end of one and the begin of another look alike, but the ring says that.
    const std::size_t in_use = in_hands_.size() + (in_rings_.size() << 16);
    outcome_.changed = std::exchange(in_use_, in_use) != in_use;
}

Backlog::QueueState &Backlog::state_of(const Queue &queue) {
    const auto known = queues_.find(queue.id);
    if (known == queues_.end())
        return queues_.emplace(queue.id, QueueState{queue.options, {queue.options, steady_us()}, 0})
            .first->second;
    QueueState &state = known->second;
    if (state.options != queue.options)
        state = {queue.options, {queue.options, steady_us()}, state.running};
    return state;
}

// Calls use(job) for the jobs between two places, at most so many, until it says false. True if
// that was all of them.
template <class F>
bool Backlog::walk(const DueGroup &key, DuePlace after, DuePlace to, int most, F use) {
    for (;;) {
        const std::vector<DueJob> found = jobs_->between(key, after, to, read_at_once);
        seen_ |= !found.empty();
        for (const DueJob &job : found) {
            if (most-- == 0 || !use(job))
                return false;
            after = job.place;
        }
        if (found.size() < read_at_once)
            return true;
        check_for_interrupts();
    }
}

Backlog::Handed Backlog::hand(const DueJob &job, const Queue &queue) {
    if (!job.may_run || contains(in_rings_, job.place.id))
        return Handed::Known;
    if (contains(in_hands_, job.place.id))
        return Handed::InHands;
    if (!role_exists(job.role)) {
        orphans_.push_back(job.place.id);
        return Handed::Known;
    }
    int &room = room_.try_emplace(job.role, crew_tickets).first->second;
    if (room == 0)
        return Handed::NoRoom;
    QueueState &state = state_of(queue);
    const Admitted admitted = state.limiter.admit(state.running, clock_);
    if (admitted.jobs == 0) {
        if (admitted.retry_at != TokenBucket::never)
            outcome_.next_at =
                std::min(outcome_.next_at, now_ + std::max<int64>(admitted.retry_at - clock_, 0));
        return Handed::NotAllowed;
    }
    --room;
    ++state.running;
    in_rings_.insert(std::upper_bound(in_rings_.begin(), in_rings_.end(), job.place.id),
                     job.place.id);
    given_[job.role].push_back({job.place.id, queue.id, static_cast<int16>(queue.options.group),
                                queue.options.concurrency > 0, job.workflow});
    return Handed::Yes;
}

// Those before the mark whose roles have room now. False: the queue allows no more.
bool Backlog::serve_left(const DueGroup &key, Group &group, const Queue &queue) {
    for (auto left = group.left.begin(); left != group.left.end();) {
        auto &[role, after] = *left;
        if (room_.try_emplace(role, crew_tickets).first->second == 0) {
            ++left;
            continue;
        }
        Handed last = Handed::Yes;
        DuePlace &place = after;
        const bool all = after >= group.mark ||
                         walk(key, after, group.mark, INT_MAX, [&, r = role](const DueJob &job) {
                             if (job.role == r)
                                 last = hand(job, queue);
                             const bool more = last <= Handed::InHands;
                             place = more ? job.place : just_before(job.place);
                             return more;
                         });
        left = all ? group.left.erase(left) : std::next(left);
        if (last == Handed::NotAllowed)
            return false;
    }
    return true;
}

// What became due again before its worker was through with it.
void Backlog::look_again(const DueGroup &key, Group &group, const Queue &queue) {
    std::erase_if(group.in_hands, [&](const DueJob &job) {
        if (contains(in_hands_, job.place.id))
            return false;
        const auto found = jobs_->between(key, just_before(job.place), job.place, 1);
        return found.empty() || hand(found.front(), queue) <= Handed::InHands;
    });
    outcome_.more |= !group.in_hands.empty();
}

// Those after the mark.
bool Backlog::go_on(const DueGroup &key, Group &group, const Queue &queue) {
    bool allowed = true;
    const DuePlace end{now_, PG_INT64_MAX};
    const bool all = walk(key, group.mark, end, crew_tickets + look_ahead, [&](const DueJob &job) {
        const Handed how = hand(job, queue);
        allowed = how != Handed::NotAllowed;
        if (!allowed)
            return false;
        if (how == Handed::NoRoom)
            group.left.try_emplace(job.role, just_before(job.place));
        if (how == Handed::InHands)
            outcome_.changed |= remember(group.in_hands, job);
        group.mark = job.place;
        return true;
    });
    if (all)
        group.mark = std::max(group.mark, end);
    else
        outcome_.more |= allowed;
    return allowed;
}

// From the beginning to the first one that had no room: they are in use, or their tickets are lost.
bool Backlog::check_past(const DueGroup &key, Group &group, const Queue &queue) {
    DuePlace end = group.mark;
    for (const auto &[role, after] : group.left)
        end = std::min(end, after);
    bool allowed = true;
    (void)walk(key, begin_of_group, end, INT_MAX, [&](const DueJob &job) {
        const Handed how = hand(job, queue);
        allowed = how != Handed::NotAllowed;
        if (how == Handed::NoRoom)
            group.left[job.role] =
                std::min(just_before(job.place),
                         group.left.try_emplace(job.role, just_before(job.place)).first->second);
        if (!allowed)
            group.mark = just_before(job.place);
        return allowed;
    });
    return allowed;
}

bool Backlog::visit_group(const DueGroup &key, Group &group, const Queue &queue, bool look_back) {
    if (now_ < group.idle_until && !look_back) {
        outcome_.next_at = std::min(outcome_.next_at, group.idle_until);
        return true;
    }
    look_again(key, group, queue);
    const bool allowed = (!look_back || check_past(key, group, queue)) &&
                         serve_left(key, group, queue) && go_on(key, group, queue);
    const auto next = jobs_->next(key, now_);
    seen_ |= next.has_value();
    outcome_.more |= !group.left.empty();
    outcome_.next_at = std::min(outcome_.next_at, next.value_or(DT_NOEND));
    const bool idle = allowed && group.mark >= DuePlace{now_, PG_INT64_MAX} && group.left.empty() &&
                      group.in_hands.empty();
    group.idle_until = idle ? next.value_or(DT_NOEND) : DT_NOBEGIN;
    return allowed;
}

// Priorities in their order: where the queue allows no more, the lower ones have to wait.
void Backlog::visit_queue(int32 id, bool look_back) {
    const Queue queue = queue_of_id(id);
    if (queue.paused) {
        seen_ = true;
        return;
    }
    for (auto at = groups_.lower_bound({id, PG_INT16_MAX});
         at != groups_.end() && at->first.queue == id; ++at)
        if (!visit_group(at->first, at->second, queue, look_back))
            return;
}

Backlog::Outcome Backlog::hand_out(Oid database) {
    const DueJobs jobs;
    jobs_ = &jobs;
    begin_round(database);
    const bool look_back = now_ >= check_at_ || check_at_ > now_ + check_when_idle_us * check_part;
    if (std::exchange(look_for_groups_, false) || look_back)
        for (const DueGroup &key : jobs.groups())
            groups_.try_emplace(key);
    if (look_back) {
        forget_queues();
        seen_ = false;
    }
    std::vector<int32> queues;
    for (const auto &[key, group] : groups_)
        if (queues.empty() || queues.back() != key.queue)
            queues.push_back(key.queue);
    // Each queue is the first one in its turn: a long one does not take all the room for ever.
    const auto first = std::upper_bound(queues.begin(), queues.end(), first_queue_);
    std::rotate(queues.begin(), first, queues.end());
    for (const int32 queue : queues)
        visit_queue(queue, look_back);
    if (!queues.empty())
        first_queue_ = queues.front();
    for (const auto &[role, tickets] : given_) {
        busy_ = outcome_.more = true;
        outcome_.changed |= !tickets.empty();
        give_tickets(database, role, tickets);
    }
    if (look_back) {
        const int64 took = GetCurrentTimestamp() - now_;
        const int64 pause = std::exchange(busy_, false) ? check_when_busy_us : check_when_idle_us;
        check_at_ = now_ + std::max(pause, took * check_part);
    }
    outcome_.empty = !seen_ && !outcome_.more && in_hands_.empty();
    outcome_.check_at = check_at_;
    return outcome_;
}

} // namespace pgcrew::bgjob
