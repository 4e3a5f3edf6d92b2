// next_times: what a cron expression means, before a schedule is made of it.
#include "pg/durable/schedule_table.hpp"
#include "pg/durable/schedule_zone.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {

namespace {
constexpr std::int32_t most_times = 10'000;
}

PGCREW_FUNCTION(bgjob_next_times) {
    const Args args(fcinfo);
    const CronExpression cron = parse_cron(args.text(0, "cron"));
    const auto name = args.opt_text(1);
    const ServerTimeZone zone = name ? ServerTimeZone(*name) : ServerTimeZone();
    const std::int32_t wanted = args.int32(2, "n");
    if (wanted < 0 || wanted > most_times)
        throw Error(sqlstate::invalid_parameter_value,
                    "n must be between 0 and " + std::to_string(most_times));
    Timestamp at = args.opt_timestamp(3).value_or(current_time());
    SetResult times(fcinfo);
    for (std::int32_t i = 0; i < wanted; ++i) {
        check_for_interrupts();
        const auto next = next_after(cron, zone, at.unix_us);
        if (!next)
            break;
        at = {*next};
        times.put({at});
    }
    return times.done();
}

} // namespace pgcrew::bgjob
