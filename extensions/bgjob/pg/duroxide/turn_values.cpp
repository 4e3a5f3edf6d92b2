#include "pg/duroxide/turn_values.hpp"

extern "C" {
#include <access/xact.h>
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

Seek of_pair(Datum instance, Datum name) {
    return of_key(kv_delta::InstanceId, instance)
        .add(kv_delta::Key, BTEqualStrategyNumber, F_TEXTEQ, name);
}

// No value: the execution has cleared the key.
void set_delta(Provider &provider, Datum instance, Datum name, NullableDatum value,
               Datum updated_ms) {
    namespace c = kv_delta;
    Seek seek = of_pair(instance, name);
    const Row row = provider.find(KvDeltaPkey, seek);
    Values values;
    values.set(c::InstanceId, instance).set(c::Key, name).set(c::UpdatedAtMs, updated_ms);
    if (value.isnull)
        values.clear(c::Value);
    else
        values.set(c::Value, value.value);
    if (row)
        (void)provider.update(KvDelta, row, values);
    else
        provider.insert(KvDelta, values);
    CommandCounterIncrement(); // the next change may be of the same key
}

// Copies of all rows of an instance.
template <class F> void for_each_copy(Provider &provider, Index index, Datum instance, F use) {
    Row *rows = nullptr;
    int count = 0, room = 0;
    Seek seek = of_key(kv_delta::InstanceId, instance);
    provider.scan(index, seek, [&](const Row &row) {
        if (count == room) {
            room = room == 0 ? 16 : room * 2;
            const Size size = sizeof(Row) * static_cast<Size>(room);
            rows = static_cast<Row *>(rows == nullptr ? palloc(size) : repalloc_huge(rows, size));
        }
        rows[count++] = {heap_copytuple(row.tuple), row.desc};
        return true;
    });
    for (int i = 0; i < count; ++i)
        use(rows[i]);
}

void clear_all(Provider &provider, Datum instance, Datum updated_ms) {
    const auto clear = [&](const Row &row) {
        set_delta(provider, instance, row.datum(kv_delta::Key), {0, true}, updated_ms);
    };
    for_each_copy(provider, KvDeltaPkey, instance, clear);
    for_each_copy(provider, KvStorePkey, instance, clear);
}

void change(Provider &provider, Datum instance, const Document &one, int64 now_ms) {
    const NullableDatum said_ms = one.int64_of("last_updated_at_ms");
    const Datum updated_ms = said_ms.isnull ? Int64GetDatum(now_ms) : said_ms.value;
    if (one.is_text("action", "clear_all"))
        return clear_all(provider, instance, updated_ms);
    const NullableDatum name = one.string("key");
    if (name.isnull)
        return;
    if (one.is_text("action", "set"))
        set_delta(provider, instance, name.value, one.string("value"), updated_ms);
    else if (one.is_text("action", "clear_key"))
        set_delta(provider, instance, name.value, {0, true}, updated_ms);
}

// What the execution has written counts for the next one.
void merge(Provider &provider, Datum instance, int64 execution) {
    namespace c = kv_store;
    for_each_copy(provider, KvDeltaPkey, instance, [&](const Row &delta) {
        const Datum name = delta.datum(kv_delta::Key);
        Seek seek = of_pair(instance, name);
        const Row row = provider.find(KvStorePkey, seek);
        Values values;
        values.set(c::InstanceId, instance)
            .set(c::Key, name)
            .set(c::Value, delta.datum(kv_delta::Value))
            .set(c::ExecutionId, Int64GetDatum(execution))
            .set(c::UpdatedAtMs, delta.datum(kv_delta::UpdatedAtMs));
        const bool cleared = delta.is_null(kv_delta::Value);
        if (row && cleared)
            (void)provider.remove(KvStore, row);
        else if (row)
            (void)provider.update(KvStore, row, values);
        else if (!cleared)
            provider.insert(KvStore, values);
        (void)provider.remove(KvDelta, delta);
    });
}

} // namespace

void write_values(Provider &provider, const TurnLease &lease, const Document &changes, int64 now_ms,
                  bool ends, int64 execution) {
    for (uint32 i = 0; i < changes.size(); ++i)
        change(provider, lease.instance, changes.element(i), now_ms);
    if (ends)
        merge(provider, lease.instance, execution);
}

} // namespace pgcrew::bgjob::duroxide
