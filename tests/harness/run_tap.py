#!/usr/bin/env python3
"""Run one Perl TAP script, which makes its servers with PgCrew.pm, in a folder of its own.

It fails, whatever the script says itself, when a server log holds one of the lines that log_scan
lists.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

import log_scan
import scratch
import unprivileged

HERE = Path(__file__).parent


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("bindir", "template", "pgxs-test", "script"):
        parser.add_argument("--" + name, required=True, type=Path)
    parser.add_argument("--slow", default="1", help="how many times as long as usual things may take")
    parser.add_argument("--timeout", type=float, help="seconds that the script may take")
    return parser.parse_args()


def server_logs(work):
    """Where PostgreSQL::Test of 15, and of later versions, puts them."""
    return sorted([*work.glob("tmp_check/log/*.log"), *work.glob("log/*.log")])


def main():
    o = options()
    with scratch.folder() as work:
        env = unprivileged.environment(
            PATH=f"{o.bindir}:{os.environ['PATH']}", HOME=work, TMPDIR=work, TESTDIR=work,
            TESTDATADIR=work / "data", TESTLOGDIR=work / "log", TEMP_CONFIG=HERE / "server.conf",
            PG_REGRESS=o.pgxs_test / "regress" / "pg_regress", INITDB_TEMPLATE=o.template,
            PG_TEST_TIMEOUT_DEFAULT=os.environ.get("PG_TEST_TIMEOUT_DEFAULT", "150"),
            PGCTLTIMEOUT=150,  # seconds that pg_ctl waits for a server; 60 are few on a loaded machine
            PGCREW_SLOW=o.slow)
        status = 1
        try:
            status = subprocess.run(
                [*unprivileged.prefix(), "perl", "-I", o.pgxs_test / "perl", "-I", HERE, o.script],
                env=env, cwd=work, stdin=subprocess.DEVNULL, timeout=o.timeout).returncode
        except subprocess.TimeoutExpired:
            print(f"# ended after {o.timeout} s", file=sys.stderr)
        finally:
            for path in server_logs(work):
                log = path.read_text(errors="replace")
                complaints = log_scan.complaints(log)
                if complaints:
                    print(f"# {path.name} holds:", *complaints, sep="\n# ", file=sys.stderr)
                    status = status or 1
                if status:
                    print(f"# the end of {path.name}:", file=sys.stderr)
                    sys.stderr.write(log_scan.last_lines(log))
    sys.exit(1 if status else 0)


main()
