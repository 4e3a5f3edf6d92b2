#include "core/link/frames.hpp"

#include "core/etf/writer.hpp"

#include <limits>

namespace pgcrew::erlang_bridge {
namespace {

enum class Op : std::uint8_t {
    Send = 2,
    Exit = 3,
    RegSend = 6,
    Exit2 = 8,
    SpawnRequest = 29,
    UnlinkIdAck = 36
};

constexpr std::size_t length_bytes = 4, usual_bytes = 320;

// What a term may have in it was checked by whoever wrote it; what a frame may have, by the queue.
constexpr Limits unlimited{std::numeric_limits<std::size_t>::max(),
                           std::numeric_limits<std::size_t>::max()};

class Frame : public TermWriter {
  public:
    Frame(Op op, std::size_t arity) : TermWriter(unlimited) {
        reserve(usual_bytes);
        raw({"\0\0\0\0p", length_bytes + 1});
        version();
        tuple(arity);
        integer(static_cast<std::uint8_t>(op));
    }
    std::string finish() {
        std::string out = take();
        const std::size_t length = out.size() - length_bytes;
        for (std::size_t i = 0; i < length_bytes; ++i)
            out[i] = static_cast<char>(length >> (8 * (length_bytes - 1 - i)) & 0xFF);
        return out;
    }
};

void write_spawn(Frame &frame, const Identity &self, std::uint64_t number,
                 std::string_view group_leader, const char *function, std::int64_t arity) {
    frame.reference(self.reference(number));
    frame.pid(self.pid(number));
    frame.raw(group_leader);
    frame.tuple(3);
    frame.atom("erpc");
    frame.atom(function);
    frame.integer(arity);
}

void write_call(Frame &frame, const FunctionCall &call) {
    frame.atom(call.module);
    frame.atom(call.function);
    frame.raw(call.arguments);
}

Frame to_rex(const Identity &self, std::uint64_t number) {
    Frame frame(Op::RegSend, 4);
    frame.pid(self.pid(number));
    frame.atom("");
    frame.atom("rex");
    frame.version();
    return frame;
}

} // namespace

std::string call_frame(const Identity &self, std::uint64_t number, std::string_view group_leader,
                       const FunctionCall &call) {
    Frame frame(Op::SpawnRequest, 6);
    write_spawn(frame, self, number, group_leader, "execute_call", 4);
    frame.list(1);
    frame.atom("link");
    frame.nil();
    frame.version();
    frame.list(4);
    frame.reference(self.reference(number));
    write_call(frame, call);
    frame.nil();
    return frame.finish();
}

std::string cast_frame(const Identity &self, std::uint64_t number, std::string_view group_leader,
                       const FunctionCall &call) {
    Frame frame(Op::SpawnRequest, 6);
    write_spawn(frame, self, number, group_leader, "execute_cast", 3);
    frame.nil();
    frame.version();
    frame.list(3);
    write_call(frame, call);
    frame.nil();
    return frame.finish();
}

// {Pid, {call, Module, Function, Arguments, user}}
std::string rex_call_frame(const Identity &self, std::uint64_t number, const FunctionCall &call) {
    Frame frame = to_rex(self, number);
    frame.tuple(2);
    frame.pid(self.pid(number));
    frame.tuple(5);
    frame.atom("call");
    write_call(frame, call);
    frame.atom("user");
    return frame.finish();
}

// {'$gen_cast', {cast, Module, Function, Arguments, user}}
std::string rex_cast_frame(const Identity &self, std::uint64_t number, const FunctionCall &call) {
    Frame frame = to_rex(self, number);
    frame.tuple(2);
    frame.atom("$gen_cast");
    frame.tuple(5);
    frame.atom("cast");
    write_call(frame, call);
    frame.atom("user");
    return frame.finish();
}

std::string send_frame(std::string_view to, std::string_view message) {
    Frame frame(Op::Send, 3);
    frame.atom("");
    frame.raw(to);
    frame.version();
    frame.raw(message);
    return frame.finish();
}

std::string send_to_name_frame(const Identity &self, std::uint64_t number, std::string_view name,
                               std::string_view message) {
    Frame frame(Op::RegSend, 4);
    frame.pid(self.pid(number));
    frame.atom("");
    frame.atom(name);
    frame.version();
    frame.raw(message);
    return frame.finish();
}

std::string kill_frame(const Identity &self, std::uint64_t number, std::string_view to) {
    Frame frame(Op::Exit2, 4);
    frame.pid(self.pid(number));
    frame.raw(to);
    frame.atom("kill");
    return frame.finish();
}

std::string no_process_frame(const Identity &self, std::uint64_t number, std::string_view to) {
    Frame frame(Op::Exit, 4);
    frame.pid(self.pid(number));
    frame.raw(to);
    frame.atom("noproc");
    return frame.finish();
}

std::string unlink_ack_frame(const Identity &self, std::uint64_t unlink_id, std::uint64_t number,
                             std::string_view to) {
    Frame frame(Op::UnlinkIdAck, 4);
    frame.integer(static_cast<std::int64_t>(unlink_id));
    frame.pid(self.pid(number));
    frame.raw(to);
    return frame.finish();
}

} // namespace pgcrew::erlang_bridge
