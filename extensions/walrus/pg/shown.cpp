#include "pg/shown.hpp"

#include "core/explain.hpp"
#include "pg/settings.hpp"
#include "pgcrew/clock.hpp"
#include "pgcrew/json.hpp"

extern "C" {
#include <mb/pg_wchar.h>
#include <utils/datetime.h>
#include <utils/guc.h>
#include <utils/json.h>
}

namespace pgcrew::walrus {

std::optional<Picture> seen() { return shared() == nullptr ? std::nullopt : std::optional(look()); }

MinuteLog recorded_demand() {
    MinuteLog copy;
    if (Shared *s = shared()) {
        const LockGuard lock(&s->lock, LW_SHARED);
        copy = s->minutes;
    }
    return copy;
}

std::int64_t now_us() noexcept { return SystemClock().now(); }

const char *setting(const char *name) {
    return call([&] { return GetConfigOptionByName(name, nullptr, false); });
}

std::string obstacle(const Picture &p) {
    switch (p.standing) {
    case Standing::Active:
        break;
    case Standing::Off:
        return "walrus is switched off by walrus.enable or walrus.mode";
    case Standing::Advising:
        return "walrus only advises, because of walrus.mode or walrus.dry_run";
    case Standing::Standby:
        return "the server is in recovery: walrus only advises until it is promoted";
    case Standing::Overridden:
        return std::string("max_wal_size comes from the source \"") + p.origin.source +
               "\", which ALTER SYSTEM does not reach: change it there";
    case Standing::WriteFailed:
        return "ALTER SYSTEM failed with SQLSTATE " + SqlState(p.failure.sqlstate).text() +
               ": walrus tries again from time to time";
    case Standing::NotTaken:
        return "the server did not take the size that was written: see pg_file_settings; walrus "
               "tries again from time to time";
    }
    return {};
}

std::string explanation(const Picture &p) {
    if (p.standing == Standing::Off)
        return obstacle(p);
    return has_decision(p) ? sentence(p.decision) : "walrus has not looked at the server yet";
}

std::string statement(const Picture &p) {
    const Decision &d = p.decision;
    const bool by_hand = p.standing == Standing::Advising || p.standing == Standing::Standby ||
                         p.standing == Standing::WriteFailed;
    if (!by_hand || d.recommended_mb == d.current_mb)
        return {};
    return statement_to_set(d.recommended_mb);
}

Json moment_json(std::int64_t us) {
    if (us == 0)
        return nullptr;
    char text[MAXDATELEN + 1];
    call([&] { (void)JsonEncodeDateTime(text, to_datum(Timestamp{us}), TIMESTAMPTZOID, nullptr); });
    return text;
}

std::string foreign_text(const char *text) {
    std::string valid;
    for (const char *p = text; *p != '\0';) {
        const int length =
            pg_encoding_verifymbchar(GetDatabaseEncoding(), p, static_cast<int>(strlen(p)));
        valid.append(length > 0 ? p : "?", static_cast<std::size_t>(length > 0 ? length : 1));
        p += length > 0 ? length : 1;
    }
    return valid;
}
} // namespace pgcrew::walrus
