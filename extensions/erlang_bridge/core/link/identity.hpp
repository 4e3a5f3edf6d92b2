// Us, as the node that pids and references name: numbers put into them come back from the peer.
#pragma once
#include "core/etf/visitor.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace pgcrew::erlang_bridge {

class Identity {
  public:
    Identity(std::string node, std::uint32_t creation)
        : node_(std::move(node)), creation_(creation) {}

    // They point to this.
    Pid pid(std::uint64_t number) const noexcept;
    Reference reference(std::uint64_t number) const noexcept;

    // The number in what the peer sent; 0 if it is not one of ours.
    std::uint64_t number_of(const Pid &pid) const noexcept;
    std::uint64_t number_of(const Reference &reference) const noexcept;

  private:
    std::string node_;
    std::uint32_t creation_;
};

} // namespace pgcrew::erlang_bridge
