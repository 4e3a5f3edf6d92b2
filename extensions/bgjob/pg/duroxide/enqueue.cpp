// enqueue_*: messages for orchestrations and activities for workers.
#include "pg/durable/writes.hpp"
#include "pg/duroxide/arguments.hpp"
#include "pg/duroxide/call_count.hpp"
#include "pg/duroxide/lazy_commit.hpp"
#include "pg/duroxide/queue_rows.hpp"

namespace pgcrew::bgjob::duroxide {
namespace {

void enqueue_message(FunctionCallInfo fcinfo, int instance, int item,
                     std::optional<TimestampTz> visible_at) {
    commit_for_good();
    Provider provider(fcinfo, {OrchestratorQueue});
    prepare_to_note_work();
    call([&] {
        const TimestampTz now = server_now();
        add_message(provider, fcinfo->args[instance].value, fcinfo->args[item].value, now,
                    visible_at ? *visible_at : now);
    });
}

} // namespace

PGCREW_FUNCTION(bgjob_duroxide_enqueue_orchestrator_work) {
    const CallCounter counter(fcinfo, Function::Enqueue);
    will_write("enqueue_orchestrator_work()");
    require_argument(fcinfo, 0, "p_instance_id");
    require_argument(fcinfo, 1, "p_work_item");
    require_argument(fcinfo, 2, "p_visible_at");
    enqueue_message(fcinfo, 0, 1, DatumGetTimestampTz(fcinfo->args[2].value));
    return 0;
}

PGCREW_FUNCTION(bgjob_duroxide_enqueue_message) {
    const CallCounter counter(fcinfo, Function::Enqueue);
    will_write("enqueue_message()");
    require_argument(fcinfo, 0, "p_instance_id");
    require_argument(fcinfo, 1, "p_work_item");
    require_argument(fcinfo, 2, "p_visible_at_ms");
    enqueue_message(fcinfo, 0, 1, from_unix_ms(DatumGetInt64(fcinfo->args[2].value)));
    return 0;
}

PGCREW_FUNCTION(bgjob_duroxide_enqueue_now) {
    const CallCounter counter(fcinfo, Function::Enqueue);
    will_write("enqueue_completion()");
    require_argument(fcinfo, 0, "p_instance_id");
    require_argument(fcinfo, 1, "p_work_item");
    enqueue_message(fcinfo, 0, 1, std::nullopt);
    return 0;
}

PGCREW_FUNCTION(bgjob_duroxide_enqueue_worker_work) {
    const CallCounter counter(fcinfo, Function::EnqueueActivity);
    will_write("enqueue_worker_work()");
    require_argument(fcinfo, 0, "p_work_item");
    const NullableDatum *const args = fcinfo->args;
    commit_for_good();
    Provider provider(fcinfo, {WorkerQueue});
    prepare_to_note_work();
    call([&] {
        add_activity(provider, {args[0].value, args[2], args[3], args[4], args[5], args[6]},
                     server_now());
    });
    return 0;
}

} // namespace pgcrew::bgjob::duroxide
