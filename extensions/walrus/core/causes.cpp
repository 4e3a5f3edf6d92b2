#include "core/causes.hpp"

#include "core/sizing.hpp"

#include <algorithm>
#include <charconv>

namespace pgcrew::walrus {
namespace {

bool is_word(std::string_view text, std::size_t at, std::size_t length) noexcept {
    const auto ends = [&](std::size_t i) { return i >= text.size() || text[i] == ' '; };
    return (at == 0 || text[at - 1] == ' ') && ends(at + length);
}

bool has_word(std::string_view text, std::string_view word) noexcept {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1))
        if (is_word(text, at, word.size()))
            return true;
    return false;
}

// The first "high/low" in hexadecimal, however the words around it are translated.
std::optional<std::uint64_t> location(std::string_view text) noexcept {
    for (std::size_t slash = text.find('/'); slash != std::string_view::npos;
         slash = text.find('/', slash + 1)) {
        const std::size_t before = text.substr(0, slash).find_last_not_of("0123456789abcdefABCDEF");
        const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
        std::uint32_t high = 0;
        std::uint32_t low = 0;
        const char *const end = text.data() + text.size();
        const auto first = std::from_chars(text.data() + start, text.data() + slash, high, 16);
        const auto second = std::from_chars(text.data() + slash + 1, end, low, 16);
        if (first.ec == std::errc() && first.ptr == text.data() + slash && second.ec == std::errc())
            return static_cast<std::uint64_t>(high) << 32 | low;
    }
    return std::nullopt;
}

// The last "seconds.hundredths" of the text, in microseconds.
std::optional<std::int64_t> last_seconds(std::string_view text) noexcept {
    constexpr std::string_view digits = "0123456789";
    const std::size_t point = text.rfind('.');
    if (point == std::string_view::npos)
        return std::nullopt;
    const std::size_t before = text.substr(0, point).find_last_not_of(digits);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    std::int64_t seconds = 0;
    int hundredths = 0;
    const char *const end = text.data() + text.size();
    const auto whole = std::from_chars(text.data() + start, text.data() + point, seconds);
    const auto part = std::from_chars(text.data() + point + 1, end, hundredths);
    constexpr std::int64_t century_s = 100LL * 366 * 86400;
    if (whole.ec != std::errc() || part.ec != std::errc() || part.ptr != text.data() + point + 3 ||
        seconds > century_s)
        return std::nullopt;
    return seconds * 1'000'000 + hundredths * 10'000LL;
}

} // namespace

std::optional<CheckpointStart> checkpoint_start(std::string_view message_id,
                                                std::string_view message) noexcept {
    const bool restartpoint = message_id.starts_with("restartpoint starting:");
    if (!restartpoint && !message_id.starts_with("checkpoint starting:"))
        return std::nullopt;
    if (has_word(message, "wal"))
        return CheckpointStart{Cause::Wal, restartpoint};
    return CheckpointStart{has_word(message, "time") ? Cause::Time : Cause::Other, restartpoint};
}

std::optional<std::uint64_t> redo_starts_at(std::string_view message_id,
                                            std::string_view message) noexcept {
    return message_id.starts_with("redo starts at ") ? location(message) : std::nullopt;
}

std::optional<RedoDone> redo_done(std::string_view message_id, std::string_view message) noexcept {
    if (!message_id.starts_with("redo done at "))
        return std::nullopt;
    const auto at = location(message);
    const auto elapsed = last_seconds(message);
    if (!at || !elapsed)
        return std::nullopt;
    return RedoDone{*at, *elapsed};
}

bool forced_by_wal(std::int64_t advance, std::int64_t trigger, int segment_mb) noexcept {
    const std::int64_t segment = segment_mb * megabyte;
    return advance >= std::max(trigger - segment, segment);
}

} // namespace pgcrew::walrus
