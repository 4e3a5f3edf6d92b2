// Arguments and results of SQL functions.
#pragma once
#include "pgcrew/memory.hpp"
#include "pgcrew/values.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

extern "C" {
#include <funcapi.h>
#include <utils/tuplestore.h>
}

namespace pgcrew {

// The arguments of the running call. Accessors without opt_ raise 22004 "<name> must not be null"
// on NULL; the name may be left out in a STRICT function.
class Args {
  public:
    explicit Args(FunctionCallInfo fcinfo) noexcept : fcinfo_(fcinfo) {}

    int count() const noexcept { return fcinfo_->nargs; }
    bool is_null(int i) const noexcept { return fcinfo_->args[i].isnull; }
    Datum datum(int i, const char *name = nullptr) const;

    bool boolean(int i, const char *name = nullptr) const;
    std::int32_t int32(int i, const char *name = nullptr) const;
    std::int64_t int64(int i, const char *name = nullptr) const;
    double float64(int i, const char *name = nullptr) const;
    Oid oid(int i, const char *name = nullptr) const;
    std::string text(int i, const char *name = nullptr) const;
    std::string jsonb(int i, const char *name = nullptr) const; // its text
    Timestamp timestamp(int i, const char *name = nullptr) const;
    // An interval in milliseconds, rounded up: a month has 30 days, a day 24 hours. The infinities
    // become the extremes; any other interval fits.
    std::int64_t interval_ms(int i, const char *name = nullptr) const;

    std::optional<bool> opt_boolean(int i) const { return opt(i, &Args::boolean); }
    std::optional<std::int32_t> opt_int32(int i) const { return opt(i, &Args::int32); }
    std::optional<std::int64_t> opt_int64(int i) const { return opt(i, &Args::int64); }
    std::optional<double> opt_float64(int i) const { return opt(i, &Args::float64); }
    std::optional<Oid> opt_oid(int i) const { return opt(i, &Args::oid); }
    std::optional<std::string> opt_text(int i) const { return opt(i, &Args::text); }
    std::optional<std::string> opt_jsonb(int i) const { return opt(i, &Args::jsonb); }
    std::optional<Timestamp> opt_timestamp(int i) const { return opt(i, &Args::timestamp); }
    std::optional<std::int64_t> opt_interval_ms(int i) const { return opt(i, &Args::interval_ms); }

  private:
    template <class T> std::optional<T> opt(int i, T (Args::*get)(int, const char *) const) const {
        return is_null(i) ? std::nullopt : std::optional<T>((this->*get)(i, nullptr));
    }
    FunctionCallInfo fcinfo_;
};

// NULL as the function's result.
inline Datum null(FunctionCallInfo fcinfo) noexcept {
    fcinfo->isnull = true;
    return 0;
}
// Any value as the function's result.
Datum result(FunctionCallInfo fcinfo, const Value &);

// A composite result of the function's declared row type.
class Record {
  public:
    explicit Record(FunctionCallInfo fcinfo);
    TupleDesc desc() const noexcept { return desc_; }
    // One value a column; their types must be those of the columns.
    Datum make(std::initializer_list<Value> values) const;

  private:
    TupleDesc desc_ = nullptr;
};

// The result of a set-returning function, kept in a tuplestore the executor reads afterwards.
// Needs a caller that accepts that: otherwise 0A000.
class SetResult : NoCopy {
  public:
    explicit SetResult(FunctionCallInfo fcinfo);
    // One value a column; their types must be those of the columns.
    void put(std::initializer_list<Value> values);
    Datum done() const noexcept { return 0; } // what the function returns

    // For raw use, within call().
    TupleDesc desc() const noexcept { return desc_; }
    Tuplestorestate *store() const noexcept { return store_; }

  private:
    TupleDesc desc_ = nullptr;
    Tuplestorestate *store_ = nullptr;
    OwnedMemory row_{"pgcrew result row"};
};
} // namespace pgcrew
