// The funs that a term carries: whoever gets `fun os:cmd/1` as an argument will call it, so that
// each of them needs the same permission as a call.
#pragma once
#include "core/etf/limits.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pgcrew::erlang_bridge {

struct FunName {
    std::string module, function; // of a closure: pgcrew::erlang_bridge::closure
    friend bool operator==(const FunName &, const FunName &) = default;
};

// Each once, in the order they come, those within closures too. The term has no version byte. More
// than 64 different ones are 54000; else what the reader has to say.
std::vector<FunName> funs_in_term(std::string_view term, const Limits &limits = {});

} // namespace pgcrew::erlang_bridge
