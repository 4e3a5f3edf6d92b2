// What we ask epmd, the port mapper of a host: the port of a node, and the names of all nodes.
// One connection answers one question; epmd closes it after its answer.
#pragma once
#include "core/link/cause.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgcrew::erlang_bridge {

inline constexpr std::uint16_t epmd_default_port = 4369;

class EpmdPortQuery {
  public:
    explicit EpmdPortQuery(std::string_view alive);

    struct Answer {
        Cause cause; // None, NotRegistered or EpmdInvalid
        std::uint16_t port;
    };
    const std::string &request() const noexcept { return request_; }
    std::optional<Answer> on_bytes(std::string_view bytes);             // empty: more is needed
    static Answer on_end() noexcept { return {Cause::EpmdInvalid, 0}; } // before the answer

  private:
    std::string alive_, request_, input_;
};

struct EpmdName {
    std::string alive;
    std::uint16_t port;
    bool operator==(const EpmdName &) const = default;
};

class EpmdNamesQuery {
  public:
    explicit EpmdNamesQuery(std::size_t max_bytes = std::size_t{1} << 20U) noexcept
        : max_bytes_(max_bytes) {}

    static std::string request();
    bool on_bytes(std::string_view bytes);               // false: too much, give up
    std::optional<std::vector<EpmdName>> on_end() const; // empty: EpmdInvalid

  private:
    std::size_t max_bytes_;
    std::string input_;
};

} // namespace pgcrew::erlang_bridge
