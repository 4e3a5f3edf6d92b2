#include "pg/durable/cancel_wish.hpp"

#include "core/copy_text.hpp"
#include "pg/clip.hpp"
#include "pg/durable/commit_list.hpp"
#include "pg/durable/dispatcher.hpp"
#include "pg/durable/in_hand.hpp"
#include "pg/durable/tickets.hpp"

#include <algorithm>

extern "C" {
#include <miscadmin.h>
}

namespace pgcrew::bgjob {
namespace {

struct Untold {
    CancelWish wish;
    bool written;
};

void tell(const CommitList<Untold>::Entries &untold) {
    bool dispatcher_is_needed = false;
    {
        Locked locked(LW_EXCLUSIVE);
        DurableDatabase &entry = require_durable_database(locked, MyDatabaseId);
        for (const auto &[u, made_in] : untold) {
            (void)interrupt_job(locked, MyDatabaseId, u.wish);
            if (u.written)
                continue;
            dispatcher_is_needed = true;
            const auto same = [job = u.wish.job](const CancelWish &wish) {
                return wish.job == job;
            };
            const CancelWish *const begin = entry.wish;
            const bool known = std::any_of(begin, begin + entry.wishes, same);
            if (!known && entry.wishes < database_wishes)
                entry.wish[entry.wishes++] = u.wish;
        }
    }
    if (dispatcher_is_needed)
        want_dispatcher(MyDatabaseId);
}

void refuse_prepare() {
    throw Error(sqlstate::feature_not_supported,
                "cannot prepare a transaction that has cancelled a job which is being run", "",
                "Cancel the job in a transaction of its own.");
}

} // namespace

void wish_at_commit(JobId job, const std::string &reason, Wish kind) {
    static auto *const untold =
        new CommitList<Untold>("telling of a cancel", tell, refuse_prepare); // for ever
    (void)segment();
    Untold u{{job, {}}, kind == Wish::Written};
    copy_text(u.wish.reason, clipped(reason, sizeof u.wish.reason - 1));
    untold->add(u);
}

std::vector<CancelWish> wishes_of(Oid database) {
    std::vector<CancelWish> wishes;
    wishes.reserve(database_wishes);
    Locked locked(LW_EXCLUSIVE);
    const DurableDatabase &entry = require_durable_database(locked, database);
    wishes.assign(entry.wish, entry.wish + entry.wishes);
    return wishes;
}

void forget_wish(Oid database, JobId job) {
    Locked locked(LW_EXCLUSIVE);
    DurableDatabase &entry = require_durable_database(locked, database);
    CancelWish *const end = entry.wish + entry.wishes;
    CancelWish *const left = std::remove_if(
        entry.wish + 0, end, [job](const CancelWish &wish) { return wish.job == job; });
    entry.wishes = static_cast<int32>(left - entry.wish);
}

} // namespace pgcrew::bgjob
