#include "pg/duroxide/call_count.hpp"

#include "pg/duroxide/provider.hpp"
#include "pgcrew/args.hpp"

#include <vector>

extern "C" {
#include <miscadmin.h>
#include <utils/lsyscache.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

constexpr int all_functions = static_cast<int>(Function::functions);

// By the order of Function.
constexpr const char *names[all_functions] = {"abandon_work_item",
                                              "abandon_orchestration_item",
                                              "ack_worker",
                                              "ack_orchestration_item",
                                              "enqueue_orchestrator_work",
                                              "enqueue_worker_work",
                                              "fetch_work_item",
                                              "fetch_history",
                                              "fetch_orchestration_item",
                                              "get_custom_status",
                                              "renew_work_item_lock",
                                              "renew_orchestration_item_lock"};

void count(Oid schema, Function function, bool loaded, int64 us) {
    Locked locked(LW_EXCLUSIVE);
    CallCount &to = require_shared_schema(locked, schema).count[static_cast<int>(function)];
    ++to.calls;
    to.loaded += loaded;
    (loaded ? to.loaded_us : to.empty_us) += us;
}

struct Counted {
    Oid schema;
    CallCount count[all_functions];
};

std::vector<Counted> all_counts() {
    std::vector<Counted> counts;
    counts.reserve(1000); // no allocation with the lock held: more schemas are not shown
    const Locked locked(LW_SHARED);
    for_each_shared_schema(locked, [&](const SharedSchema &of) {
        if (of.database != MyDatabaseId || counts.size() == counts.capacity())
            return;
        Counted &to = counts.emplace_back();
        to.schema = of.schema;
        memcpy(to.count, of.count, sizeof to.count);
    });
    return counts;
}

} // namespace

void CallCounter::add() noexcept {
    const int64 us = Max(GetCurrentTimestamp() - began_, int64{0});
    cleanup("counting a call", [&] { count(schema_of(fcinfo_), function_, loaded_, us); });
}

PGCREW_FUNCTION(bgjob_duroxide_call_counts) {
    SetResult rows(fcinfo);
    for (const Counted &of : all_counts()) {
        const char *name = call([&] { return get_namespace_name(of.schema); });
        for (int i = 0; name != nullptr && i < all_functions; ++i) {
            const CallCount &count = of.count[i];
            if (count.calls > 0)
                rows.put({Value(name), Value(names[i]), Value(count.calls), Value(count.loaded),
                          Value(static_cast<double>(count.loaded_us) / 1000),
                          Value(static_cast<double>(count.empty_us) / 1000)});
        }
    }
    return rows.done();
}

} // namespace pgcrew::bgjob::duroxide
