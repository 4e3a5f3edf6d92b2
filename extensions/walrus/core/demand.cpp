#include "core/demand.hpp"

#include <algorithm>
#include <limits>

namespace pgcrew::walrus {

bool went_back(const Sample &from, const Sample &to) noexcept {
    return to.at < from.at || to.lsn < from.lsn || to.fpi < from.fpi || to.forced < from.forced ||
           to.timed < from.timed || to.other < from.other;
}

void DemandWindow::add(const Sample &sample) {
    // Of samples that stand close together the later one is kept, so that a long
    // checkpoint_timeout takes no more memory than a short one.
    const std::int64_t spacing = timeout_us / (most_samples / 2);
    if (samples.size() >= 2 && sample.at - samples[samples.size() - 2].at < spacing)
        samples.back() = sample;
    else
        samples.push_back(sample);
    while (samples.size() > 2 && samples[1].at <= sample.at - timeout_us)
        samples.pop_front();
}

void PeakHistory::add(const Sample &sample, std::int64_t demand, std::int64_t timeout_us,
                      std::int64_t lookback_us) {
    if (since == 0)
        since = sample.at;
    if (opened_at == 0) {
        opened_at = sample.at;
        open_forced = sample.forced;
    }
    open_peak = std::max(open_peak, demand);
    while (!closed.empty() && closed.front().at < sample.at - lookback_us)
        closed.pop_front();
    if (sample.at - opened_at < timeout_us)
        return;
    // Short intervals share a slot.
    const std::int64_t width = lookback_us / (most_slots - 10);
    const std::size_t n = closed.size();
    if (n >= 2 && closed[n - 1].at - closed[n - 2].at < width)
        closed.back() = {sample.at, std::max(closed.back().bytes, open_peak)};
    else
        closed.push_back({sample.at, open_peak});
    quiet = sample.forced != open_forced ? 0 : quiet + 1;
    opened_at = sample.at;
    open_forced = sample.forced;
    open_peak = demand;
}

void PeakHistory::restart(const Sample &sample, std::int64_t pause_us) {
    for (Peak &peak : closed)
        peak.at = std::min(peak.at, sample.at);
    if (since != 0)
        since = std::min(since + pause_us, sample.at);
    opened_at = sample.at;
    open_forced = sample.forced;
    quiet = 0;
}

std::int64_t PeakHistory::most() const noexcept {
    std::int64_t most = open_peak;
    for (const Peak &peak : closed)
        most = std::max(most, peak.bytes);
    return most;
}

bool PeakHistory::spans(std::int64_t now, std::int64_t lookback_us) const noexcept {
    return since != 0 && now - since >= lookback_us;
}

void MinuteLog::add(std::int64_t number, std::int64_t wal, std::int64_t images) noexcept {
    const bool clock_is_back = newest >= 0 && number < newest;
    if (number < 0 || clock_is_back)
        return;
    const std::int64_t begun = newest < 0 ? 1 : std::min<std::int64_t>(number - newest, size);
    for (std::int64_t i = 0; i < begun; ++i)
        minutes[static_cast<std::size_t>((number - i) % size)] = {};
    filled = static_cast<int>(std::min<std::int64_t>(filled + begun, size));
    newest = number;
    Minute &minute = minutes[static_cast<std::size_t>(number % size)];
    const auto add_kb = [](std::uint32_t &kb, std::int64_t bytes) {
        constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
        kb = static_cast<std::uint32_t>(
            std::min(kb + std::max<std::int64_t>(bytes, 0) / 1024, most));
    };
    add_kb(minute.wal_kb, wal);
    add_kb(minute.image_kb, std::min(images, wal));
}

} // namespace pgcrew::walrus
