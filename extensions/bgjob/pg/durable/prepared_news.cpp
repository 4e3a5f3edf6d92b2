#include "pg/durable/prepared_news.hpp"

#include "pg/durable/private_table.hpp"
#include "pgcrew/spi.hpp"
#include "pgcrew/xact.hpp"

extern "C" {
#include <access/twophase.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int64 pause_us = 5'000'000;

bool any_prepared_until(TimestampTz then) {
    return in_transaction([&](Spi &spi) {
        const Rows rows = spi.execute(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_xact() p, pg_catalog.pg_database d"
            " WHERE d.oid OPERATOR(pg_catalog.=) p.dbid"
            "   AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"
            "   AND p.prepared OPERATOR(pg_catalog.<=) $1)",
            time_value(then));
        return rows.get<bool>(0, 0);
    });
}

void tell_all(News &news) {
    news.events_lost = news.queues_changed = news.schedules = true;
    news.earliest = DT_NOBEGIN;
    news.task_due = 0;
}

} // namespace

bool look_for_prepared_news(News &news) {
    // When the last one was prepared that may be there: some of an earlier life are.
    static TimestampTz latest = max_prepared_xacts > 0 ? GetCurrentTimestamp() : 0;
    static TimestampTz next = 0;
    latest = Max(latest, news.prepared_at);
    const TimestampTz now = GetCurrentTimestamp();
    if (latest == 0 || (now < next && next <= now + pause_us))
        return latest != 0;
    next = now + pause_us;
    if (!any_prepared_until(latest))
        latest = 0;
    tell_all(news); // asked for before: what is gone by now has been committed
    return latest != 0;
}

} // namespace pgcrew::bgjob
