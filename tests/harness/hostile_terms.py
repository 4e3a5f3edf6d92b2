"""Control messages and terms that no node sends: by the mode of hostile_node.py, what it does and the bytes."""
import erlang_wire as wire

A_PID = wire.pid("other@127.0.0.1", 1, 1)
CONTROLS = {
    "not_pass_through": ("sends a frame of an unknown kind", b"q" + wire.VERSION + wire.tuple_of(wire.integer(1))),
    "not_a_tuple": ("sends a control message that is no tuple", b"p" + wire.VERSION + wire.list_of(wire.integer(3))),
    "empty_tuple": ("sends a control message without an operation", wire.control()),
    "op_negative": ("sends a control message with a negative operation", wire.control(wire.integer(-3), A_PID, A_PID)),
    "wrong_arity": ("sends an exit with an element too few", wire.control(wire.integer(3), A_PID, A_PID)),
    "no_pid": ("sends an exit to a number", wire.control(wire.integer(3), A_PID, wire.integer(1), wire.integer(1))),
    "bad_atom_in_control": ("sends a pid whose node is no UTF-8",
                            wire.control(wire.integer(1), wire.pid(b"\xc3\x28@h", 1, 1), A_PID)),
    "control_cut_off": ("sends half a control message", wire.control(wire.integer(3), A_PID, A_PID)[:20]),
}

TERMS = {
    "deep_100": ("answers with a list in lists, 100 deep, which is fine", wire.deep_list(100)),
    "deep_million": ("answers with a list in lists, 1,000,000 deep", wire.deep_list(1_000_000)),
    "bad_atom": ("answers with an atom that is no UTF-8", wire.atom(b"\xc3\x28")),
    "unknown_tag": ("answers with a term of a kind that there is not", b"\x01\x02\x03"),
    "binary_length_lies": ("answers with a binary of 2 GB that has 3 bytes", b"m\x7f\xff\xff\xffabc"),
    "list_length_lies": ("answers with a list of 2^32 - 1 elements that has none", b"l\xff\xff\xff\xff"),
    "tuple_length_lies": ("answers with a tuple of 2^32 - 1 elements that has none", b"i\xff\xff\xff\xff"),
    "map_length_lies": ("answers with a map of 2^32 - 1 pairs that has one", b"t\xff\xff\xff\xffjj"),
    "integer_length_lies": ("answers with an integer of 2^32 - 1 bytes that has 3", b"o\xff\xff\xff\xff\0abc"),
    "fun_length_lies": ("answers with a fun of 2^32 - 1 bytes", b"p\xff\xff\xff\xff" + b"\0" * 40),
    "bits_lie": ("answers with a bit string whose last byte has 200 bits", b"M\0\0\0\1\xc8a"),
    "compressed": ("answers with a compressed term, which no message may hold", b"P\0\xff\xff\xff" + b"x" * 40),
    "trailing_bytes": ("answers with a term and more bytes behind it", b"jjjj"),
}
