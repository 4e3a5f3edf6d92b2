// Fetches that find nothing wait a moment on the server, for most work comes soon. Whoever commits
// work wakes one of those that can take it.
#pragma once
#include "pgcrew/boundary.hpp"

extern "C" {
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob::duroxide {

enum class Work {
    Turn,     // a message for an orchestration
    Activity, // any worker can take it
    Routed,   // one with a tag or of a session
};

// Before the call() that notes work.
void prepare_to_note_work();
// When the transaction has committed there is work, due then. Within call().
void note_work(Oid schema, Work kind, TimestampTz due);
// The same of work that is leased until then.
void note_lease(Oid schema, Work kind, TimestampTz until);

// Work for those that wait there.
struct Room {
    Oid schema;
    Work kind;
};

// How a fetch waits: it looks, and calls wait() until it has found something or that says false.
// Nothing is waited for within a transaction that has other statements, or has written; nor by too
// many at a time, for a runtime has more dispatchers than connections, and needs some of those to
// go on with its work.
class WorkWaiter {
  public:
    explicit WorkWaiter(Room room) noexcept : room_(room) {}
    ~WorkWaiter();
    WorkWaiter(const WorkWaiter &) = delete;
    WorkWaiter &operator=(const WorkWaiter &) = delete;
    // Until there may be work, which is not before `next_due` unless somebody commits it.
    bool wait(TimestampTz next_due);

  private:
    Room room_;
    TimestampTz until_ = 0; // 0: has not begun to wait
};

} // namespace pgcrew::bgjob::duroxide
