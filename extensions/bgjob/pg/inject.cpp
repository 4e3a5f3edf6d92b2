// inject: what the fault points do (fault.hpp). Until it is taken back, or the server crashes.
#include "core/copy_text.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/fault.hpp"
#include "pg/registry.hpp"
#include "pgcrew/args.hpp"

#include <csignal>
#include <optional>

extern "C" {
#include <miscadmin.h>
#include <storage/latch.h>
#include <utils/wait_event.h>
}

namespace pgcrew::bgjob {

#ifdef PGCREW_FAULT_POINTS
namespace {

enum class Action : int32 { None, Error, Crash, Sleep };

constexpr const char *points[] = {"after_claim", "before_commit",  "after_commit",
                                  "after_step",  "before_suspend", "after_suspend",
                                  "before_end",  "in_undo",        "in_dispatch"};

Action action_of(const std::string &word) {
    if (word == "off")
        return Action::None;
    if (word == "error")
        return Action::Error;
    if (word == "crash")
        return Action::Crash;
    if (word == "sleep")
        return Action::Sleep;
    throw Error(sqlstate::invalid_parameter_value, "unknown action \"" + word + "\"", "",
                "Actions are error, crash, sleep and off.");
}

void require_point(const std::string &point) {
    for (const char *known : points)
        if (point == known)
            return;
    throw Error(sqlstate::undefined_object, "fault point \"" + point + "\" does not exist");
}

Action injected(const char *point) {
    const Locked locked(LW_SHARED);
    for (const InjectedFault &fault : segment().injected)
        if (strcmp(fault.point, point) == 0)
            return static_cast<Action>(fault.action);
    return Action::None;
}

void inject(const std::string &point, Action action) {
    const Locked locked(LW_EXCLUSIVE);
    InjectedFault *place = nullptr;
    for (InjectedFault &fault : segment().injected)
        if (point == fault.point || (place == nullptr && fault.point[0] == '\0'))
            place = &fault;
    if (place == nullptr)
        return;
    if (place->point[0] != '\0')
        pg_atomic_fetch_sub_u32(&segment().injections, 1);
    *place = {};
    if (action == Action::None)
        return;
    copy_text(place->point, point);
    place->action = static_cast<int32>(action);
    pg_atomic_fetch_add_u32(&segment().injections, 1);
}

void sleep_until_taken_back(const char *name) {
    std::optional<CancelLater> guard;
    if (!IsTransactionState()) // a cancel between transactions would be nobody's
        guard.emplace();
    while (injected(name) == Action::Sleep) {
        call([] {
            (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 20,
                            PG_WAIT_EXTENSION);
            ResetLatch(MyLatch);
        });
        check_for_interrupts();
    }
}

} // namespace

void fault_point(const char *name) {
    if (pg_atomic_read_u32(&segment().injections) == 0)
        return;
    switch (injected(name)) {
    case Action::None:
        return;
    case Action::Error: // one that passes by itself
        throw Error(sqlstate::insufficient_resources, std::string("injected error at ") + name);
    case Action::Crash:
        kill(MyProcPid, SIGKILL);
        return;
    case Action::Sleep:
        sleep_until_taken_back(name);
    }
}
#endif

PGCREW_FUNCTION(bgjob_inject) {
#ifdef PGCREW_FAULT_POINTS
    if (!call([] { return superuser(); }))
        throw Error(sqlstate::insufficient_privilege, "must be superuser to inject faults");
    const Args args(fcinfo);
    const std::string point = args.text(0, "point");
    require_point(point);
    inject(point, action_of(args.text(1, "action")));
    return 0;
#else
    (void)fcinfo;
    throw Error(sqlstate::feature_not_supported, "bgjob was built without fault points");
#endif
}

} // namespace pgcrew::bgjob
