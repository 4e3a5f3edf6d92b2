// The queues of this database as this process remembers them, until somebody changes one.
#pragma once
#include "core/job_options.hpp"
#include "core/queue_limits.hpp"
#include "pg/durable/job_table.hpp"

#include <string_view>

namespace pgcrew::bgjob {

struct Queue {
    int32 id = 0;
    std::string name;
    bool paused = false;
    QueueOptions options{};
};

// In a transaction. What they give holds until the next call of any. The queue "default" is always
// there, and the first. A job whose queue is not there is in a queue without options.
const std::vector<Queue> &all_queues();
const Queue &queue_of_id(int32 id);
// 42704 if there is none.
const Queue &require_queue(std::string_view name);

// Whoever changes a queue lets all others know when that commits.
void announce_change_of_queues();
// What was remembered may be old: for those who heard of a change in another way.
void forget_queues() noexcept;

// What the job says for itself, and its queue where it says nothing.
JobOptions options_of_job(const DurableJob &job);

} // namespace pgcrew::bgjob
