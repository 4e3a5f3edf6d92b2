// Failures of durable jobs as they are logged and kept: with the job, and of a bounded size.
#pragma once
#include "pg/job.hpp"
#include "pgcrew/guards.hpp"
#include "pgcrew/server_error.hpp"

#include <string>

namespace pgcrew::bgjob {

// Names the job, but not its arguments, in the context of what is logged meanwhile.
class JobContext : NoCopy {
  public:
    explicit JobContext(JobId job);
    ~JobContext();

  private:
    std::string text_;
    ErrorContextScope scope_;
};

// The exception that is being handled. Of the job whose context is the current one.
ServerErrorData failure_of_job();

} // namespace pgcrew::bgjob
