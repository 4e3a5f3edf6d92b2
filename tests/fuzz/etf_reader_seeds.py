#!/usr/bin/env python3
"""etf_reader_seeds.py FOLDER: seeds for the fuzzer etf_reader, from the terms of the unit tests."""
import re
import sys
from pathlib import Path

TERMS = Path(__file__).resolve().parent.parent / "unit/erlang_bridge/otp_terms.hpp"
OTHER = ["8361056106", "836b00026869", "836c0000000161016c0000000161026103", "8372000177016101000000ff",
         "8365770161000000050f", "837877016100000000000000050000000a", "836f0000000300010203",
         "8363" + b"1.50000000000000000000e+00".hex() + "0000000000", "8350000000ff789c"]


def main():
    folder = Path(sys.argv[1])
    # { "name", "hex" "hex" }: what of it is hexadecimal and begins with the version byte
    entries = re.findall(r'\{\s*"[^"]*",((?:\s*"[0-9a-f]*")+)\s*\}', TERMS.read_text(encoding="utf-8"))
    terms = ["".join(re.findall(r"[0-9a-f]+", entry)) for entry in entries]
    if not terms:
        sys.exit(f"no terms found in {TERMS}")
    for number, term in enumerate(terms + OTHER):
        for options in (0, 1, 3):
            (folder / f"seed-{number}-{options}").write_bytes(bytes([options]) + bytes.fromhex(term))


main()
