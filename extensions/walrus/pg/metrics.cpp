// The view metrics and openmetrics(): one list of samples, as rows and as OpenMetrics text. What is
// not known is left out. Samples of one metric stand together, as OpenMetrics wants them.
#include "core/explain.hpp"
#include "pg/settings.hpp"
#include "pg/shown.hpp"
#include "pgcrew/args.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

extern "C" {
#include <access/xlog.h>
}

namespace pgcrew::walrus {
namespace {

enum class Type { Gauge, Counter };

struct Metric {
    const char *name; // without the counter's suffix _total
    Type type;
    std::string labels; // cause="wal"
    double value;
    const char *help;
    std::string full_name() const {
        return type == Type::Counter ? name + std::string("_total") : name;
    }
};

class Metrics {
  public:
    void gauge(const char *name, double value, const char *help, std::string labels = {}) {
        list_.push_back({name, Type::Gauge, std::move(labels), value, help});
    }
    void counter(const char *name, double value, const char *help, std::string labels = {}) {
        list_.push_back({name, Type::Counter, std::move(labels), value, help});
    }
    std::vector<Metric> take() { return std::move(list_); }

  private:
    std::vector<Metric> list_;
};

std::string label(const char *name, const char *value) {
    return std::string(name) + "=\"" + value + '"';
}

double seconds(std::int64_t us) { return static_cast<double>(us) / 1e6; }
double bytes(std::int64_t mb) { return static_cast<double>(mb * megabyte); }

void worker_metrics(Metrics &out, const Picture &p) {
    out.gauge("walrus_worker_running", p.pid != 0, "Whether the worker runs.");
    constexpr std::array standings = {
        Standing::Active,     Standing::Off,         Standing::Advising, Standing::Standby,
        Standing::Overridden, Standing::WriteFailed, Standing::NotTaken};
    for (const Standing s : standings)
        out.gauge("walrus_standing", p.standing == s, "Whether walrus stands so, by state.",
                  label("state", name(s)));
    out.counter("walrus_adjustments", static_cast<double>(p.total_adjustments),
                "Changes of max_wal_size by walrus.");
    out.gauge("walrus_cooldown_seconds",
              seconds(std::max<std::int64_t>(p.cooldown_until - now_us(), 0)),
              "Time until the next change is allowed.");
    if (p.checked_at != 0)
        out.gauge("walrus_last_check_timestamp_seconds", seconds(p.checked_at),
                  "When the worker last looked, since the Unix epoch.");
    if (p.adjusted_at != 0)
        out.gauge("walrus_last_adjustment_timestamp_seconds", seconds(p.adjusted_at),
                  "When walrus last changed max_wal_size, since the Unix epoch.");
}

void decision_metrics(Metrics &out, const Decision &d) {
    out.gauge("walrus_recommended_max_wal_size_bytes", bytes(d.recommended_mb),
              "The size that the demand asks for, within the limits.");
    out.gauge("walrus_floor_bytes", bytes(d.floor_mb), "The least size that walrus sets.");
    out.gauge("walrus_cap_bytes", bytes(d.cap_mb), "The largest size that walrus sets.");
    for (const Limit l : {Limit::Max, Limit::Disk, Limit::Recovery})
        out.gauge("walrus_limit_sets_cap", d.limit == l,
                  "Whether the limit sets the cap, by limit.", label("limit", name(l)));
    out.gauge("walrus_demand_bytes", static_cast<double>(d.demand),
              "WAL written per checkpoint_timeout.");
    out.gauge("walrus_demand_peak_bytes", static_cast<double>(d.peak),
              "The most WAL written per checkpoint_timeout in the last day.");
    out.gauge("walrus_trigger_bytes", static_cast<double>(d.trigger),
              "WAL that forces a checkpoint under the present max_wal_size.");
    out.gauge("walrus_quiet_intervals", d.quiet_intervals,
              "Intervals in a row without a checkpoint forced by WAL.");
    out.gauge("walrus_changes_last_hour", d.changes_this_hour,
              "Changes by walrus within the last hour.");
}

void environment_metrics(Metrics &out, const Environment &e) {
    out.gauge("walrus_checkpoint_timeout_seconds", seconds(e.timeout_us), "checkpoint_timeout.");
    out.gauge("walrus_wal_bytes", static_cast<double>(e.wal_used), "Size of pg_wal.");
    out.gauge("walrus_wal_retained_bytes", static_cast<double>(e.wal_retained),
              "WAL kept for slots, the archiver or wal_keep_size.");
    if (e.disk_free >= 0)
        out.gauge("walrus_disk_free_bytes", static_cast<double>(e.disk_free),
                  "Room left on the filesystem of pg_wal.");
    if (e.replay_rate > 0)
        out.gauge("walrus_replay_bytes_per_second", static_cast<double>(e.replay_rate),
                  "Learned speed of recovery.");
}

void checkpoint_metrics(Metrics &out, const Picture &p, Shared &s) {
    constexpr std::array names = {"wal", "time", "other"};
    for (int i = 0; i < causes; ++i)
        out.counter("walrus_checkpoints",
                    static_cast<double>(pg_atomic_read_u64(&s.checkpoints[i].count) +
                                        pg_atomic_read_u64(&s.inferred[i])),
                    "Checkpoints started, by cause.", label("cause", names[i]));
    out.counter("walrus_requested_checkpoints", static_cast<double>(p.requested),
                "Checkpoints that the server's own statistics call requested, whatever asked.");
    for (int i = 0; i < causes; ++i)
        out.counter("walrus_restartpoints",
                    static_cast<double>(pg_atomic_read_u64(&s.restartpoints[i].count)),
                    "Restartpoints started, by cause.", label("cause", names[i]));
}

std::vector<Metric> metrics() {
    Metrics out;
    if (const std::optional<Picture> p = seen()) {
        out.gauge("walrus_enabled", settings::enable, "Whether walrus.enable is on.");
        out.gauge("walrus_max_wal_size_bytes", bytes(max_wal_size_mb), "max_wal_size.");
        worker_metrics(out, *p);
        checkpoint_metrics(out, *p, *shared());
        if (has_decision(*p))
            decision_metrics(out, p->decision);
        if (p->checked_at != 0)
            environment_metrics(out, p->environment);
    }
    return out.take();
}

const char *name(Type type) { return type == Type::Counter ? "counter" : "gauge"; }

std::string shortest(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

std::string openmetrics(const std::vector<Metric> &list) {
    std::string text;
    std::string_view family;
    for (const Metric &s : list) {
        if (family != s.name) {
            family = s.name;
            text += std::string("# TYPE ") + s.name + ' ' + name(s.type) + '\n';
            text += std::string("# HELP ") + s.name + ' ' + s.help + '\n';
        }
        text += s.full_name() + (s.labels.empty() ? "" : '{' + s.labels + '}') + ' ' +
                shortest(s.value) + '\n';
    }
    return text + "# EOF\n";
}

} // namespace

PGCREW_FUNCTION(walrus_metric_values) {
    SetResult rows(fcinfo);
    for (const Metric &s : metrics())
        rows.put({s.full_name(), text_or_null(s.labels), name(s.type), s.value, s.help});
    return rows.done();
}

PGCREW_FUNCTION(walrus_openmetrics) { return result(fcinfo, openmetrics(metrics())); }
} // namespace pgcrew::walrus
