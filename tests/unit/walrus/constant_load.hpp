// Constant loads on a simulated server under the rate law.
#pragma once
#include "plant.hpp"

#include <vector>

namespace walrus_test {

struct ConstantCourse {
    int forced = 0, late_forced = 0;   // late: after two checkpoint_timeouts
    int changes = 0, late_changes = 0; // late: in the second half
    int forced_before_change = 0;      // when the first change was made
    double overshoot = 1;              // largest size over the least that would have done
};

// The least size for this load, but not below the one at the start.
inline double least_mb(const Server &server, const Images &images, double mb_a_second) {
    Server unlimited = server;
    unlimited.max_wal_size_mb = 1 << 24;
    Plant plant(unlimited, images);
    std::vector<double> wal{0};
    double most = 0;
    const auto timeout = static_cast<std::size_t>(server.timeout_s);
    while (wal.size() <= 6 * timeout) {
        plant.second_passes(mb_a_second);
        wal.push_back(plant.wal_mb());
        if (wal.size() > timeout)
            most = std::max(most, wal.back() - wal[wal.size() - 1 - timeout]);
    }
    return std::max(server.max_wal_size_mb,
                    need_mb(static_cast<std::int64_t>(most * megabyte), server.geometry));
}

// 40 checkpoint_timeouts of it; what is forgotten after a day is here after 10 of them.
inline ConstantCourse hold_constant(const Server &server, const Images &images,
                                    double mb_a_second) {
    Plant plant(server, images);
    Walrus walrus({.max_mb = 1 << 20, .lookback_us = 10LL * server.timeout_s * second});
    walrus.tick(plant);
    ConstantCourse c;
    int largest = 0, forced_early = 0, changes_early = 0;
    for (int t = 1; t <= 40 * server.timeout_s; ++t) {
        plant.second_passes(mb_a_second);
        if (walrus.changes() == 0)
            c.forced_before_change = plant.forced();
        walrus.tick(plant);
        largest = std::max(largest, plant.max_wal_size());
        if (t == 2 * server.timeout_s)
            forced_early = plant.forced();
        if (t == 20 * server.timeout_s)
            changes_early = walrus.changes();
    }
    c.forced = plant.forced();
    c.late_forced = plant.forced() - forced_early;
    c.changes = walrus.changes();
    c.late_changes = walrus.changes() - changes_early;
    c.overshoot = largest / least_mb(server, images, mb_a_second);
    return c;
}

// 144 of them: 0.2 to 100 MB a second, timeouts of half a minute to half an hour, images none,
// some, and most of the WAL.
template <typename Visit> void for_constant_loads(Visit &&visit) {
    for (const int timeout_s : {30, 300, 900, 1800})
        for (const double completion_target : {0.5, 0.9})
            for (const double rate : {0.2, 1.0, 3.0, 10.0, 30.0, 100.0})
                for (const Images &images : {Images{0, 1}, Images{500, 200}, Images{4000, 1000}})
                    visit(Server{timeout_s, {16, completion_target}, 1024}, images, rate);
}

} // namespace walrus_test
