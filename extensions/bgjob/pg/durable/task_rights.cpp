#include "pg/durable/task_rights.hpp"

#include "pg/durable/index_scan.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/own_relation.hpp"

extern "C" {
#include <utils/acl.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/tasks.sql.
enum Column : AttrNumber { Queue = 1, Role };

} // namespace

bool granted_task_queue(const std::string &queue) {
    const PrivateTable grants("task_grant");
    const auto length = static_cast<int>(queue.size());
    return call([&] {
        Relation relation = grants.relation();
        Seek seek{};
        seek.add(Queue, BTEqualStrategyNumber, F_TEXTEQ,
                 PointerGetDatum(cstring_to_text_with_len(queue.data(), length)));
        bool granted = false;
        scan_index(relation, own_relation("task_grant_pkey"), seek, [&](HeapTuple tuple) {
            bool null = false;
            const Datum role = heap_getattr(tuple, Role, RelationGetDescr(relation), &null);
            granted = has_privs_of_role(GetUserId(), DatumGetObjectId(role));
            return !granted;
        });
        return granted;
    });
}

bool may_work_on(const Task &task) {
    return may_use_jobs_of(task.role) || granted_task_queue(task.queue);
}

} // namespace pgcrew::bgjob
