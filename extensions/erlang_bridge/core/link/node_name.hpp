// The name of an Erlang node, checked before it is used for anything.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

// `alive@host`, 3 to 255 bytes. The alive part is [A-Za-z0-9_-]+; the host is an IPv4 or IPv6
// address in its usual form or a name that cannot be taken for an address.
class NodeName {
  public:
    static std::optional<NodeName> parse(std::string_view text);

    const std::string &full() const noexcept { return full_; }
    std::string_view alive() const noexcept { return std::string_view(full_).substr(0, at_); }
    std::string_view host() const noexcept { return std::string_view(full_).substr(at_ + 1); }
    bool operator==(const NodeName &other) const noexcept { return full_ == other.full_; }

  private:
    NodeName(std::string full, std::size_t at) : full_(std::move(full)), at_(at) {}
    std::string full_;
    std::size_t at_; // of the '@'
};

bool valid_alive(std::string_view alive) noexcept;
bool valid_host(std::string_view host) noexcept;

} // namespace pgcrew::erlang_bridge
