// Who may do something with an item: whoever has the token of its lease.
#pragma once
#include "core/lock_token.hpp"
#include "pg/duroxide/clock.hpp"
#include "pg/duroxide/provider.hpp"

extern "C" {
#include <miscadmin.h>
}

namespace pgcrew::bgjob::duroxide {

struct Lease {
    TimestampTz now;
    int64 now_ms, until_ms;
    Datum token;
};

// From now on. Server calls.
Lease new_lease(std::string_view subject, int64 duration_ms);

// A transaction-level lock on an instance or session, which comes before its rows: whoever has it
// finds them as they will be.
class SubjectLock {
  public:
    enum Kind : uint32 { Instance, Session };
    SubjectLock(Kind kind, Oid schema, std::string_view subject);
    bool try_take() const; // within call(), like all of them
    void take() const;
    void release() const;

  private:
    uint64 key_;
};

} // namespace pgcrew::bgjob::duroxide
