"""What the hostile node needs of Erlang's distribution protocol: terms, frames and packets of the handshake.

Terms are written as bytes without their version; read, they are Python values, and identifiers stay as
they came.
"""
import hashlib
import struct

VERSION = b"\x83"
TICK = b"\0\0\0\0"
# As OTP 25 announces, but no atom cache and no fragments.
FLAGS = 0x0000000D07DF7FBD & ~(0x2000 | 0x800000)
NAME_ME = 0x2 << 32  # the one who connects wants to be given a name


class Atom(str):
    pass


class Raw(bytes):
    """A pid, a reference or another term that is only passed on."""


# ---- written ---------------------------------------------------------------------------------------


def atom(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(">BB", 119, len(data)) + data


def integer(value):
    return struct.pack(">Bi", 98, value)


def binary(data):
    return struct.pack(">BI", 109, len(data)) + data


def tuple_of(*elements):
    return struct.pack(">BB", 104, len(elements)) + b"".join(elements)


def list_of(*elements):
    return (struct.pack(">BI", 108, len(elements)) if elements else b"") + b"".join(elements) + b"j"


def deep_list(levels):
    return struct.pack(">BI", 108, 1) * levels + b"j" * (levels + 1)


def pid(node, number, creation):
    return b"X" + atom(node) + struct.pack(">III", number, 0, creation)


def write(value):
    """A value that read() gave."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Atom):
        return atom(value)
    if isinstance(value, bytes):
        return binary(value)
    if isinstance(value, float):
        return struct.pack(">Bd", 70, value)
    if isinstance(value, int):
        if -2**31 <= value < 2**31:
            return integer(value)
        size = (abs(value).bit_length() + 7) // 8
        return struct.pack(">BBB", 110, size, value < 0) + abs(value).to_bytes(size, "little")
    if isinstance(value, tuple):
        return tuple_of(*map(write, value))
    if isinstance(value, dict):
        return struct.pack(">BI", 116, len(value)) + b"".join(write(k) + write(v) for k, v in value.items())
    return list_of(*map(write, value))


# ---- read ------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def numbers(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(">" + form)))

    def raw(self, begin, *skipped):
        """The term that began at `begin`: terms (None) and so many bytes follow."""
        for size in skipped:
            _ = self.read() if size is None else self.take(size)
        return Raw(self.data[begin:self.at])

    def sequence(self, count):
        return [self.read() for _ in range(count)]

    def read(self):
        begin = self.at
        tag, = self.numbers("B")
        if tag in (97, 98):
            return self.numbers("B" if tag == 97 else "i")[0]
        if tag == 70:
            return self.numbers("d")[0]
        if tag in (100, 118, 115, 119):
            size, = self.numbers("H" if tag in (100, 118) else "B")
            return Atom(self.take(size).decode("latin-1" if tag in (100, 115) else "utf-8"))
        if tag in (104, 105):
            return tuple(self.sequence(*self.numbers("B" if tag == 104 else "I")))
        if tag == 106:
            return []
        if tag == 107:
            return list(self.take(*self.numbers("H")))
        if tag == 108:
            elements = self.sequence(*self.numbers("I"))
            self.read()  # the tail
            return elements
        if tag == 109:
            return self.take(*self.numbers("I"))
        if tag in (110, 111):
            size, negative = self.numbers("BB" if tag == 110 else "IB")
            value = int.from_bytes(self.take(size), "little")
            return -value if negative else value
        if tag == 116:
            return {self.read(): self.read() for _ in range(*self.numbers("I"))}
        return self.read_identifier(begin, tag)

    def read_identifier(self, begin, tag):
        if tag in (88, 103, 120, 89):  # pids and ports
            return self.raw(begin, None, {88: 12, 103: 9, 120: 12, 89: 8}[tag])
        if tag in (90, 114):  # references
            words, = self.numbers("H")
            return self.raw(begin, None, (4 if tag == 90 else 1) + 4 * words)
        if tag == 113:
            return self.raw(begin, None, None, None)
        if tag == 77:
            return self.raw(begin, 1 + self.numbers("I")[0])
        raise ValueError(f"term with tag {tag}")


def read_message(body):
    """The control tuple of a frame and its payload, None if there is none."""
    reader = Reader(body)
    if reader.take(2) != b"p" + VERSION:
        raise ValueError("no control message")
    control = reader.read()
    payload = None
    if reader.take(1) == VERSION:
        payload = reader.read()
    return control, payload


# ---- frames and packets ----------------------------------------------------------------------------


def frame(body):
    return struct.pack(">I", len(body)) + body


def control(*elements, payload=None):
    return b"p" + VERSION + tuple_of(*elements) + (b"" if payload is None else VERSION + payload)


def packet(body):
    return struct.pack(">H", len(body)) + body


def digest(cookie, challenge):
    return hashlib.md5(cookie.encode("latin-1") + str(challenge).encode()).digest()


def named_status(name, creation):
    return b"snamed:" + struct.pack(">H", len(name)) + name.encode() + struct.pack(">I", creation)


def challenge_packet(name, flags, challenge, creation):
    return struct.pack(">cQIIH", b"N", flags, challenge, creation, len(name)) + name.encode()


def alive_request(alive, port):
    """What registers a node with epmd."""
    body = struct.pack(">BHBBHHH", 120, port, 77, 0, 6, 6, len(alive)) + alive.encode() + b"\0\0"
    return packet(body)
