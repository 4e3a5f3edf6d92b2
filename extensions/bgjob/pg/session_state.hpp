// The state of a worker's session, which no job may leave to the next one.
#pragma once
#include "pgcrew/guards.hpp"

#include <string>

namespace pgcrew::bgjob {

// Keeps the settings of this session at those of the last launched job, and knows when a job
// changed them. Durable jobs find the settings that the session has begun with.
class SessionState : NoCopy {
  public:
    SessionState();

    // The settings become these, as captured in another session.
    void become(const std::string &wanted);

    // After a launched job: nothing of it stays for the next one.
    void reset();

    void return_to_beginning() { become(beginning_); }

    // After durable jobs. The settings of a statement have gone with its transaction; what a
    // workflow has set does not.
    void reset_after_durable(bool workflow);

  private:
    std::string beginning_, applied_, after_applying_;
    bool changed_ = false;
};

} // namespace pgcrew::bgjob
