// The view why: the last decision in one row, what it rests on, what stands in its way, and other
// settings worth a look.
#include "core/explain.hpp"
#include "pg/settings.hpp"
#include "pg/shown.hpp"
#include "pgcrew/args.hpp"

#include <cmath>
#include <vector>

extern "C" {
#include <access/xlog.h>
}

namespace pgcrew::walrus {
namespace {

double megabytes(std::int64_t bytes) {
    return std::round(static_cast<double>(bytes) / megabyte * 10) / 10;
}

double utilisation(const Decision &d) {
    const auto demand = static_cast<double>(d.demand), trigger = static_cast<double>(d.trigger);
    return trigger > 0 ? std::round(1000 * demand / trigger) / 1000 : 0;
}

double image_share(const MinuteLog &log) {
    std::int64_t wal = 0, images = 0;
    for (const MinuteLog::Minute &minute : log.minutes) {
        wal += minute.wal_kb;
        images += minute.image_kb;
    }
    return wal > 0 ? static_cast<double>(images) / static_cast<double>(wal) : 0;
}

// Most of the room is taken by WAL that a slot, the archiver or wal_keep_size holds back.
bool retained_fills_disk(const Environment &e) {
    return e.disk_free >= 0 && e.wal_retained > e.current_mb * megabyte &&
           e.wal_retained > e.disk_free;
}

Value other_settings(const Picture &p) {
    if (!has_decision(p))
        return Value::null(TEXTARRAYOID);
    const AdviceInput input{.decision = p.decision,
                            .environment = p.environment,
                            .image_share = image_share(recorded_demand()),
                            .wal_compression = ::wal_compression != WAL_COMPRESSION_NONE,
                            .retained_fills_disk = retained_fills_disk(p.environment),
                            .config = settings::law()};
    std::vector<std::string> lines;
    for (const Advice &a : advice(input))
        lines.push_back(std::string(a.setting) + " = " + a.value + ": " + a.why);
    return text_array(lines);
}

} // namespace

PGCREW_FUNCTION(walrus_last_decision) {
    SetResult rows(fcinfo);
    const std::optional<Picture> p = seen();
    if (!p)
        return rows.done();
    const Decision &d = p->decision;
    const bool decided = has_decision(*p);
    const auto of_decision = [&](const Value &v) { return decided ? v : Value::null(v.type()); };
    const std::string words = explanation(*p), hurdle = obstacle(*p), by_hand = statement(*p),
                      limit = limited(d) ? name(d.limit) : "", source = p->origin.source,
                      file = foreign_text(p->origin.file),
                      failure = foreign_text(p->failure.message),
                      cure = decided ? unbind(d, settings::law(), p->environment) : "";
    rows.put({decided ? d.current_mb : max_wal_size_mb,
              of_decision(d.recommended_mb),
              of_decision(name(d.action)),
              of_decision(name(d.reason)),
              words,
              name(p->standing),
              text_or_null(hurdle),
              text_or_null(by_hand),
              int_or_null(d.want_mb),
              of_decision(d.floor_mb),
              of_decision(d.cap_mb),
              text_or_null(limit),
              text_or_null(cure),
              of_decision(megabytes(d.demand)),
              of_decision(megabytes(d.peak)),
              of_decision(megabytes(d.trigger)),
              of_decision(utilisation(d)),
              of_decision(static_cast<std::int64_t>(d.forced)),
              of_decision(static_cast<std::int64_t>(d.timed)),
              of_decision(static_cast<std::int64_t>(d.other)),
              of_decision(static_cast<double>(d.window_us) / 1e6),
              of_decision(d.full_window),
              interval_of(p->environment.timeout_us),
              text_or_null(source),
              text_or_null(file),
              int_or_null(p->origin.line),
              text_or_null(failure),
              moment(p->retry_at),
              other_settings(*p),
              moment(p->checked_at)});
    return rows.done();
}
} // namespace pgcrew::walrus
