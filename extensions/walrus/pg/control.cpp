// What changes something: restore(), reset(), cleanup_history(). The worker does the first two.
#include "pg/requests.hpp"
#include "pg/settings.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/spi.hpp"

extern "C" {
#include <access/xact.h>
}

namespace pgcrew::walrus {
namespace {

// Whether the worker did it; false when there was nothing to do.
bool asked(Request request) {
    const Answer answer = ask_worker(request);
    if (answer.outcome == Outcome::Failed || answer.outcome == Outcome::Refused)
        throw Error(SqlState(answer.sqlstate), answer.message, {}, answer.hint);
    return answer.outcome == Outcome::Done;
}

} // namespace

PGCREW_FUNCTION(walrus_restore) {
    call([] { PreventInTransactionBlock(true, "walrus.restore()"); });
    const bool done = asked(Request::Restore);
    if (done && !settings::off() && !settings::advising())
        call([] {
            ereport(NOTICE, (errmsg("walrus goes on adjusting max_wal_size"),
                             errhint("Set walrus.mode to \"advise\" or \"off\" to keep the "
                                     "restored value.")));
        });
    return result(fcinfo, done);
}

PGCREW_FUNCTION(walrus_reset) { return result(fcinfo, asked(Request::Reset)); }

PGCREW_FUNCTION(walrus_cleanup_history) {
    Spi spi;
    const Rows rows = spi.execute(
        "DELETE FROM walrus.history WHERE \"timestamp\" OPERATOR(pg_catalog.<=) "
        "(pg_catalog.now() OPERATOR(pg_catalog.-) pg_catalog.make_interval(days => $1))",
        settings::history_retention_days);
    return result(fcinfo, static_cast<std::int64_t>(rows.processed()));
}
} // namespace pgcrew::walrus
