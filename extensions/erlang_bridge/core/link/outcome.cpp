#include "core/link/outcome.hpp"

#include "core/etf/byte_source.hpp"
#include "core/etf/identifiers.hpp"
#include "core/etf/reader.hpp"
#include "core/etf/tags.hpp"

#include <optional>
#include <string>

namespace pgcrew::erlang_bridge {
namespace {

Tag take_tag(ByteSource &in) { return static_cast<Tag>(in.byte()); }

// The size of the tuple that begins here, if one does.
std::optional<std::size_t> take_tuple(ByteSource &in) {
    if (in.left() < 2 || take_tag(in) != Tag::small_tuple)
        return std::nullopt;
    return in.byte();
}

// The text of the atom that begins here, if one does.
std::optional<std::string_view> take_atom(ByteSource &in, std::string &buffer) {
    if (in.left() == 0)
        return std::nullopt;
    const Tag tag = take_tag(in);
    if (tag == Tag::atom_utf8 || tag == Tag::small_atom_utf8 || tag == Tag::atom ||
        tag == Tag::small_atom)
        return read_atom(in, tag, buffer);
    return std::nullopt;
}

std::string_view rest(ByteSource &in) { return in.take(in.left()); }

std::string_view take_term(ByteSource &in) {
    TermVisitor nobody;
    return in.take(read_term(in.from(in.position(), in.left()), nobody));
}

bool take_own_reference(ByteSource &in, const Identity &self, std::uint64_t number) {
    if (in.left() == 0 || take_tag(in) != Tag::newer_reference)
        return false;
    std::string buffer;
    return self.number_of(read_reference(in, Tag::newer_reference, buffer)) == number;
}

// {Reference, return | throw | exit, Term}, {Reference, error, Reason} or
// {Reference, error, Reason, Stack}; anything else was not said by the function that ran the call.
std::optional<Outcome> told_outcome(std::string_view reason, const Identity &self,
                                    std::uint64_t number) {
    ByteSource in(reason);
    std::string buffer;
    const auto size = take_tuple(in);
    if (!size || (*size != 3 && *size != 4) || !take_own_reference(in, self, number))
        return std::nullopt;
    const auto kind = take_atom(in, buffer);
    if (kind == "error" && *size == 4) {
        const std::string_view value = take_term(in);
        return Outcome{Cause::RemoteError, value, rest(in)};
    }
    if (*size == 4)
        return std::nullopt;
    if (kind == "return")
        return Outcome{Cause::None, rest(in), {}};
    if (kind == "throw")
        return Outcome{Cause::RemoteThrow, rest(in), {}};
    if (kind == "exit")
        return Outcome{Cause::RemoteExit, rest(in), {}};
    if (kind == "error")
        return Outcome{Cause::RemoteError, rest(in), {}};
    return std::nullopt;
}

} // namespace

Outcome outcome_of_exit(std::string_view reason, const Identity &self, std::uint64_t number) {
    try {
        if (const auto told = told_outcome(reason, self, number))
            return *told;
    } catch (const Error &) { // costs this call, not the connection
        return {Cause::ProtocolError, {}, {}};
    }
    return {Cause::RemoteDied, reason, {}};
}

// {rex, Term}, where {badrpc, Reason} is a failure. A function that returns such a term cannot be
// told apart.
Outcome outcome_of_rex(std::string_view message) {
    try {
        ByteSource in(message);
        std::string buffer;
        if (take_tuple(in) != std::size_t{2} || take_atom(in, buffer) != "rex")
            return {Cause::ProtocolError, {}, {}};
        const std::string_view term = rest(in);
        ByteSource inner(term);
        if (take_tuple(inner) == std::size_t{2} && take_atom(inner, buffer) == "badrpc")
            return {Cause::RemoteExit, rest(inner), {}};
        return {Cause::None, term, {}};
    } catch (const Error &) {
        return {Cause::ProtocolError, {}, {}};
    }
}

} // namespace pgcrew::erlang_bridge
