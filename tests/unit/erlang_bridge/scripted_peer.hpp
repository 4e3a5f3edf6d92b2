// The other side of a link as a test plays it: handshake packets and frames of a node.
#pragma once
#include "core/etf/byte_source.hpp"
#include "core/etf/writer.hpp"
#include "core/link/big_endian.hpp"
#include "core/link/digest.hpp"
#include "core/link/identity.hpp"

#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge::peer {

inline const std::string node = "srv@peer.example", cookie = "secret",
                         given_name = "2F7K@pg.example";
inline constexpr std::uint32_t given_creation = 0x12345678, challenge = 0xFEDCBA98;
// As OTP 25 announces.
inline constexpr std::uint64_t flags = 0x0000000D07DF7FBDU;

inline std::string packet(std::string_view body, std::size_t header_bytes = 2) {
    std::string out;
    if (header_bytes == 4)
        append_number(out, static_cast<std::uint32_t>(body.size()));
    else
        append_number(out, static_cast<std::uint16_t>(body.size()));
    return out.append(body);
}

inline std::string named_status(std::string_view name = given_name) {
    std::string body = "snamed:";
    append_number(body, static_cast<std::uint16_t>(name.size()));
    body.append(name);
    append_number(body, given_creation);
    return body;
}

inline std::string challenge_body(std::string_view name = node, std::uint64_t announced = flags) {
    std::string body = "N";
    append_number(body, announced);
    append_number(body, challenge);
    append_number(body, std::uint32_t{7});
    append_number(body, static_cast<std::uint16_t>(name.size()));
    return body.append(name);
}

inline std::string ack_body(std::uint32_t their_challenge, std::string_view with = cookie) {
    const Digest digest = cookie_digest(with, their_challenge);
    return "a" + std::string(digest.begin(), digest.end());
}

inline std::string frame(std::string_view body) {
    std::string out;
    append_number(out, static_cast<std::uint32_t>(body.size()));
    return out.append(body);
}

// A control message: `write` writes the elements after the operation.
template <class F> std::string control(std::size_t arity, std::int64_t operation, F write) {
    TermWriter out;
    out.raw("p");
    out.version();
    out.tuple(arity);
    out.integer(operation);
    write(out);
    return frame(out.bytes());
}

inline std::string atom(std::string_view text) {
    TermWriter out;
    out.atom(text);
    return out.take();
}

inline std::string pid_term(const Pid &pid) {
    TermWriter out;
    out.pid(pid);
    return out.take();
}

// A process of the peer.
inline Pid process(std::uint32_t id) { return {node, id, 0, 7, {}}; }

inline const Identity &us() {
    static const Identity identity(given_name, given_creation);
    return identity;
}

inline std::string spawn_reply(std::uint64_t call, const Pid &spawned, std::int64_t how = 1) {
    return control(5, 31, [&](TermWriter &out) {
        out.reference(us().reference(call));
        out.pid(us().pid(call));
        out.integer(how);
        out.pid(spawned);
    });
}

inline std::string spawn_refused(std::uint64_t call, std::string_view reason) {
    return control(5, 31, [&](TermWriter &out) {
        out.reference(us().reference(call));
        out.pid(us().pid(call));
        out.integer(0);
        out.atom(reason);
    });
}

// `reason` is a raw term.
inline std::string exit(const Pid &from, const Pid &to, std::string_view reason) {
    return control(4, 3, [&](TermWriter &out) {
        out.pid(from);
        out.pid(to);
        out.raw(reason);
    });
}

// {Reference, Kind, Term} or {Reference, Kind, Term, Stack}
inline std::string outcome(std::uint64_t call, std::string_view kind, std::string_view term,
                           std::string_view stack = {}) {
    TermWriter out;
    out.tuple(stack.empty() ? 3 : 4);
    out.reference(us().reference(call));
    out.atom(kind);
    out.raw(term);
    out.raw(stack);
    return out.take();
}

inline std::string answer(std::uint64_t call, const Pid &from, std::string_view kind,
                          std::string_view term) {
    return exit(from, us().pid(call), outcome(call, kind, term));
}

inline std::string message(std::uint64_t to, std::string_view term) {
    TermWriter payload;
    payload.version();
    payload.raw(term);
    std::string head = control(3, 2, [&](TermWriter &out) {
        out.atom("");
        out.pid(us().pid(to));
    });
    return frame(head.substr(4) + payload.bytes());
}

} // namespace pgcrew::erlang_bridge::peer
