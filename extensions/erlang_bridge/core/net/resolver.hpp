// The addresses of a host, without waiting for them.
#pragma once
#include "core/net/address.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace pgcrew::erlang_bridge {

// One look-up. Addresses are known at once; names are asked for by a thread of the C library,
// which blocks all signals and ends by itself. A look-up may be destroyed at any time.
class Resolver {
  public:
    static constexpr std::size_t most_addresses = 8;

    explicit Resolver(std::string_view host);
    ~Resolver();
    Resolver(const Resolver &) = delete;
    Resolver &operator=(const Resolver &) = delete;

    // Empty: not known yet, ask again in some milliseconds. No addresses: the host is unknown.
    std::optional<std::vector<Address>> result();

  private:
    struct Request;
    static std::vector<std::unique_ptr<Request>> &orphans();

    std::unique_ptr<Request> request_; // none: the host is an address, or cannot be asked for
    std::vector<Address> known_;
};

} // namespace pgcrew::erlang_bridge
