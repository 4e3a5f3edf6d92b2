// A time zone of the server, for cron expressions.
#pragma once
#include "core/fire_time.hpp"
#include "pgcrew/postgres.hpp"

#include <string>

extern "C" {
#include <pgtime.h>
}

namespace pgcrew::bgjob {

class ServerTimeZone final : public TimeZone {
  public:
    explicit ServerTimeZone(const std::string &name); // 22023 if there is none of that name
    ServerTimeZone();                                 // of the session
    Stretch at(std::int64_t unix_s) const override;
    std::string name() const; // as the server spells it

  private:
    pg_tz *zone_; // the server keeps it
};

} // namespace pgcrew::bgjob
