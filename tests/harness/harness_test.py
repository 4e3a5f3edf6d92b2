#!/usr/bin/env python3
"""That the harness fails where it has to: what it finds in logs, and how it counts."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import log_scan

CI = Path(__file__).resolve().parents[2] / "ci"
COUNT = CI / "count"
sys.path.append(str(CI))
import links


class LogScan(unittest.TestCase):
    def test_finds_what_must_not_be(self):
        for line in ("LOG:  server process (PID 7) was terminated by signal 11: Segmentation fault",
                     "LOG:  server process (PID 7) was terminated by signal 6: Aborted",
                     'TRAP: failed Assert("owner->parent != NULL"), File: "resowner.c", Line: 764',
                     "PANIC:  could not write to file",
                     "terminate called after throwing an instance of 'std::bad_alloc'",
                     "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x60200000",
                     "../core/x.cpp:3:5: runtime error: signed integer overflow",
                     "WARNING:  Snapshot reference leak: Snapshot 0x55d0 still referenced",
                     "WARNING:  relcache reference leak: relation \"t\" not closed",
                     "WARNING:  resource was not closed: TupleDesc 0x55d0 (16384,-1)",
                     "WARNING:  transaction left non-empty SPI stack",
                     "WARNING:  AbortTransaction while in ABORT state",
                     "WARNING:  problem in alloc set tests: detected write past chunk end"):
            self.assertEqual(log_scan.complaints(f"LOG:  fine\n{line}\nLOG:  fine"), [line])

    def test_leaves_the_rest(self):
        self.assertEqual(log_scan.complaints(
            "LOG:  server process (PID 7) was terminated by signal 9: Killed\n"
            "FATAL:  terminating connection due to administrator command\n"
            "ERROR:  division by zero\nLOG:  starting PostgreSQL 15.20"), [])


def count(*tests, by_suite=False):
    """What ci/count says of tests given as (name, result, output, runner)."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        for name, result, output, runner in tests:
            log.write(json.dumps({"name": f"pgcrew:x / {name}", "result": result,
                                  "stdout": output, "command": ["python3", runner]}) + "\n")
        log.flush()
        done = subprocess.run([sys.executable, COUNT, *["--by-suite"] * by_suite, log.name],
                              stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.splitlines(), done.returncode


class Count(unittest.TestCase):
    def test_single_tests(self):
        tap = "ok 1 - a\nnot ok 2 - b # TODO later\nok 3 # skip no b\nnot ok 4 - d\n1..4\n"
        catch = "All tests passed (35 assertions in 5 test cases)\n"
        self.assertEqual(count(("sql/bgjob/a", "OK", "", "with_server.py")),
                         (["1 passed, 0 failed, 0 skipped"], 0))
        self.assertEqual(count(("tap/bgjob/a", "FAIL", tap, "run_tap.py")),
                         (["2 passed, 1 failed, 1 skipped"], 1))
        self.assertEqual(count(("unit/bgjob", "OK", catch, "unit_bgjob")),
                         (["5 passed, 0 failed, 0 skipped"], 0))
        self.assertEqual(
            count(("unit/bgjob", "FAIL", "test cases:  5 |  4 passed | 1 failed\n", "unit_bgjob")),
            (["4 passed, 1 failed, 0 skipped"], 1))

    def test_a_script_that_fails_by_itself(self):
        self.assertEqual(count(("tap/bgjob/a", "ERROR", "ok 1 - a\n1..1\n", "run_tap.py")),
                         (["1 passed, 1 failed, 0 skipped"], 1))
        self.assertEqual(count(("sql/bgjob/a", "TIMEOUT", "", "with_server.py")),
                         (["0 passed, 1 failed, 0 skipped"], 1))

    def test_nothing_ran(self):
        self.assertEqual(count(), (["0 passed, 0 failed, 0 skipped"], 1))

    def test_suites(self):
        self.assertEqual(count(("sql/bgjob/a", "OK", "", ""), ("tap/bgjob/a", "SKIP", "", ""),
                               by_suite=True), (["sql 1 0 0", "tap 0 0 1"], 0))


class Links(unittest.TestCase):
    def broken(self, text):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            (root / "docs").mkdir()
            (root / "docs/other.md").write_text("# One `two`: three\n# Again\n# Again\n```\n# no heading\n```\n")
            (root / "page.md").write_text(text)
            return [line.split(": ", 1)[1] for line in links.broken_links(root)]

    def test_finds_what_leads_nowhere(self):
        for link in ("gone.md", "docs/gone.md#again", "../page.md"):
            self.assertEqual(self.broken(f"# a\n[x]({link})"), [f"no such file: {link}"])
        for link in ("docs/other.md#two", "docs/other.md#again-2", "docs/other.md#no-heading", "#b"):
            self.assertEqual(self.broken(f"# a\n[x]({link})"), [f"no such heading: {link}"])

    def test_leaves_the_rest(self):
        self.assertEqual(self.broken("# A\n[x](#a) [x](docs) [x](docs/other.md#one-two-three) [x](docs/other.md#again-1)"
                                     " [x](https://a.b/c) `[x](gone.md)`\n```\n[x](gone.md)\n```\n"), [])


unittest.main()
