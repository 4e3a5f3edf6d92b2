// SQL on the private tables, as the extension's owner, whoever calls and whatever search_path.
// Needs a snapshot.
#pragma once
#include "pgcrew/guards.hpp"
#include "pgcrew/spi.hpp"

namespace pgcrew::bgjob {

class OwnersSql : NoCopy {
  public:
    OwnersSql();
    template <class... P> Rows execute(Sql sql, const P &...parameters) {
        return spi_.execute(sql, parameters...);
    }

  private:
    UserScope owner_;
    GucScope settings_;
    Spi spi_;
};

} // namespace pgcrew::bgjob
