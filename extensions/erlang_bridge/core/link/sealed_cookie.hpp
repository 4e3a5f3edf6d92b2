// A cookie as it is stored: encrypted and authenticated with a key, and bound to the node's name,
// so that it opens for no other node. All sealed cookies have the same size.
#pragma once
#include "core/link/cookie.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

inline constexpr std::size_t sealing_key_size = 32;

// Memory that no swap and no core dump holds, wiped when it is freed.
class GuardedMemory {
  public:
    explicit GuardedMemory(std::size_t size);
    GuardedMemory(GuardedMemory &&other) noexcept;
    GuardedMemory &operator=(GuardedMemory &&) = delete;
    ~GuardedMemory();
    unsigned char *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    unsigned char *data_;
    std::size_t size_;
};

GuardedMemory new_sealing_key();

// The key has sealing_key_size bytes.
std::string seal_cookie(const Cookie &cookie, std::string_view node, const GuardedMemory &key);

// Empty with another key, for another node, or if a bit has changed.
std::optional<Cookie> open_sealed_cookie(std::string_view sealed, std::string_view node,
                                         const GuardedMemory &key);

} // namespace pgcrew::erlang_bridge
