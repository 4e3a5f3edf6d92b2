// The error a job ended with: how it gets into the registry, and out of it.
#pragma once
#include "core/error_record.hpp"
#include "pg/registry.hpp"
#include "pgcrew/server_error.hpp"

namespace pgcrew::bgjob {

// An error record in shared memory, made before the lock is taken; given back unless a job took
// it. Without memory for it the job still learns the SQLSTATE.
class PackedError : NoCopy {
  public:
    explicit PackedError(const ServerErrorData *error); // null: no error
    ~PackedError();
    void move_into(Job &job) noexcept;

  private:
    int sqlstate_ = 0;
    dsa_pointer at_ = InvalidDsaPointer;
    std::size_t size_ = 0;
};

ServerErrorData describe(const Error &error);
Error cancelled_before_it_ran();

// Lock held.
ErrorFields error_of(const Job &job);
std::string message_of_error(const Job &job); // empty when there is none

// Ends a job with an error. Lock not held; nothing happens if the job has ended meanwhile.
// `context`: the line of the worker, null for none.
void finish_with_error(JobId id, JobState how, const Error &error, const char *context);
void fail_queued_job(JobId id, const Error &error);
// False if a worker has taken the job meanwhile.
bool cancel_queued_job(JobId id);

} // namespace pgcrew::bgjob
