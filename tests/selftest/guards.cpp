// Each guard on the way out: in order, with a C++ exception, with a server error, with one that
// was rolled back within the scope.
#include "pgcrew/args.hpp"
#include "pgcrew/xact.hpp"
#include "probe.hpp"

#include <stdexcept>

extern "C" {
#include <access/table.h>
#include <catalog/pg_class.h>
#include <utils/guc.h>
}

using selftest::Probe;

namespace {

void leave(const std::string &how) {
    const Probe probe;
    if (how == "exception")
        throw std::runtime_error("left by an exception");
    if (how == "server error")
        pgcrew::call([] { selftest::divide_by_zero(); });
    if (how == "rolled back") {
        try {
            pgcrew::in_subtransaction([] { pgcrew::call([] { selftest::divide_by_zero(); }); });
        } catch (const pgcrew::ServerError &) {
            pgcrew::call([] { elog(NOTICE, "caught"); });
        }
    }
}

void notice(const std::string &text) {
    pgcrew::call([&] { elog(NOTICE, "%s", text.c_str()); });
}
} // namespace

// Several guards at once; the lightweight lock innermost.
PGCREW_FUNCTION(selftest_guards) {
    const std::string how = pgcrew::Args(fcinfo).text(0);
    const pgcrew::OwnedMemory memory("selftest owned");
    const pgcrew::MemoryScope scope(memory.get());
    const pgcrew::DsmSegment segment(100000);
    std::memset(segment.address(), 1, 100000);
    int line = 7;
    const pgcrew::ErrorContextScope context(
        [](void *at) { errcontext("selftest line %d", *static_cast<int *>(at)); }, &line);
    const pgcrew::HoldInterrupts hold;
    const pgcrew::LockGuard lock(AddinShmemInitLock, LW_EXCLUSIVE);
    leave(how);
    PG_RETURN_VOID();
}

PGCREW_FUNCTION(selftest_owner) {
    const std::string how = pgcrew::Args(fcinfo).text(0);
    const ResourceOwner before = CurrentResourceOwner;
    {
        const pgcrew::OwnerScope owner("selftest owner");
        Relation r = pgcrew::call([] { return table_open(RelationRelationId, AccessShareLock); });
        leave(how);
        pgcrew::call([&] { table_close(r, AccessShareLock); });
    }
    PG_RETURN_BOOL(CurrentResourceOwner == before);
}

// Another role's eyes; says who it is within and after.
PGCREW_FUNCTION(selftest_user) {
    const pgcrew::Args a(fcinfo);
    const Oid before = GetUserId();
    {
        const pgcrew::UserScope user(a.oid(0), SECURITY_LOCAL_USERID_CHANGE);
        notice(GetUserId() == a.oid(0) && InLocalUserIdChange() ? "switched" : "not switched");
        leave(a.text(1));
    }
    PG_RETURN_BOOL(GetUserId() == before && !InLocalUserIdChange());
}

// A setting changed within the scope.
PGCREW_FUNCTION(selftest_setting) {
    const pgcrew::Args a(fcinfo);
    const std::string name = a.text(0), value = a.text(1);
    const auto show = [&] {
        notice(pgcrew::call([&] { return GetConfigOption(name.c_str(), false, false); }));
    };
    {
        pgcrew::GucScope settings;
        settings.set(name.c_str(), value.c_str());
        show();
        leave(a.text(2));
    }
    show();
    PG_RETURN_VOID();
}

// A context of our own outlived by us, reset, and gone with its parent.
PGCREW_FUNCTION(selftest_owned_memory) {
    pgcrew::OwnedMemory parent("selftest parent");
    pgcrew::OwnedMemory child("selftest child", parent.get());
    const auto fill = [](MemoryContext context) {
        pgcrew::call([&] { std::memset(MemoryContextAlloc(context, 100000), 1, 100000); });
    };
    fill(child.get());
    const Size full = MemoryContextMemAllocated(child.get(), true);
    child.reset();
    const Size empty = MemoryContextMemAllocated(child.get(), true);
    fill(child.get()); // a reset context is as good as new
    parent.reset();    // takes the child along
    PG_RETURN_BOOL(full > 100000 && empty < 100000 && child.get() == nullptr &&
                   parent.get() != nullptr);
}

// A transaction within the transaction of the caller.
PGCREW_FUNCTION(selftest_nested_transaction) {
    pgcrew::in_transaction([] {});
    PG_RETURN_VOID();
}

// Nested subtransactions: the inner fails, the outer stays.
PGCREW_FUNCTION(selftest_nested_subtransactions) {
    const MemoryContext memory = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    pgcrew::Spi spi;
    const auto kept = pgcrew::in_subtransaction([&] {
        spi.execute("create temp table selftest_kept as select 1 as one");
        try {
            pgcrew::in_subtransaction([&] {
                const pgcrew::ActiveSnapshot snapshot;
                pgcrew::Spi inner;
                inner.execute("create temp table selftest_lost as select 1 as one");
                inner.execute("select 1 / 0");
            });
        } catch (const pgcrew::ServerError &) {
            notice("rolled back");
        }
        return spi.execute("select one from pg_temp.selftest_kept").get<std::int32_t>(0, 0);
    });
    const auto tables = spi.execute("select count(*) from pg_catalog.pg_class "
                                    "where relname in ('selftest_kept', 'selftest_lost')");
    PG_RETURN_BOOL(kept == 1 && tables.get<std::int64_t>(0, 0) == 1 &&
                   CurrentMemoryContext == memory && CurrentResourceOwner == owner);
}
