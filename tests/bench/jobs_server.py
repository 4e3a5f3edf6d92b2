"""The server that ci/bench jobs measures: sessions, pgbench, and what work has cost it."""
import contextlib
import os
import re
import resource
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

END = "-- end of the answer --"
PARTS = {"dispatcher": "bgjob dispatcher", "walwriter": "walwriter"}  # whose share is told
TICK = 1 / os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """The run is worth nothing: something did not work, or a job was lost or done twice."""


class Session:
    """A psql that stays connected."""

    def __init__(self, user):
        self.psql = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t",
             "--set=ON_ERROR_STOP=1", f"--username={user}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask("SET lock_timeout = '60s'")

    def ask(self, *statements):
        """The rows that the statements answer, each a list of texts."""
        self.psql.stdin.write("".join(f"{s};\n" for s in statements) + f"SELECT '{END}';\n")
        self.psql.stdin.flush()
        rows = []
        for line in self.psql.stdout:
            if line == END + "\n":
                return rows
            rows.append(line.rstrip("\n").split("\t"))
        raise Failed(f"a session ended in: {'; '.join(statements)[:500]}")

    def number(self, *statements):
        return float(self.ask(*statements)[0][0])

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()


def server_cpu():
    """Seconds that the processes of the server have used, by title; those that have ended count as the postmaster."""
    postmaster = Path("data/postmaster.pid").read_text(encoding="utf-8").split()[0]
    seconds = Counter()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if process.name == postmaster:
                seconds["postmaster"] += TICK * sum(map(int, stat[11:15]))
            elif stat[1] == postmaster:
                title = (process / "cmdline").read_text(encoding="utf-8").rstrip("\0 ").removeprefix("postgres: ")
                seconds[title] += int((process / "schedstat").read_text(encoding="utf-8").split()[0]) / 1e9
        except (OSError, ProcessLookupError):
            pass  # it has ended meanwhile
    return seconds


def crash_and_restart():
    """Kills the postmaster and all its processes; when that was, and when the server took connections again."""
    postmaster = int(Path("data/postmaster.pid").read_text(encoding="utf-8").split()[0])
    command = Path(f"/proc/{postmaster}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    os.kill(postmaster, signal.SIGSTOP)  # it starts no others meanwhile
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="utf-8").split()
    crashed_at = time.time()
    for process in [*map(int, children), postmaster]:
        os.kill(process, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):  # it is ours after the first crash
        os.waitpid(postmaster, 0)
    while Path(f"/proc/{postmaster}").exists():
        time.sleep(0.005)
    with open("log", "ab") as log:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    end = time.monotonic() + 60
    while subprocess.run(["pg_isready", "--quiet"], check=False).returncode:
        if time.monotonic() > end:
            raise Failed("the server does not come up again")
        time.sleep(0.005)
    return crashed_at, time.time()


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """What the server has spent since its last start."""

    def __init__(self, session):
        self.session = session
        self.flushes = ("(SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal')"
                        if session.number("SHOW server_version_num") >= 180000 else
                        "(SELECT wal_sync FROM pg_stat_wal)")
        self.cpu, self.wal, self.flushed = Counter(), 0.0, 0.0

    def end_of_log(self):
        return self.session.number("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")

    def start(self):
        self.wal, self.flushed = self.end_of_log(), self.session.number(f"SELECT {self.flushes}")
        self.cpu = server_cpu()

    def stop(self, jobs_done):
        """CPU in microseconds, WAL in bytes, flushes: of each of the jobs that jobs_done() tells."""
        cpu = server_cpu()
        wal = self.end_of_log()
        jobs = jobs_done()
        time.sleep(0.3)  # processes that have just become idle tell what they did
        flushed = self.session.number(f"SELECT {self.flushes}")
        cpu.subtract(self.cpu)
        parts = {part: cpu[title] * 1e6 / jobs for part, title in PARTS.items() if title in cpu}
        return {"server": sum(cpu.values()) * 1e6 / jobs, "wal": (wal - self.wal) / jobs,
                "flushes": (flushed - self.flushed) / jobs} | parts


def pgbench(script, clients, transactions, options=(), settings=""):
    """Runs the script so many times in all; transactions per second and the client's CPU for one, in microseconds."""
    name = f"{os.getcwd()}/pgbench.sql"
    Path(name).write_text(script, encoding="utf-8")
    before = children_cpu()
    answer = subprocess.run(
        ["pgbench", "--no-vacuum", "--protocol=prepared", "--jobs=1", f"--client={clients}",
         f"--transactions={transactions // clients}", "--username=bench", f"--file={name}", *options],
        env=os.environ | {"PGOPTIONS": settings}, capture_output=True, text=True, check=False)
    rate = re.search(r"^tps = ([0-9.]+)", answer.stdout, re.MULTILINE)
    if answer.returncode or not rate:
        raise Failed(f"pgbench failed: {answer.stderr[-2000:]}")
    return float(rate[1]), (children_cpu() - before) * 1e6 / transactions
