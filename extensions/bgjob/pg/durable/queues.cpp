// Queues as their administrators see them: set_queue and its kin, and what stands behind the view
// bgjob.queues. What a queue allows concerns all roles, so whoever may create schemas in the
// database may say it.
#include "core/names.hpp"
#include "pg/access.hpp"
#include "pg/durable/owners_sql.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/tickets.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/json.hpp"

extern "C" {
#include <miscadmin.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr const char *default_queue = "default";

void check_may_change_queues() {
    const bool may = call([] {
        return DatumGetBool(DirectFunctionCall2(has_database_privilege_id,
                                                ObjectIdGetDatum(MyDatabaseId),
                                                PointerGetDatum(cstring_to_text("CREATE"))));
    });
    if (!may)
        throw Error(sqlstate::insufficient_privilege, "permission denied to change queues", "",
                    "It takes the privilege CREATE on the database.");
}

// Runs f(OwnersSql &); all processes hear of it at commit.
template <class F> auto change_queues(F f) {
    check_may_change_queues();
    auto result = [&] {
        OwnersSql sql;
        return f(sql);
    }();
    announce_change_of_queues();
    return result;
}

std::string queue_name(const Args &args) {
    std::string name = args.text(0, "name");
    check_name("queue name", name);
    return name;
}

[[noreturn]] void no_such_queue(const std::string &name) {
    throw Error(sqlstate::undefined_object, "queue \"" + name + "\" does not exist");
}

void set_paused(const std::string &name, bool paused) {
    const std::uint64_t changed = change_queues([&](OwnersSql &sql) {
        if (name == default_queue)
            return sql
                .execute("INSERT INTO bgjob.queue AS q (id, name, paused) VALUES (0, $1, $2)"
                         " ON CONFLICT (id) DO UPDATE SET paused = excluded.paused",
                         name, paused)
                .processed();
        return sql.execute("UPDATE bgjob.queue SET paused = $2 WHERE name = $1", name, paused)
            .processed();
    });
    if (changed == 0)
        no_such_queue(name);
}

} // namespace

PGCREW_FUNCTION(bgjob_set_queue) {
    const Args args(fcinfo);
    const std::string name = queue_name(args);
    const std::string options = args.jsonb(1, "options");
    if (!parse_json(options).is_object())
        throw Error(sqlstate::invalid_parameter_value, "options of a queue must be a JSON object");
    const std::string merged = change_queues([&](OwnersSql &sql) {
        return sql
            .execute(
                "INSERT INTO bgjob.queue AS q (id, name, options)"
                " VALUES (CASE WHEN $3 THEN 0 ELSE nextval('bgjob.queue_id')::integer END,"
                "         $1, jsonb_strip_nulls($2))"
                " ON CONFLICT (name) DO UPDATE SET options = jsonb_strip_nulls(q.options || $2)"
                " RETURNING options",
                name, Jsonb{options}, name == default_queue)
            .get<Jsonb>(0, 0)
            .text;
    });
    (void)parse_queue_options(parse_json(merged)); // what is wrong takes the change back
    return 0;
}

PGCREW_FUNCTION(bgjob_drop_queue) {
    const std::string name = queue_name(Args(fcinfo));
    if (name == default_queue)
        throw Error(sqlstate::object_not_in_prerequisite_state,
                    "the queue \"default\" cannot be dropped");
    change_queues([&](OwnersSql &sql) {
        const Rows dropped =
            sql.execute("DELETE FROM bgjob.queue WHERE name = $1 RETURNING id", name);
        if (dropped.empty())
            no_such_queue(name);
        // One that is added at this moment by somebody else runs as if its queue had no options.
        if (!sql.execute("SELECT FROM bgjob.job WHERE queue = $1 LIMIT 1",
                         dropped.get<std::int32_t>(0, 0))
                 .processed())
            return true;
        throw Error(sqlstate::object_in_use, "queue \"" + name + "\" has jobs", "",
                    "Wait until they have ended, or cancel them.");
    });
    return 0;
}

PGCREW_FUNCTION(bgjob_pause_queue) {
    set_paused(queue_name(Args(fcinfo)), true);
    return 0;
}

PGCREW_FUNCTION(bgjob_resume_queue) {
    set_paused(queue_name(Args(fcinfo)), false);
    return 0;
}

// What holds in a queue with these options.
PGCREW_FUNCTION(bgjob_queue_options) {
    const QueueOptions options = parse_queue_options(parse_json(Args(fcinfo).jsonb(0, "options")));
    return result(fcinfo, Jsonb{dump_json(to_json(options))});
}

// Durable jobs of this database that workers have in their hands, of the reader's roles.
PGCREW_FUNCTION(bgjob_jobs_in_hand) {
    SetResult rows(fcinfo);
    std::vector<std::pair<Oid, JobId>> found;
    {
        Locked locked(LW_SHARED);
        const WorkerSlot *workers = locked.workers();
        for (int i = 0; i < segment().worker_slots; ++i)
            for (int t = 0; workers[i].database == MyDatabaseId && t < workers[i].tickets; ++t)
                found.emplace_back(workers[i].role, workers[i].ticket[t].job);
    }
    for (const auto &[role, job] : found)
        if (may_use(role, role))
            rows.put({static_cast<std::int64_t>(job)});
    return rows.done();
}

} // namespace pgcrew::bgjob
