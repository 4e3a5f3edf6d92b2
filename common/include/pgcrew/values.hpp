// SQL values in C++ clothes, and the way into the server and back.
#pragma once
#include "pgcrew/boundary.hpp"

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgcrew {

// The text of a jsonb value.
struct Jsonb {
    std::string text;
};

// A timestamptz: microseconds since the Unix epoch, as Clock::now() gives them. The extremes are
// the infinities.
struct Timestamp {
    std::int64_t unix_us = 0;
    static constexpr std::int64_t infinity = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t minus_infinity = std::numeric_limits<std::int64_t>::min();
    friend constexpr bool operator==(Timestamp, Timestamp) = default;
};
Datum to_datum(Timestamp) noexcept;
Timestamp timestamp_from_datum(Datum) noexcept;

// A value on its way into the server. It refers to the caller's text and owns nothing, so it may
// stand inside call(). Implicit on purpose: lists of values are written as plain C++ values.
class Value {
  public:
    Value(std::nullopt_t) noexcept;
    Value(bool) noexcept;
    Value(double) noexcept;
    Value(Oid) noexcept;
    Value(Timestamp) noexcept;
    Value(std::string_view) noexcept;
    Value(const std::string &text) noexcept : Value(std::string_view(text)) {}
    Value(const char *text) noexcept : Value(std::string_view(text)) {}
    Value(const Jsonb &) noexcept;
    template <std::signed_integral T>
    requires(sizeof(T) <= 8 && !std::same_as<T, char>) Value(T number)
    noexcept : Value(Integer{}, static_cast<std::int64_t>(number), sizeof(T) == 8) {}
    template <class T>
    Value(const std::optional<T> &value) noexcept : Value(value ? Value(*value) : null_of<T>()) {}
    template <class T> Value(const T *) = delete; // would turn into bool
    static Value datum(Datum, Oid type) noexcept; // already the server's
    static Value null(Oid type) noexcept;

    Oid type() const noexcept { return type_; }
    bool is_null() const noexcept { return null_; }
    // Server call: allocates in the current context; text must be valid in the server's encoding.
    Datum make() const;

  private:
    struct Integer {};
    Value(Integer, std::int64_t, bool wide) noexcept;
    template <class T> static Value null_of() noexcept {
        const T sample{};
        return null(Value(sample).type());
    }
    Oid type_;
    bool null_ = false;
    Datum datum_ = 0;
    const char *text_ = nullptr;
    std::size_t length_ = 0;
};

// What is not there becomes NULL: an empty text, 0, no object.
Value text_or_null(const std::string &) noexcept;
Value int_or_null(std::int32_t) noexcept;
Value bigint_or_null(std::int64_t) noexcept;

// An interval of so many microseconds, in the current context.
Value interval_of(std::int64_t us);

// A text[] in the current context.
Value text_array(const std::vector<std::string> &);

// A text datum in the current context.
Datum make_text(std::string_view);
// Any value as a datum in the current context; null gives 0.
Datum make_datum(const Value &);
} // namespace pgcrew
