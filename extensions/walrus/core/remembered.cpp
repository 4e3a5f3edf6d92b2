#include "core/remembered.hpp"

#include "pgcrew/error.hpp"
#include "pgcrew/json.hpp"

#include <algorithm>
#include <cstdint>

namespace pgcrew::walrus {
namespace {

constexpr int version = 1;
constexpr std::size_t most_peaks = 4096;

// Only the minutes in use, oldest first.
Json minutes_to_json(const MinuteLog &log) {
    Json list = Json::array();
    for (std::int64_t n = log.newest - log.filled + 1; n <= log.newest; ++n) {
        const auto &minute = log.minutes[static_cast<std::size_t>(n % MinuteLog::size)];
        list.push_back({minute.wal_kb, minute.image_kb});
    }
    return {{"newest", log.newest}, {"kb", std::move(list)}};
}

void require(bool condition) {
    if (!condition)
        throw Error(sqlstate::invalid_text_representation, "a value is out of range");
}

MinuteLog minutes_from_json(const Json &json) {
    MinuteLog log;
    const Json &list = json.at("kb");
    const auto newest = json.at("newest").get<std::int64_t>();
    require(list.size() <= MinuteLog::size && newest >= -1 && newest < INT64_MAX);
    if (list.empty())
        return log;
    std::int64_t number = newest - static_cast<std::int64_t>(list.size()) + 1;
    require(number >= 0);
    log.newest = newest;
    log.filled = static_cast<int>(list.size());
    for (const Json &minute : list)
        log.minutes[static_cast<std::size_t>(number++ % MinuteLog::size)] = {
            minute.at(0).get<std::uint32_t>(), minute.at(1).get<std::uint32_t>()};
    return log;
}

Remembered from_json(const Json &json) {
    require(json.at("version").get<int>() == version);
    Remembered r;
    if (const Json &original = json.at("original"); !original.is_null()) {
        r.original = {original.at("was_set").get<bool>(), original.at("size_mb").get<int>()};
        require(r.original->size_mb > 0);
    }
    r.learning_since = json.at("learning_since").get<std::int64_t>();
    require(json.at("peaks").size() <= most_peaks);
    for (const Json &peak : json.at("peaks")) {
        r.peaks.push_back({peak.at(0).get<std::int64_t>(), peak.at(1).get<std::int64_t>()});
        require(r.peaks.back().at >= 0 && r.peaks.back().bytes >= 0);
    }
    r.minutes = minutes_from_json(json.at("minutes"));
    r.replay_rate = json.at("replay_rate").get<std::int64_t>();
    require(r.replay_rate >= 0 && r.learning_since >= 0);
    return r;
}
} // namespace

std::string to_text(const Remembered &r) {
    Json peaks = Json::array();
    for (const Peak &peak : r.peaks)
        peaks.push_back({peak.at, peak.bytes});
    Json original;
    if (r.original)
        original = {{"was_set", r.original->was_set}, {"size_mb", r.original->size_mb}};
    return dump_json({{"version", version},
                      {"original", std::move(original)},
                      {"learning_since", r.learning_since},
                      {"peaks", std::move(peaks)},
                      {"minutes", minutes_to_json(r.minutes)},
                      {"replay_rate", r.replay_rate}});
}

Remembered remembered(std::string_view text) {
    try {
        return from_json(parse_json(text));
    } catch (const Json::exception &e) {
        throw Error(sqlstate::invalid_text_representation, "the text is no state of walrus",
                    e.what());
    }
}
} // namespace pgcrew::walrus
