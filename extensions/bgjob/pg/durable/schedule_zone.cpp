#include "pg/durable/schedule_zone.hpp"

#include "pgcrew/boundary.hpp"

namespace pgcrew::bgjob {

ServerTimeZone::ServerTimeZone(const std::string &name)
    : zone_(name.empty() ? nullptr : call([&] { return pg_tzset(name.c_str()); })) {
    if (zone_ == nullptr)
        throw Error(sqlstate::invalid_parameter_value, "time zone \"" + name + "\" not recognized");
    if (!pg_tz_acceptable(zone_))
        throw Error(sqlstate::feature_not_supported,
                    "time zone \"" + name + "\" appears to use leap seconds",
                    "PostgreSQL does not support leap seconds.");
}

ServerTimeZone::ServerTimeZone() : zone_(session_timezone) {}

TimeZone::Stretch ServerTimeZone::at(std::int64_t unix_s) const {
    const pg_time_t at = unix_s;
    pg_time_t boundary = 0;
    long offset = 0, next_offset = 0;
    int dst = 0, next_dst = 0;
    const int found =
        pg_next_dst_boundary(&at, &offset, &dst, &boundary, &next_offset, &next_dst, zone_);
    return {offset, found > 0 ? boundary : never};
}

std::string ServerTimeZone::name() const { return pg_get_timezone_name(zone_); }

} // namespace pgcrew::bgjob
