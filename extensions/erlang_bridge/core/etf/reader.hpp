// Reads a term from bytes that nobody vouches for. No byte outside the given ones is touched, every
// length is compared with the bytes left before it is believed, nesting needs no stack of ours and
// is limited. Compressed terms are refused: nodes never send them, and what one unfolds to has no
// honest bound.
//
// Bytes that are no term are a protocol violation (08P01), a term beyond the limits is 54000 or
// 54001.
#pragma once
#include "core/etf/limits.hpp"
#include "core/etf/visitor.hpp"

#include <string_view>
#include <vector>

namespace pgcrew::erlang_bridge {

// Reads the term that begins the bytes, which has no version byte, and returns its size.
std::size_t read_term(std::string_view bytes, TermVisitor &visitor, const Limits &limits = {});

// The same for a version byte and a term.
std::size_t read_external(std::string_view bytes, TermVisitor &visitor, const Limits &limits = {});

// The same where nothing may follow.
void read_whole_term(std::string_view bytes, TermVisitor &visitor, const Limits &limits = {});
void read_whole_external(std::string_view bytes, TermVisitor &visitor, const Limits &limits = {});

// The bytes of each element of a tuple that has no version byte and after which nothing follows;
// empty if it is no tuple or has more elements than that.
std::vector<std::string_view> tuple_elements(std::string_view bytes, std::size_t at_most,
                                             const Limits &limits = {});

} // namespace pgcrew::erlang_bridge
