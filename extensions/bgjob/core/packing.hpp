// Numbers and texts in a string of bytes: the form in which descriptions of columns and errors
// travel through shared memory.
#pragma once
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace pgcrew::bgjob {

class Packer {
  public:
    void number(std::uint32_t n) { bytes_.append(reinterpret_cast<const char *>(&n), sizeof n); }
    void text(std::string_view s) {
        number(static_cast<std::uint32_t>(s.size()));
        bytes_.append(s);
    }
    std::string take() noexcept { return std::move(bytes_); }

  private:
    std::string bytes_;
};

// Reads in the order of writing; throws std::invalid_argument when the bytes end too early.
class Unpacker {
  public:
    explicit Unpacker(std::string_view bytes) noexcept : rest_(bytes) {}
    std::uint32_t number() {
        std::uint32_t n = 0;
        std::memcpy(&n, take(sizeof n).data(), sizeof n);
        return n;
    }
    std::string_view text() { return take(number()); }
    bool at_end() const noexcept { return rest_.empty(); }

  private:
    std::string_view take(std::size_t size) {
        if (rest_.size() < size)
            throw std::invalid_argument("packed data ends too early");
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::string_view rest_;
};

} // namespace pgcrew::bgjob
