// signal: a message to a workflow, in the caller's transaction. Senders never wait for each other
// nor for the workflow: they add a row to its mailbox, and the dispatcher wakes it.
#include "core/limits.hpp"
#include "core/names.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/signal_table.hpp"
#include "pg/durable/writes.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {
namespace {

// Counting takes time that grows with the mailbox, so it is not done for the next few after a count
// that left much room. Sessions that send at the same moment can go past the limit by that little.
void check_room(SignalTable &mailbox, int64 job) {
    constexpr int64 trusted_us = 1'000'000;
    static struct {
        int64 job, may_add;
        TimestampTz counted_at;
    } last{};
    const TimestampTz now = GetCurrentTimestamp();
    if (last.job == job && last.may_add > 0 && now >= last.counted_at &&
        now - last.counted_at < trusted_us) {
        --last.may_add;
        return;
    }
    const int64 room = limits::inbox_signals - static_cast<int64>(mailbox.count(job));
    if (room <= 0)
        throw Error(sqlstate::configuration_limit_exceeded,
                    "mailbox of job " + std::to_string(job) + " is full",
                    std::to_string(limits::inbox_signals) + " signals have not been taken.");
    last = {job, room / 16, now};
}

} // namespace

PGCREW_FUNCTION(bgjob_signal) {
    will_write("bgjob.signal()");
    const Args args(fcinfo);
    const int64 id = args.int64(0, "job");
    const std::string name = args.text(1, "name");
    const auto payload = args.opt_jsonb(2);
    check_name("signal name", name);
    const DurableJob job = require_job(id);
    if (payload)
        check_payload(queue_of_id(job.queue).options, static_cast<std::int64_t>(payload->size()));
    if (job.kind != JobKind::Workflow)
        throw Error(sqlstate::wrong_object_type, "job " + std::to_string(id) + " is no workflow",
                    "Only a workflow can wait for signals.");
    SignalTable mailbox;
    check_room(mailbox, id);
    mailbox.add(id, name, payload);
    tell_of_event(id);
    return 0;
}

} // namespace pgcrew::bgjob
