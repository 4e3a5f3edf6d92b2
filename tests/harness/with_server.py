#!/usr/bin/env python3
"""Run a command against a throw-away cluster of its own.

The command fails, whatever it says itself, when the server died or its log holds one of the
lines that log_scan lists.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import log_scan
import scratch
import unprivileged

HERE = Path(__file__).parent
WAIT_SECONDS = 150  # for a server to start or to stop


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bindir", required=True, type=Path)
    parser.add_argument("--template", required=True, type=Path, help="cluster to start from")
    parser.add_argument("--conf", action="append", default=[], type=Path,
                        help="settings of the test, where the file exists")
    parser.add_argument("--timeout", type=float, help="seconds that the command may take")
    parser.add_argument("--results", type=Path,
                        help="folder that takes what the command left in out/results")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


class Server:
    def __init__(self, bindir, work):
        self.bindir, self.data, self.logfile = bindir, work / "data", work / "log"
        self.work = work
        self.env = unprivileged.environment(
            PGHOST=work, PGPORT=5432, PGUSER="postgres", PGDATABASE="postgres",
            PGPASSFILE=work / "pgpass", PGSYSCONFDIR=work, PGCLIENTENCODING="UTF8", HOME=work,
            PATH=f"{bindir}:{os.environ['PATH']}")

    def run(self, *command, **more):
        return subprocess.run([*unprivileged.prefix(), *command], env=self.env, cwd=self.work,
                              stdin=subprocess.DEVNULL, **more)

    def create(self, template, confs):
        self.run("cp", "-a", "--reflink=auto", template, self.data, check=True)
        settings = [f"listen_addresses = ''\nunix_socket_directories = '{self.work}'\n"]
        settings += [conf.read_text() for conf in confs if conf.exists()]
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.writelines(settings)

    def start(self):
        with open(self.logfile, "wb") as log:
            self.process = subprocess.Popen(
                [*unprivileged.prefix(), self.bindir / "postgres", "-D", self.data], env=self.env,
                cwd=self.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + WAIT_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.run(self.bindir / "pg_isready", "-q").returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def stop(self):
        """True when the server was still there and shut down in order."""
        if self.process.poll() is not None:
            return False
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(WAIT_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            return False


def keep(results, folder):
    """Not the file itself: it is its owner's alone, and a copy may become the expected output."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in results.glob("*.out"):
        shutil.copyfile(file, folder / file.name)


def main():
    o = options()
    with scratch.folder() as work:
        server = Server(o.bindir, work)
        server.create(o.template, [HERE / "server.conf", *o.conf])
        status = 1
        try:
            if server.start():
                status = server.run(*o.command, timeout=o.timeout).returncode
        except subprocess.TimeoutExpired:
            print(f"# ended after {o.timeout} s", file=sys.stderr)
        finally:
            if not server.stop():
                print("# the server did not start, or ended before the test did", file=sys.stderr)
                status = 1
            if o.results:
                keep(work / "out" / "results", o.results)
            log = server.logfile.read_text(errors="replace")
            complaints = log_scan.complaints(log)
            if complaints:
                print("# the server log holds:", *complaints, sep="\n# ", file=sys.stderr)
            if status or complaints:
                sys.stderr.write(log_scan.last_lines(log))
    sys.exit(1 if status or complaints else 0)


main()
