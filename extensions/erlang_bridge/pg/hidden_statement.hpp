// Keeps a statement that holds a cookie out of the server's log when it fails.
#pragma once
#include "pgcrew/guards.hpp"

#include <exception>

namespace pgcrew::erlang_bridge {

// An error that is raised within the scope is logged without its STATEMENT. It is logged only after
// the scope was left, hence then the abort of the (sub)transaction brings the setting back.
class HiddenStatement : NoCopy {
  public:
    HiddenStatement();
    ~HiddenStatement();

  private:
    int level_;
    int exceptions_ = std::uncaught_exceptions();
};

} // namespace pgcrew::erlang_bridge
