// walrus_sim [--tsv]: four days of six loads on a simulated server under five rules for
// max_wal_size, and without --tsv 144 constant loads besides. The server starts at 1 GB with
// checkpoint_timeout 5 min; no rule may go above 64 GB.
//
// Columns: trace, rule, checkpoints forced by WAL, of them on the last day, changes, of them on the
// last day, final size in MB, WAL relative to an unlimited max_wal_size.
#include "../unit/walrus/constant_load.hpp"

#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

using namespace walrus_test;

namespace {

constexpr int days = 4;
constexpr int cap_mb = 65536;

// pg_walrus with its default settings: threshold 2, shrinking by 0.75 after 5 quiet intervals down
// to 1 GB, a cooldown of 300 s, 4 changes in an hour that begins with the first of them.
class PgWalrus {
  public:
    void tick(Plant &plant) {
        const int now = plant.now();
        if (now == 0 || now % plant.server().timeout_s != 0)
            return;
        const std::optional<int> before = std::exchange(requested_, plant.requested());
        if (!before)
            return;
        const int delta = *requested_ - *before;
        const int current = plant.max_wal_size();
        if (delta >= 2) {
            quiet_ = 0;
            const int target = std::min(classic_target(current, delta), cap_mb);
            if (target > current && may_change(now))
                change(plant, target);
        } else if (++quiet_ >= 5 && current > least_mb) {
            const int target = std::max(static_cast<int>(std::ceil(current * 0.75)), least_mb);
            if (target < current && may_change(now)) {
                change(plant, target);
                quiet_ = 0;
            }
        }
    }
    int changes() const { return changes_; }

  private:
    static constexpr int least_mb = 1024;
    static constexpr int hour_s = 3600;

    bool may_change(int now) const {
        const bool cooling = changes_ > 0 && now < last_change_ + 300;
        return !cooling && !(changes_ > 0 && now < hour_began_ + hour_s && in_hour_ >= 4);
    }
    void change(Plant &plant, int mb) {
        const int now = plant.now();
        if (changes_ == 0 || now >= hour_began_ + hour_s) {
            hour_began_ = now;
            in_hour_ = 0;
        }
        ++in_hour_;
        ++changes_;
        last_change_ = now;
        plant.resize(mb);
    }

    std::optional<int> requested_; // so far, at the look before
    int quiet_ = 0, changes_ = 0, last_change_ = 0, hour_began_ = 0, in_hour_ = 0;
};

void print(bool tsv, const char *trace, const char *rule, const Course &c,
           double unlimited_wal_mb) {
    std::printf(tsv ? "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%.4f\n"
                    : "%-26s %-10s %7d %9d %8d %9d %8d %7.3f\n",
                trace, rule, c.forced, c.forced_last_day, c.changes, c.changes_last_day, c.end_mb,
                c.wal_mb / unlimited_wal_mb);
}

void run_traces(bool tsv) {
    if (!tsv)
        std::printf("%-26s %-10s %7s %9s %8s %9s %8s %7s\n", "load", "rule", "forced", "last day",
                    "changes", "last day", "final MB", "WAL");
    for (const Trace &trace : traces) {
        const Course unlimited = follow(trace, {.max_wal_size_mb = cap_mb}, Fixed{}, days);
        const auto show = [&](const char *rule, const Course &course) {
            print(tsv, trace.name, rule, course, unlimited.wal_mb);
        };
        show("unlimited", unlimited);
        show("fixed", follow(trace, {}, Fixed{}, days));
        show("pg_walrus", follow(trace, {}, PgWalrus{}, days));
        show("classic",
             follow(trace, {}, Walrus({.algorithm = Algorithm::Classic, .max_mb = cap_mb}), days));
        show("rate", follow(trace, {}, Walrus({.max_mb = cap_mb}), days));
    }
}

void run_constant_loads() {
    std::vector<double> overshoot;
    int late_forced = 0, late_changes = 0, most_forced = 0, most_changes = 0;
    for_constant_loads([&](const Server &server, const Images &images, double mb_a_second) {
        const ConstantCourse c = hold_constant(server, images, mb_a_second);
        late_forced += c.late_forced > 0 ? 1 : 0;
        late_changes += c.late_changes > 0 ? 1 : 0;
        most_forced = std::max(most_forced, c.forced);
        most_changes = std::max(most_changes, c.changes);
        overshoot.push_back(c.overshoot);
    });
    std::sort(overshoot.begin(), overshoot.end());
    std::printf(
        "\n%zu constant loads: %d with forced checkpoints after 2 checkpoint_timeouts, %d with "
        "late "
        "changes; at most %d forced and %d changes; largest size / least that would have done: "
        "median %.2f, 90 %% below %.2f, at most %.2f\n",
        overshoot.size(), late_forced, late_changes, most_forced, most_changes,
        overshoot[overshoot.size() / 2], overshoot[overshoot.size() * 9 / 10], overshoot.back());
}

} // namespace

int main(int argc, char **argv) {
    const bool tsv = argc > 1 && std::strcmp(argv[1], "--tsv") == 0;
    run_traces(tsv);
    if (!tsv)
        run_constant_loads();
}
