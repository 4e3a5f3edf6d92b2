// Waits of workflows: for a time, or for a signal with a limit. Nothing runs while a job waits.
#include "core/flow_history.hpp"
#include "pg/durable/flow.hpp"
#include "pg/durable/signal_table.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/durable/wake.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <utils/fmgrprotos.h>
}

namespace pgcrew::bgjob {
namespace {

// The moment that lies so far ahead; a time limit that is not given never comes.
TimestampTz ahead(const Args &args, int i) {
    if (args.is_null(i))
        return DT_NOEND;
    const std::int64_t ms = args.interval_ms(i);
    const TimestampTz now = GetCurrentTimestamp();
    if (ms >= (DT_NOEND - now) / 1000 - 1)
        return DT_NOEND;
    return ms <= 0 ? now : now + ms * 1000;
}

class SleepDeparture : public Departure {
  public:
    explicit SleepDeparture(HistoryEntry entry) : entry_(std::move(entry)) {}
    Next settle(Flow &flow) override {
        const bool is_new = flow.history.next_seq() == entry_.seq;
        bookkeeping([&] {
            if (is_new)
                store_entry(flow, entry_);
            suspend(flow, DurableEvent::Suspend, entry_.due, "time");
        });
        return Next::Suspended;
    }

  private:
    HistoryEntry entry_;
};

class SignalDeparture : public Departure {
  public:
    explicit SignalDeparture(HistoryEntry entry) : entry_(std::move(entry)) {}

    Next settle(Flow &flow) override {
        const bool is_new = flow.history.next_seq() == entry_.seq;
        const bool done = bookkeeping([&] {
            const TimestampTz now = GetCurrentTimestamp();
            SignalTable mailbox;
            const auto taken = mailbox.take(flow.job.id, entry_.name);
            const bool over = taken || entry_.due <= now;
            if (over) {
                entry_.state = EntryState::Done;
                entry_.ended = now;
                entry_.result =
                    taken ? taken->payload.value_or("null") : std::optional<std::string>();
            }
            if (over || is_new)
                store_entry(flow, entry_);
            if (!over)
                suspend(flow, DurableEvent::Suspend, entry_.due, "signal " + entry_.name);
            return over;
        });
        if (done) {
            flow.history.store(std::move(entry_));
            return Next::Again;
        }
        // One that was sent before the job was known to wait has woken nobody.
        bookkeeping([&] {
            if (SignalTable().has(flow.job.id, entry_.name))
                wake_or_tell(flow.job.id);
        });
        return Next::Suspended;
    }

  private:
    HistoryEntry entry_;
};

std::optional<std::string> wait_signal(const Args &args, int timeout) {
    Flow &flow = require_flow("bgjob.wait_signal()");
    const auto place = arrive(flow, EntryKind::Signal, args.text(0, "name"));
    HistoryEntry entry = entry_at(flow, place);
    if (entry.state == EntryState::Done)
        return entry.result;
    if (entry.seq == flow.history.next_seq())
        entry.due = ahead(args, timeout);
    leave(flow, std::make_unique<SignalDeparture>(std::move(entry)));
}

void sleep_until(const char *function, const std::string &name, TimestampTz until) {
    Flow &flow = require_flow(function);
    HistoryEntry entry = entry_at(flow, arrive(flow, EntryKind::Sleep, name));
    if (entry.seq == flow.history.next_seq())
        entry.due = until;
    if (entry.due > GetCurrentTimestamp())
        leave(flow, std::make_unique<SleepDeparture>(std::move(entry)));
}

} // namespace

PGCREW_FUNCTION(bgjob_sleep) {
    const Args args(fcinfo);
    if (args.is_null(0))
        throw Error(sqlstate::null_value_not_allowed, "duration must not be null");
    sleep_until("bgjob.sleep()", args.text(1, "name"), ahead(args, 0));
    return 0;
}

PGCREW_FUNCTION(bgjob_sleep_until) {
    const Args args(fcinfo);
    sleep_until("bgjob.sleep_until()", args.text(1, "name"),
                DatumGetTimestampTz(args.datum(0, "time")));
    return 0;
}

PGCREW_FUNCTION(bgjob_wait_signal) {
    (void)wait_signal(Args(fcinfo), 1);
    return 0;
}

PGCREW_FUNCTION(bgjob_wait_signal_result) {
    return result_record(fcinfo, wait_signal(Args(fcinfo), 2));
}

} // namespace pgcrew::bgjob
