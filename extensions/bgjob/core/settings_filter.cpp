#include "core/settings_filter.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace pgcrew::bgjob {
namespace {

constexpr std::array<std::string_view, 7> left_out{"role",
                                                   "is_superuser",
                                                   "transaction_isolation",
                                                   "transaction_read_only",
                                                   "transaction_deferrable",
                                                   "seed",
                                                   "in_hot_standby"};

class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
    bool at_end() const { return position_ >= bytes_.size(); }
    std::size_t position() const { return position_; }
    std::string_view text() {
        const std::size_t end = bytes_.find('\0', position_);
        if (end == std::string_view::npos)
            throw std::invalid_argument("settings: a text does not end");
        const std::string_view found = bytes_.substr(position_, end - position_);
        position_ = end + 1;
        return found;
    }
    void skip(std::size_t n) {
        if (n > bytes_.size() - position_)
            throw std::invalid_argument("settings: an entry is cut off");
        position_ += n;
    }

  private:
    std::string_view bytes_;
    std::size_t position_ = 0;
};

} // namespace

std::string filter_settings(std::string_view serialised, std::string_view role) {
    std::size_t length = 0;
    if (serialised.size() < sizeof length)
        throw std::invalid_argument("settings: no length");
    std::memcpy(&length, serialised.data(), sizeof length);
    if (length > serialised.size() - sizeof length)
        throw std::invalid_argument("settings: longer than the buffer");
    const std::string_view entries = serialised.substr(sizeof length, length);

    std::string kept(sizeof length, '\0');
    kept.reserve(sizeof length + length + role.size());
    for (Cursor cursor(entries); !cursor.at_end();) {
        const std::size_t start = cursor.position();
        const std::string_view name = cursor.text();
        cursor.text();
        const std::size_t after_value = cursor.position();
        if (!cursor.text().empty())
            cursor.skip(sizeof(int));
        cursor.skip(2 * sizeof(int) + sizeof(std::uint32_t));
        if (std::find(left_out.begin(), left_out.end(), name) != left_out.end())
            continue;
        if (name == "session_authorization") {
            kept.append(name).push_back('\0');
            kept.append(role).push_back('\0');
            kept.append(entries.substr(after_value, cursor.position() - after_value));
        } else {
            kept.append(entries.substr(start, cursor.position() - start));
        }
    }
    length = kept.size() - sizeof length;
    std::memcpy(kept.data(), &length, sizeof length);
    return kept;
}

} // namespace pgcrew::bgjob
