// Typed SQL through SPI.
#pragma once
#include "pgcrew/guards.hpp"
#include "pgcrew/values.hpp"

#include <string>
#include <vector>

namespace pgcrew {

struct SpiOptions {
    bool read_only = false;
    std::uint64_t limit = 0; // 0: all rows
};

// The text of a statement. Ours are constants of the program, values go in as parameters: SQL put
// together at run time does not compile, unless it says that somebody gave it.
class Sql {
  public:
    consteval Sql(const char *constant) : text_(constant) {}
    static Sql given(const std::string &by_user) noexcept { return {by_user.c_str(), Given{}}; }
    const char *text() const noexcept { return text_; }

  private:
    struct Given {};
    Sql(const char *text, Given) noexcept : text_(text) {}
    const char *text_;
};

// The outcome of one statement. Values are copied out: they outlive the session.
class Rows {
  public:
    std::size_t size() const noexcept {
        return columns_.empty() ? 0 : cells_.size() / columns_.size();
    }
    bool empty() const noexcept { return size() == 0; }
    std::size_t columns() const noexcept { return columns_.size(); }
    std::uint64_t processed() const noexcept { return processed_; } // rows touched by INSERT etc.

    bool is_null(std::size_t row, std::size_t column) const { return cell(row, column).null; }

    // T: bool, std::int32_t, std::int64_t, double, Oid, Timestamp, Jsonb, std::string (the text
    // form of any type that is not one of the former). A wrong T or NULL is an Error.
    template <class T> T get(std::size_t row, std::size_t column) const;
    template <class T> std::optional<T> opt(std::size_t row, std::size_t column) const {
        return is_null(row, column) ? std::nullopt : std::optional<T>(get<T>(row, column));
    }

  private:
    friend class Spi;
    struct Cell {
        bool null = true;
        Datum scalar = 0; // of types passed by value
        std::string text; // of all others
    };
    const Cell &cell(std::size_t row, std::size_t column) const;
    const Cell &not_null(std::size_t row, std::size_t column) const;
    std::vector<Oid> columns_; // their types
    std::vector<Cell> cells_;
    std::uint64_t processed_ = 0;
};

template <> bool Rows::get<bool>(std::size_t row, std::size_t column) const;
template <> std::int32_t Rows::get<std::int32_t>(std::size_t row, std::size_t column) const;
template <> std::int64_t Rows::get<std::int64_t>(std::size_t row, std::size_t column) const;
template <> double Rows::get<double>(std::size_t row, std::size_t column) const;
template <> Oid Rows::get<Oid>(std::size_t row, std::size_t column) const;
template <> Timestamp Rows::get<Timestamp>(std::size_t row, std::size_t column) const;
template <> Jsonb Rows::get<Jsonb>(std::size_t row, std::size_t column) const;
template <> std::string Rows::get<std::string>(std::size_t row, std::size_t column) const;

// An SPI session in the running transaction. The caller's memory context stays current. When a
// server ERROR passes through, the session is left to the (sub)transaction's abort.
class Spi : NoCopy {
  public:
    Spi();
    ~Spi();

    // Runs one statement; $1, $2 ... are the parameters. Options are spelt with their type:
    // execute(SpiOptions{.read_only = true}, sql, ...).
    template <class... P> Rows execute(Sql sql, const P &...parameters) {
        return execute(SpiOptions{}, sql, parameters...);
    }
    template <class... P> Rows execute(const SpiOptions &options, Sql sql, const P &...parameters) {
        // One more than needed: an array of none is not C++.
        const Value values[] = {Value(parameters)..., Value(std::nullopt)};
        return run(options, sql, values, sizeof...(P));
    }

  private:
    Rows run(const SpiOptions &, Sql sql, const Value *values, std::size_t count);
};
} // namespace pgcrew
