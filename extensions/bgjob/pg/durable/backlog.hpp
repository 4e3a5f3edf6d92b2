// What the dispatcher of a database remembers of the jobs that are due: how far it has come in each
// group of them, and what the limits of their queues allow. It is all in its memory; the table says
// the same to the next one, only later.
//
// Before the mark of a group everything has been handed out, but for jobs of roles whose ring was
// full: for each such role the first of them is remembered. So what is done costs nothing any more,
// however many dead entries it leaves in the index, and neither does what is still to come. Whoever
// makes a job due before a mark says so when that has committed, and the mark goes back. From time
// to time all is looked at from the beginning, for what nobody said.
#pragma once
#include "pg/durable/due_jobs.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/tickets.hpp"

#include <map>

namespace pgcrew::bgjob {

class Backlog : NoCopy {
  public:
    // A job has become due then, of whatever group.
    void lower_marks(TimestampTz to);

    // In a transaction: gives out what is due, as far as there is room for it.
    struct Outcome {
        bool empty = false;              // there are no jobs at all
        bool more = false;               // that are due, or on their way to a worker
        bool in_use = false;             // some are in the hands of workers
        bool changed = false;            // since the last time
        TimestampTz next_at = DT_NOEND;  // when there will be something to do
        TimestampTz check_at = DT_NOEND; // when all is looked at again
    };
    Outcome hand_out(Oid database);

    // Those that it found due whose roles are gone; asked for once.
    std::vector<JobId> take_orphans() { return std::exchange(orphans_, {}); }

  private:
    struct Group {
        DuePlace mark = begin_of_group;
        std::map<Oid, DuePlace> left; // by role: a place after which its first job without room is
        // Due, but still in the hands of a worker that may not know that yet.
        std::vector<DueJob> in_hands;
        TimestampTz idle_until = DT_NOBEGIN; // nothing of it is due before that
    };
    struct QueueState {
        QueueOptions options;
        QueueLimiter limiter;
        int running; // its tickets
    };
    enum class Handed { Yes, Known, InHands, NoRoom, NotAllowed };

    void begin_round(Oid database);
    void note_tickets(const TicketsInUse &used);
    QueueState &state_of(const Queue &queue);
    void visit_queue(int32 queue, bool look_back);
    bool visit_group(const DueGroup &key, Group &group, const Queue &queue, bool look_back);
    bool serve_left(const DueGroup &key, Group &group, const Queue &queue);
    void look_again(const DueGroup &key, Group &group, const Queue &queue);
    bool go_on(const DueGroup &key, Group &group, const Queue &queue);
    bool check_past(const DueGroup &key, Group &group, const Queue &queue);
    Handed hand(const DueJob &job, const Queue &queue);
    template <class F> bool walk(const DueGroup &key, DuePlace after, DuePlace to, int most, F use);

    std::map<DueGroup, Group> groups_;
    std::map<int32, QueueState> queues_;
    std::vector<JobId> orphans_;
    bool look_for_groups_ = true;
    int32 first_queue_ = 0; // whose turn it is to be the first
    TimestampTz check_at_ = 0;
    bool busy_ = false; // there was work since the last check
    std::size_t in_use_ = 0;

    // Of this round.
    const DueJobs *jobs_ = nullptr;
    TimestampTz now_ = 0;
    std::int64_t clock_ = 0;                 // that never goes back
    std::vector<JobId> in_hands_, in_rings_; // sorted
    std::map<Oid, int> room_;
    std::map<Oid, std::vector<Ticket>> given_;
    bool seen_ = false; // any job
    Outcome outcome_;
};

} // namespace pgcrew::bgjob
