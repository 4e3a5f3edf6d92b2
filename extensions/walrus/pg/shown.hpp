// What the SQL functions have in common: copies of the shared state, also where there is none, and
// their fields as SQL values. What is not known becomes NULL.
#pragma once
#include "pg/shared.hpp"
#include "pgcrew/json_fwd.hpp"
#include "pgcrew/values.hpp"

#include <optional>
#include <string>

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::walrus {

std::optional<Picture> seen();         // empty: walrus is not preloaded
MinuteLog recorded_demand();           // empty too then
std::int64_t now_us() noexcept;        // since the Unix epoch, as in Picture
const char *setting(const char *name); // its value as SHOW prints it

// False until the first look of a worker that is not switched off, and after a reset until the
// next.
inline bool has_decision(const Picture &p) noexcept { return p.decision.current_mb != 0; }

// Why walrus does not apply what it decides, and how that ends; empty if it does.
std::string obstacle(const Picture &);
// What walrus does and why.
std::string explanation(const Picture &);
// What to run by hand in its place; empty if there is nothing to do, or it would not help.
std::string statement(const Picture &);

inline Value moment(std::int64_t us) noexcept {
    return us == 0 ? Value::null(TIMESTAMPTZOID) : Value(Timestamp{us});
}
Json moment_json(std::int64_t us); // as to_jsonb(timestamptz)

// Text of another process, whose encoding may be another: `?` for bytes that are not valid here.
std::string foreign_text(const char *);
} // namespace pgcrew::walrus
