#include "core/link/control.hpp"

#include "core/etf/byte_source.hpp"
#include "core/etf/identifiers.hpp"
#include "core/etf/reader.hpp"
#include "core/etf/tags.hpp"

namespace pgcrew::erlang_bridge {
namespace {

// By the names of the protocol's documentation; TT: with a trace token, sent while a process of the
// peer is being traced. What is not here needs a capability that we did not announce.
enum class Op : std::uint64_t {
    Link = 1,
    Send = 2,
    Exit = 3,
    SendTT = 12,
    ExitTT = 13,
    SpawnReply = 31,
    SpawnReplyTT = 32,
    UnlinkId = 35,
};

constexpr char pass_through = 'p';
constexpr std::uint64_t linked_flag = 1;

Tag take_tag(ByteSource &in) { return static_cast<Tag>(in.byte()); }

std::uint64_t take_unsigned(ByteSource &in) {
    switch (take_tag(in)) {
    case Tag::small_integer:
        return in.byte();
    case Tag::integer: {
        const auto n = in.number<std::uint32_t>();
        if (n >> 31U != 0)
            in.fail("a control message has a negative number");
        return n;
    }
    case Tag::small_big: {
        const std::uint8_t size = in.byte();
        if (in.byte() != 0 || size > sizeof(std::uint64_t))
            in.fail("a control message has a number out of range");
        std::uint64_t n = 0;
        unsigned shift = 0;
        for (const char c : in.take(size)) {
            n |= std::uint64_t{static_cast<std::uint8_t>(c)} << shift;
            shift += 8;
        }
        if (n >> 63U != 0)
            in.fail("a control message has a number out of range");
        return n;
    }
    default:
        in.fail("a control message has something else where a number belongs");
    }
}

bool is_pid(ByteSource &in) {
    const Tag tag = take_tag(in);
    in.step_back();
    return tag == Tag::new_pid || tag == Tag::pid;
}

Pid take_pid(ByteSource &in, std::string &buffer) {
    if (!is_pid(in))
        in.fail("a control message has something else where a pid belongs");
    return read_pid(in, take_tag(in), buffer);
}

Reference take_reference(ByteSource &in, std::string &buffer) {
    const Tag tag = take_tag(in);
    if (tag != Tag::newer_reference && tag != Tag::new_reference)
        in.fail("a control message has something else where a reference belongs");
    return read_reference(in, tag, buffer);
}

std::string_view take_term(ByteSource &in) {
    TermVisitor nobody;
    return in.take(read_term(in.from(in.position(), in.left()), nobody));
}

void skip_term(ByteSource &in) { take_term(in); }

std::string_view rest(ByteSource &in) { return in.take(in.left()); }

std::string_view take_payload(ByteSource &in) {
    if (in.byte() != etf_version)
        in.fail("a message has another version than 131");
    return rest(in);
}

void expect_arity(ByteSource &in, std::uint8_t arity, std::uint8_t expected) {
    if (arity != expected)
        in.fail("a control message has " + std::to_string(arity) + " elements");
}

} // namespace

ControlMessage ControlReader::read(std::string_view frame) {
    using Kind = ControlMessage::Kind;
    ByteSource in(frame);
    if (in.byte() != static_cast<std::uint8_t>(pass_through) || in.byte() != etf_version ||
        take_tag(in) != Tag::small_tuple)
        in.fail("a frame does not begin with a control message");
    const std::uint8_t arity = in.byte();
    const auto op = static_cast<Op>(take_unsigned(in));
    ControlMessage message;
    switch (op) {
    case Op::Link: // from, to
        expect_arity(in, arity, 3);
        message.kind = Kind::Link;
        message.from = take_pid(in, from_);
        message.to = take_pid(in, to_);
        break;
    case Op::Send: // unused, to; message
    case Op::SendTT:
        expect_arity(in, arity, op == Op::Send ? 3 : 4);
        message.kind = Kind::Send;
        skip_term(in);
        message.to = take_pid(in, to_);
        if (op == Op::SendTT)
            skip_term(in);
        message.term = take_payload(in);
        break;
    case Op::Exit: // from, to, reason
    case Op::ExitTT:
        expect_arity(in, arity, op == Op::Exit ? 4 : 5);
        message.kind = Kind::Exit;
        message.from = take_pid(in, from_);
        message.to = take_pid(in, to_);
        if (op == Op::ExitTT)
            skip_term(in);
        message.term = rest(in);
        break;
    case Op::SpawnReply: // request, to, flags, pid or reason
    case Op::SpawnReplyTT:
        expect_arity(in, arity, op == Op::SpawnReply ? 5 : 6);
        message.kind = Kind::SpawnReply;
        message.request = take_reference(in, from_);
        message.to = take_pid(in, to_);
        message.linked = (take_unsigned(in) & linked_flag) != 0;
        if (is_pid(in))
            message.spawned = take_pid(in, spawned_);
        else
            message.term = take_term(in);
        break;
    case Op::UnlinkId: // id, from, to
        expect_arity(in, arity, 4);
        message.kind = Kind::UnlinkId;
        message.unlink_id = take_unsigned(in);
        message.from = take_pid(in, from_);
        message.to = take_pid(in, to_);
        break;
    default:
        break;
    }
    return message;
}

} // namespace pgcrew::erlang_bridge
