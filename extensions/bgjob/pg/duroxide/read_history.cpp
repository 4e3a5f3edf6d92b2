// fetch_history, fetch_history_with_execution, get_custom_status: what clients ask again and again
// while they wait for an orchestration.
#include "pg/duroxide/arguments.hpp"
#include "pg/duroxide/call_count.hpp"
#include "pg/duroxide/provider.hpp"

extern "C" {
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

Row instance_row(const Provider &provider, Datum instance) {
    Seek seek = of_key(instances::InstanceId, instance);
    return provider.find(InstancesPkey, seek);
}

// Server calls.
void put_events(const Provider &provider, const SetResult &rows, Datum instance, Datum execution) {
    Seek seek = of_key(history::InstanceId, instance);
    seek.add(history::ExecutionId, BTEqualStrategyNumber, F_INT8EQ, execution);
    provider.scan(HistoryPkey, seek, [&](const Row &row) {
        Datum event = row.datum(history::EventData);
        bool null = false;
        tuplestore_putvalues(rows.store(), rows.desc(), &event, &null);
        return true;
    });
}

} // namespace

PGCREW_FUNCTION(bgjob_duroxide_fetch_history) {
    const CallCounter counter(fcinfo, Function::FetchHistory);
    SetResult rows(fcinfo);
    if (fcinfo->args[0].isnull)
        return rows.done();
    const Provider provider(fcinfo, {Instances, History});
    call([&] {
        const Datum instance = fcinfo->args[0].value;
        if (const Row row = instance_row(provider, instance))
            put_events(provider, rows, instance, row.datum(instances::CurrentExecution));
    });
    return rows.done();
}

PGCREW_FUNCTION(bgjob_duroxide_fetch_history_with_execution) {
    const CallCounter counter(fcinfo, Function::FetchHistory);
    SetResult rows(fcinfo);
    if (fcinfo->args[0].isnull || fcinfo->args[1].isnull)
        return rows.done();
    const Provider provider(fcinfo, {History});
    call([&] { put_events(provider, rows, fcinfo->args[0].value, fcinfo->args[1].value); });
    return rows.done();
}

PGCREW_FUNCTION(bgjob_duroxide_get_custom_status) {
    const CallCounter counter(fcinfo, Function::GetCustomStatus);
    namespace c = instances;
    SetResult rows(fcinfo);
    if (fcinfo->args[0].isnull || fcinfo->args[1].isnull)
        return rows.done();
    const Provider provider(fcinfo, {Instances});
    call([&] {
        const Row row = instance_row(provider, fcinfo->args[0].value);
        if (!row || row.int32_of(c::CustomStatusVersion) <= DatumGetInt64(fcinfo->args[1].value))
            return;
        Datum values[] = {row.is_null(c::CustomStatus) ? Datum{0} : row.datum(c::CustomStatus),
                          Int64GetDatum(row.int32_of(c::CustomStatusVersion))};
        bool nulls[] = {row.is_null(c::CustomStatus), false};
        tuplestore_putvalues(rows.store(), rows.desc(), values, nulls);
    });
    return rows.done();
}

} // namespace pgcrew::bgjob::duroxide
