// NOTICEs, WARNINGs and INFOs of a job: caught in the worker, shown again to who reads the result.
#pragma once
#include "pg/registry.hpp"

namespace pgcrew::bgjob {

// In a worker, once: what the server would send to a client comes to us.
void install_notice_capture();

// While this lives, messages are collected; then they become those of the job.
class NoticeCapture : NoCopy {
  public:
    explicit NoticeCapture(JobId id) noexcept;
    ~NoticeCapture();

  private:
    JobId id_;
};

// Raises the job's messages here, each at its own level.
void replay_notices(JobId id, int64 cookie);

} // namespace pgcrew::bgjob
