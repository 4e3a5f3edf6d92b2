// Who works on a workflow: an advisory lock of the session, of a class that no SQL function gives.
// It spares double work; that each step counts once is for the key of bgjob.step to see to. SQL of
// a step can let go of it, with pg_advisory_unlock_all(): that is noticed before the step commits.
#pragma once
#include "pgcrew/guards.hpp"

namespace pgcrew::bgjob {

class JobLock : NoCopy {
  public:
    explicit JobLock(int64 job); // does not wait
    ~JobLock();
    bool held() const; // still

  private:
    int64 job_;
    bool taken_;
};

// For who changes a workflow that no worker has: until the end of the transaction none takes it up.
// False if one has it, this process included.
bool lock_job_until_commit(int64 job);

} // namespace pgcrew::bgjob
