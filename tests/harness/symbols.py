#!/usr/bin/env python3
"""What a module exports and what it leaves undefined, from its dynamic symbol table.

The server loads modules with RTLD_GLOBAL, so a module exports only what the server looks up, and
no C++ symbol of which the process would keep one. It may need only what the server and its own
libraries define: a module is linked without that check, and a typing error shows up here instead
of at load time, or later.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--server", required=True, help="the program postgres")
parser.add_argument("module", type=Path)
options = parser.parse_args()


def symbols(file, *flags):
    """Pairs of a symbol's type letter and its name without the version."""
    lines = subprocess.check_output(["nm", "-D", *flags, file], text=True).splitlines()
    return [(fields[-2], fields[-1].split("@")[0]) for fields in map(str.split, lines)]


def libraries(file):
    found = subprocess.check_output(["ldd", file], text=True)
    return re.findall(r"(/\S+) \(0x", found)


def unexpected_exports(module):
    wanted = re.compile(rf"Pg_magic_func|_PG_init|_PG_output_plugin_init|pg_finfo_\w+|{module.stem}_\w+")
    for kind, name in symbols(module, "--defined-only"):
        if kind == "u":
            yield f"{name} is exported as unique in the process"
        elif not wanted.fullmatch(name):
            yield f"{name} is exported"


def missing_symbols(module):
    defined = {name for file in (options.server, *libraries(module))
               for _, name in symbols(file, "--defined-only")}
    for kind, name in symbols(module, "--undefined-only"):
        if kind == "U" and name not in defined:
            yield f"{name} is defined nowhere"


complaints = [*unexpected_exports(options.module), *missing_symbols(options.module)]
print(*complaints, sep="\n")
sys.exit(1 if complaints else 0)
