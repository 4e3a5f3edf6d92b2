// As DISCARD ALL would do it, but for the cached plans.
#include "pg/session_state.hpp"

#include "pg/durable/top_level.hpp"
#include "pg/session_settings.hpp"
#include "pgcrew/xact.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <commands/prepare.h>
#include <commands/sequence.h>
#include <miscadmin.h>
#include <storage/lock.h>
#include <utils/guc.h>
#include <utils/portal.h>
}

namespace pgcrew::bgjob {
namespace {

// In a transaction.
void forget_all_but_settings() {
    const ActiveSnapshot snapshot; // temporary tables are dropped by their catalogues
    call([] {
        PortalHashTableDeleteAll();
        DropAllPreparedStatements();
        LockReleaseAll(USER_LOCKMETHOD, true);
        ResetTempTableNamespace();
        ResetSequenceCaches();
    });
}

// In a transaction. They become what a worker's session begins with.
void forget_settings() {
    call([] {
        if (GetUserId() != GetSessionUserId())
            (void)set_config_option("role", "none", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET,
                                    true, 0, false);
        ResetAllOptions();
    });
    commit_without_waiting_from_now_on();
}

} // namespace

SessionState::SessionState() {
    beginning_ = applied_ = after_applying_ = in_transaction([] {
        commit_without_waiting_from_now_on();
        return capture_settings(GetSessionUserId());
    });
}

void SessionState::become(const std::string &wanted) {
    if (wanted == applied_ && !changed_)
        return;
    changed_ = true; // should it fail half way
    in_transaction([&] { apply_settings(wanted); });
    applied_ = wanted;
    after_applying_ = in_transaction([] { return capture_settings(GetUserId()); });
    changed_ = false;
}

void SessionState::reset() {
    in_transaction([] { forget_all_but_settings(); });
    in_transaction([&] {
        changed_ = GetUserId() != GetSessionUserId() ||
                   capture_settings(GetSessionUserId()) != after_applying_;
    });
    if (changed_) {
        const std::string wanted = applied_;
        become(wanted);
    }
}

void SessionState::reset_after_durable(bool workflow) {
    in_transaction([&] {
        if (workflow)
            forget_settings();
        forget_all_but_settings();
    });
}

} // namespace pgcrew::bgjob
