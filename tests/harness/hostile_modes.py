"""The ways in which hostile_node.py misbehaves.

A mode is one of: other arguments of the handshake; something instead of it; what is done to a call; what is done
when the connection is up. Each gets the Connection, and the Call if there is one.
"""
import struct
import time
from dataclasses import dataclass, field
from typing import Callable, Optional

import erlang_wire as wire
from hostile_terms import A_PID, CONTROLS, TERMS


@dataclass
class Mode:
    text: str
    handshake: dict = field(default_factory=dict)
    instead: Optional[Callable] = None
    on_call: Optional[Callable] = None
    when_up: Optional[Callable] = None


MODES = {"echo": Mode("nothing: answers as a node does"), "refused": Mode("is registered and does not listen")}


def mode(place):
    """The function is a mode of its own name, described by its comment."""
    def add(function):
        MODES[function.__name__] = Mode(function.__doc__, **{place: function})
        return function
    return add


def idle(connection):
    """Reads and does nothing, until the other side closes."""
    while True:
        connection.receive(1)


# ---- before and in the handshake -------------------------------------------------------------------

for step in ("accept", "name", "status", "challenge", "reply", "ack"):
    MODES[f"close_after_{step}"] = Mode(f"closes in the handshake, after the step `{step}`",
                                        handshake={"end_after": step})
MODES["other_name"] = Mode("announces another name than the one asked for", handshake={"name": "other@127.0.0.1"})
MODES["wrong_digest"] = Mode("does not know the cookie, and pretends to", handshake={"lie": True})
MODES["old_flags"] = Mode("can do nothing that a node can", handshake={"flags": 0})
for status in ("nok", "not_allowed", "alive", "xyz", ""):
    MODES[f"status_{status or 'empty'}"] = Mode(f"gives the status `{status}`",
                                                handshake={"status": b"s" + status.encode()})
MODES["status_bad_name"] = Mode("gives a name that is none",
                                handshake={"status": b"snamed:\0\3\xff\0@" + b"\0\0\0\7"})
MODES["status_long_name"] = Mode("gives a name that is longer than its packet",
                                 handshake={"status": b"snamed:\xff\xffa@b" + b"\0\0\0\7"})


@mode("instead")
def garbage(connection):
    """says something else before it is asked, and then no more"""
    connection.send(b"HTTP/1.1 400 Bad Request\r\nServer: none\r\n\r\n" + bytes(range(256)) * 16)
    idle(connection)


@mode("instead")
def packet_too_long(connection):
    """announces a packet of the handshake of 65535 bytes, and sends them"""
    connection.receive_packet()
    connection.send(b"\xff\xff" + b"s" * 65535)
    idle(connection)


@mode("instead")
def no_status(connection):
    """says nothing in the handshake"""
    idle(connection)


@mode("instead")
def drip_handshake(connection):
    """shakes hands a byte each 20 ms, for ever"""
    connection.receive_packet()
    connection.send(struct.pack(">H", 1000) + b"s")
    while True:
        time.sleep(0.02)
        connection.send(b"o")


# ---- frames ----------------------------------------------------------------------------------------


def answer_with(connection, call, answer):
    connection.send(call.begun() + answer)


@mode("on_call")
def close_before_answer(connection, call):
    """closes when it has a call"""
    connection.sock.close()


@mode("on_call")
def close_half_way(connection, call):
    """closes in the middle of the answer"""
    answer = call.ended(wire.binary(b"x" * 10000))
    answer_with(connection, call, answer[:len(answer) // 2])
    connection.sock.close()


@mode("on_call")
def short_length(connection, call):
    """says that the frame is 3 bytes shorter than it is"""
    body = call.exit_body(call.outcome(wire.atom("x" * 40)))
    answer_with(connection, call, struct.pack(">I", len(body) - 3) + body)


@mode("on_call")
def overlapping_length(connection, call):
    """says that the frame reaches into the next one"""
    body = call.exit_body(call.outcome(wire.atom("x" * 40)))
    answer_with(connection, call, struct.pack(">I", len(body) + 7) + body + wire.frame(body) * 3)


def long_frame(length):
    def send_length(connection, call):
        answer_with(connection, call, struct.pack(">I", length) + b"p" * 100000)
        idle(connection)
    return send_length


MODES["length_2_31"] = Mode("announces a frame of 2^31 bytes", on_call=long_frame(2**31))
MODES["length_2_31_minus"] = Mode("announces a frame of 2^31 - 1 bytes", on_call=long_frame(2**31 - 1))
MODES["length_2_32_minus"] = Mode("announces a frame of 2^32 - 1 bytes", on_call=long_frame(2**32 - 1))


@mode("on_call")
def drip(connection, call):
    """answers one byte at a time"""
    for byte in call.begun() + call.answer():
        connection.send(bytes([byte]))
        time.sleep(0.001)


@mode("on_call")
def drip_slowly(connection, call):
    """answers a byte each 100 ms, which takes longer than anybody waits"""
    for byte in call.begun() + call.ended(wire.binary(b"x" * 100000)):
        connection.send(bytes([byte]))
        time.sleep(0.1)


# ---- control messages ------------------------------------------------------------------------------


def bad_control(body):
    def send_control(connection, call):
        answer_with(connection, call, wire.frame(body))
        idle(connection)
    return send_control


for name, (text, body) in CONTROLS.items():
    MODES[name] = Mode(text, on_call=bad_control(body))


@mode("on_call")
def unknown_op(connection, call):
    """sends control messages of the future, and then the answer"""
    future = b"".join(wire.frame(wire.control(wire.integer(op), A_PID)) for op in range(37, 300))
    answer_with(connection, call, future + call.answer())


# ---- terms -----------------------------------------------------------------------------------------


def bad_term(term):
    return lambda connection, call: answer_with(connection, call, call.ended(term))


for name, (text, term) in TERMS.items():
    MODES[name] = Mode(text, on_call=bad_term(term))


@mode("on_call")
def big_answer(connection, call):
    """answers with --size bytes"""
    answer_with(connection, call, call.ended(wire.binary(b"x" * connection.options.size)))


# ---- answers that are none -------------------------------------------------------------------------


@mode("on_call")
def never_answer(connection, call):
    """never answers a call; the connection lives on"""


@mode("on_call")
def begin_only(connection, call):
    """says that the call has begun, and no more"""
    connection.send(call.begun())


@mode("on_call")
def answer_twice(connection, call):
    """answers twice, at first truly"""
    answer_with(connection, call, call.answer() + call.begun() + call.ended(wire.atom("again")) * 2)


@mode("on_call")
def answer_other_pid(connection, call):
    """answers to processes that do not wait, and then truly"""
    others = [wire.pid(node, number, creation) for node in (connection.peer, "other@127.0.0.1")
              for number in (0, 1, 2, 3, 4, 99999) for creation in (7, 8)]
    stray = b"".join(call.ended(wire.atom("stray"), caller=other, process=A_PID) for other in others)
    answer_with(connection, call, stray + call.answer())


@mode("on_call")
def answer_by_other(connection, call):
    """lets another process answer, and then the right one"""
    answer_with(connection, call, call.ended(wire.atom("stray"), process=A_PID) + call.answer())


@mode("on_call")
def tick_forever(connection, call):
    """ticks and never answers"""
    while True:
        time.sleep(0.01)
        connection.send(wire.TICK)


@mode("on_call")
def tick_flood(connection, call):
    """ticks as fast as it can and never reads"""
    while True:
        connection.send(wire.TICK * 1000)


@mode("on_call")
def link_flood(connection, call):
    """asks for answers as fast as it can, and never reads them"""
    gone = wire.pid(connection.peer, 99999, 7)
    while True:
        connection.send(wire.frame(wire.control(wire.integer(1), A_PID, gone)) * 100)


@mode("on_call")
def stray_flood(connection, call):
    """sends answers that nobody waits for as fast as it can"""
    stray = call.ended(wire.binary(b"x" * 10000), process=A_PID)
    while True:
        connection.send(stray * 10)


@mode("when_up")
def never_read(connection, call):
    """reads nothing once the connection is up"""
    while True:
        time.sleep(3600)


# ---- epmd ------------------------------------------------------------------------------------------


def epmd(name, text):
    def add(function):
        MODES[f"epmd_{name}"] = Mode(f"is epmd, and {text}", instead=function)
        return function
    return add


@epmd("silent", "says nothing")
def epmd_silent(connection):
    idle(connection)


@epmd("closes", "closes at once")
def epmd_closes(connection):
    connection.receive_packet()


@epmd("garbage", "gives an answer that is none")
def epmd_garbage(connection):
    connection.receive_packet()
    connection.send(bytes(range(255, 0, -1)) * 1000)
    idle(connection)


@epmd("other_name", "gives the port of another node")
def epmd_other_name(connection):
    connection.receive_packet()
    connection.send(struct.pack(">BBHBBHHH", 119, 0, 4711, 77, 0, 6, 6, 5) + b"other\0\0")


@epmd("half", "gives half an answer and closes")
def epmd_half(connection):
    connection.receive_packet()
    connection.send(bytes([119, 0, 18]))


@epmd("endless", "gives names for ever")
def epmd_endless(connection):
    connection.receive_packet()
    connection.send(struct.pack(">I", 4369))
    while True:
        connection.send(b"name n at port 1\n" * 1000)
