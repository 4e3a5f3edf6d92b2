// restart: a workflow ends its execution and begins the next one, with a new input and an empty
// history, so that an endless loop does not grow. Signals that have not been taken survive.
#include "pg/durable/at_commit.hpp"
#include "pg/durable/child_table.hpp"
#include "pg/durable/flow.hpp"
#include "pg/durable/job_end.hpp"
#include "pg/durable/optional_json.hpp"
#include "pg/durable/pause.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/require_free.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int64 turn_us = 1'000'000; // after that others come first

class RestartDeparture : public Departure {
  public:
    explicit RestartDeparture(std::optional<std::string> input) : input_(std::move(input)) {}

    Next settle(Flow &flow) override {
        const TimestampTz now = GetCurrentTimestamp();
        const bool rests = bookkeeping([&] {
            JobTable jobs;
            const std::optional<DurableJob> job = jobs.find(flow.job.id);
            const OptionalJson args(input_);
            const DurableState state = advance(DurableState::Running, DurableEvent::Restart, {});
            const Rest rest = job ? rest_of(*job, state, now) : Rest{};
            require_free(job &&
                         jobs.update(*job, {{job_column::Args, args.value()},
                                            {job_column::State, state_value(rest.state)},
                                            {job_column::Attempt, Value(0)},
                                            {job_column::Status,
                                             text_or_null(flow.status.value_or(job->status))},
                                            {job_column::DueAt, time_value(rest.due_at)}}));
            cancel_children(flow.job.id, "its parent has started anew");
            ChildTable().remove_all(flow.job.id);
            StepTable().remove_all(flow.job.id);
            if (!flow.history.entries().empty() || job->attempt > 0)
                forget_failures(flow.job.id);
            flow.job = *job;
            return rest.state == DurableState::Paused;
        });
        flow.job.args = input_;
        flow.history.clear();
        if (rests)
            return Next::Suspended;
        if (now - flow.began < turn_us)
            return Next::Again;
        bookkeeping([&] { tell_of_due_job(now); });
        return Next::Suspended;
    }

  private:
    std::optional<std::string> input_;
};

} // namespace

PGCREW_FUNCTION(bgjob_restart) {
    Flow &flow = require_flow("bgjob.restart()");
    std::optional<std::string> input = Args(fcinfo).opt_jsonb(0);
    if (input)
        check_payload(queue_of_id(flow.job.queue).options,
                      static_cast<std::int64_t>(input->size()));
    leave(flow, std::make_unique<RestartDeparture>(std::move(input)));
}

} // namespace pgcrew::bgjob
