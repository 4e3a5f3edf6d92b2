#include "pg/durable/job_lock.hpp"

#include "pgcrew/compat.hpp"

extern "C" {
#include <miscadmin.h>
#include <storage/lock.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr uint16 lock_class = 0x6a62; // the SQL functions use 1 and 2

LOCKTAG tag_of(int64 job) {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(static_cast<uint64>(job) >> 32),
                         static_cast<uint32>(job), lock_class);
    return tag;
}

} // namespace

JobLock::JobLock(int64 job)
    : job_(job), taken_(call([&] {
          const LOCKTAG tag = tag_of(job);
          return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
      })) {}

JobLock::~JobLock() {
    if (taken_ && held())
        cleanup("unlocking a job", [job = job_] {
            const LOCKTAG tag = tag_of(job);
            LockRelease(&tag, ExclusiveLock, true);
        });
}

bool JobLock::held() const {
    return taken_ && call([&] {
               const LOCKTAG tag = tag_of(job_);
               return compat::lock_held_by_me(&tag, ExclusiveLock);
           });
}

bool lock_job_until_commit(int64 job) {
    return call([job] {
        const LOCKTAG tag = tag_of(job);
        return !compat::lock_held_by_me(&tag, ExclusiveLock) &&
               LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
    });
}

} // namespace pgcrew::bgjob
