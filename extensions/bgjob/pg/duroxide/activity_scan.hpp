// The activities of one tag, or without any, in the order in which they become due: there is an
// index for those without a session and one for those with. Within call().
#pragma once
#include "pg/duroxide/provider.hpp"

#include <optional>

extern "C" {
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob::duroxide {

inline Seek of_null(AttrNumber column, int search) {
    Seek seek{};
    ScanKeyEntryInitialize(&seek.key[seek.count++], SK_ISNULL | search, column, InvalidStrategy,
                           InvalidOid, InvalidOid, InvalidOid, Datum{0});
    return seek;
}

inline Seek of_tag(std::optional<Datum> tag) {
    return tag ? of_key(worker_queue::Tag, *tag) : of_null(worker_queue::Tag, SK_SEARCHNULL);
}

// Those that are visible by then, and the others.
inline Seek until(Seek seek, TimestampTz at) {
    return seek.add(worker_queue::VisibleAt, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE,
                    TimestampTzGetDatum(at));
}
inline Seek from(Seek seek, TimestampTz at) {
    return seek.add(worker_queue::VisibleAt, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE,
                    TimestampTzGetDatum(at));
}
inline Seek after(Seek seek, TimestampTz at) {
    return seek.add(worker_queue::VisibleAt, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT,
                    TimestampTzGetDatum(at));
}

// One step in the index for each tag there is.
template <class F> void for_each_tag(const Provider &provider, Index index, F use) {
    Datum last = 0;
    for (bool found = true; found;) {
        Seek seek = last == 0
                        ? of_null(worker_queue::Tag, SK_SEARCHNOTNULL)
                        : Seek{}.add(worker_queue::Tag, BTGreaterStrategyNumber, F_TEXT_GT, last);
        const Row row = provider.find(index, seek);
        found = static_cast<bool>(row);
        if (found)
            use(last = row.datum(worker_queue::Tag));
    }
}

} // namespace pgcrew::bgjob::duroxide
