// A session's hold on a request it waits for.
#pragma once
#include "pg/requests.hpp"

namespace pgcrew::erlang_bridge {

class OwnRequest : NoCopy {
  public:
    explicit OwnRequest(const Submission &submission);
    ~OwnRequest(); // gives it up if it is not finished

    // Until it is finished; interruptible.
    const Request &wait();

  private:
    Request &request_;
};

} // namespace pgcrew::erlang_bridge
