#include "core/link/identity.hpp"

namespace pgcrew::erlang_bridge {
namespace {

// A pid's first number has 28 bits, a reference's first word 18: what every release accepts.
constexpr unsigned id_bits = 28, word_bits = 18;

constexpr std::uint32_t low(std::uint64_t n, unsigned bits) noexcept {
    return static_cast<std::uint32_t>(n & ((std::uint64_t{1} << bits) - 1));
}

} // namespace

Pid Identity::pid(std::uint64_t number) const noexcept {
    return {
        node_, low(number, id_bits), static_cast<std::uint32_t>(number >> id_bits), creation_, {}};
}

Reference Identity::reference(std::uint64_t number) const noexcept {
    return {node_,
            creation_,
            {low(number, word_bits), static_cast<std::uint32_t>(number >> word_bits),
             static_cast<std::uint32_t>(number >> (word_bits + 32))},
            3,
            {}};
}

std::uint64_t Identity::number_of(const Pid &pid) const noexcept {
    if (pid.node != node_ || pid.creation != creation_ || pid.id >> id_bits != 0)
        return 0;
    return std::uint64_t{pid.serial} << id_bits | pid.id;
}

std::uint64_t Identity::number_of(const Reference &reference) const noexcept {
    const auto &words = reference.words;
    if (reference.node != node_ || reference.creation != creation_ || reference.count != 3 ||
        words[0] >> word_bits != 0 || words[2] >> (32 - word_bits) != 0)
        return 0;
    return std::uint64_t{words[2]} << (word_bits + 32) | std::uint64_t{words[1]} << word_bits |
           words[0];
}

} // namespace pgcrew::erlang_bridge
