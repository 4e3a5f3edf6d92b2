#!/usr/bin/env python3
"""An Erlang node that means harm: hostile_node.py --epmd-port PORT --name NAME --cookie COOKIE MODE.

It registers with that epmd, or in the modes epmd_* is that epmd, shakes hands as a node does, answers calls by
erpc:execute_call/4, and in one place misbehaves in the mode asked for; `--list` lists them. Calls have
answers like `hostile:echo/1`. The first call of a connection, which asks for the process `user`, is answered well
unless --first is given. On its standard output it says what happens, a line each: listening, connected, up, call,
kill, cast, sent, closed. It ends when its standard input does.
"""
import argparse
import os
import signal
import socket
import struct
import sys
import threading

import hostile_modes
import erlang_wire as wire

CREATION = 7


def say(*words):
    print(*words, flush=True)


class Closed(Exception):
    """The other side has closed, or we have."""


class Call:
    """A call that the other side asks for, and the frames that answer it."""

    def __init__(self, number, control, arguments, node):
        _, self.request, self.caller, *_ = control
        self.reference, self.module, self.function, self.arguments = arguments
        self.process = wire.pid(node, 1000 + number, CREATION)

    def begun(self):
        return wire.frame(wire.control(wire.integer(31), self.request, self.caller, wire.integer(1), self.process))

    def exit_body(self, reason, caller=None, process=None):
        return wire.control(wire.integer(3), process or self.process, caller or self.caller, reason)

    def outcome(self, value, kind="return"):
        return wire.tuple_of(self.reference, wire.atom(kind), value)

    def ended(self, value, **other):
        return wire.frame(self.exit_body(self.outcome(value), **other))

    def answer(self):
        """As erpc does."""
        if (self.module, self.function) == ("erlang", "whereis"):
            return self.ended(self.process)
        if self.function == "echo" and len(self.arguments) == 1:
            return self.ended(wire.write(self.arguments[0]))
        return wire.frame(self.exit_body(wire.tuple_of(self.reference, wire.atom("error"), wire.atom("undef"),
                                                       wire.list_of())))


class Connection:
    """One connection of another node to this one."""

    def __init__(self, sock, options, mode):
        self.sock, self.options, self.mode = sock, options, mode
        self.calls, self.received = 0, b""
        self.peer = ""

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Closed from error

    def receive(self, size):
        while len(self.received) < size:
            try:
                more = self.sock.recv(1 << 20)
            except OSError as error:
                raise Closed from error
            if not more:
                raise Closed
            self.received += more
        data, self.received = self.received[:size], self.received[size:]
        return data

    def receive_packet(self):
        return self.receive(*struct.unpack(">H", self.receive(2)))

    def receive_frame(self):
        return self.receive(*struct.unpack(">I", self.receive(4)))

    def shake_hands(self, name=None, flags=wire.FLAGS, status=None, lie=False, end_after=None):
        """As the node that is connected to; what is given is said instead. end_after: a step."""
        def step(done):
            if done == end_after:
                raise Closed

        step("accept")
        hello = self.receive_packet()
        step("name")
        theirs, = struct.unpack(">Q", hello[1:9])
        host = hello[15:].decode()
        self.peer = f"H0STILE@{host}" if theirs & wire.NAME_ME else host
        given = wire.named_status(self.peer, CREATION) if theirs & wire.NAME_ME else b"sok"
        self.send(wire.packet(given if status is None else status))
        step("status")
        self.send(wire.packet(wire.challenge_packet(name or self.options.name, flags, 0xFEDCBA98, CREATION)))
        step("challenge")
        reply = self.receive_packet()
        step("reply")
        challenge, = struct.unpack(">I", reply[1:5])
        if reply[5:] != wire.digest(self.options.cookie, 0xFEDCBA98):
            say("wrong cookie")
            raise Closed
        self.send(wire.packet(b"a" + wire.digest("lie" if lie else self.options.cookie, challenge)))
        step("ack")

    def serve(self):
        """Frame after frame."""
        while True:
            body = self.receive_frame()
            if not body:
                self.send(wire.TICK)
                continue
            control, payload = wire.read_message(body)
            if control[0] == 29 and len(payload) == 4:
                self.on_call(Call(self.calls, control, payload, self.options.name))
            elif control[0] == 29:
                say("cast", f"{payload[0]}:{payload[1]}")
            elif control[0] == 8:
                say("kill")
            elif control[0] in (2, 6):
                say("sent", control[-1] if control[0] == 6 else "")

    def on_call(self, call):
        self.calls += 1
        first = self.calls == 1
        if not first:
            say("call", f"{call.module}:{call.function}")
        if self.mode.on_call and (self.options.first or not first):
            self.mode.on_call(self, call)
        else:
            self.send(call.begun() + call.answer())
        if first:
            say("up")
            if self.mode.when_up:
                self.mode.when_up(self, call)

    def run(self):
        say("connected")
        try:
            if self.mode.instead:
                self.mode.instead(self)
            else:
                self.shake_hands(**self.mode.handshake)
                self.serve()
        except Closed:
            pass
        finally:
            self.sock.close()
            say("closed")


def register(options, port):
    """The connection that keeps the name."""
    epmd = socket.create_connection(("127.0.0.1", options.epmd_port))
    epmd.sendall(wire.alive_request(options.name.split("@")[0], port))
    if epmd.recv(16)[1:2] != b"\0":
        sys.exit(f"epmd refuses {options.name}")
    return epmd


def accept_all(listener, options, mode):
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=Connection(sock, options, mode).run, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="the modes, and what they do")
    parser.add_argument("--epmd-port", type=int)
    parser.add_argument("--name", default="hostile@127.0.0.1")
    parser.add_argument("--cookie", default="cookie")
    parser.add_argument("--first", action="store_true", help="misbehave from the first call on")
    parser.add_argument("--size", type=int, default=10_000_000, help="bytes of a big answer")
    parser.add_argument("mode", nargs="?", choices=list(hostile_modes.MODES), metavar="MODE")
    options = parser.parse_args()
    if options.list:
        for name, mode in hostile_modes.MODES.items():
            print(f"{name:<24} {mode.text}")
        return
    if options.mode is None or options.epmd_port is None:
        parser.error("MODE and --epmd-port are needed")
    mode = hostile_modes.MODES[options.mode]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    own_port = options.epmd_port if options.mode.startswith("epmd_") else 0
    with socket.create_server(("127.0.0.1", own_port), backlog=128) as listener:
        if not own_port:
            options.registration = register(options, listener.getsockname()[1])
        say("listening", listener.getsockname()[1])
        if options.mode == "refused":
            listener.close()
        else:
            threading.Thread(target=accept_all, args=(listener, options, mode), daemon=True).start()
        while os.read(0, 4096):
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
