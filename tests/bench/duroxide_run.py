#!/usr/bin/env python3
"""duroxide_run.py NODE RUNTIME_FOLDER FIGURE...: measures in the running server, in whose folder it is started.

Prints lines `figure, system, round, measure, value` and `note, what, text`, with tabs. Without NODE, an empty text, there
is no runtime. Within a round the systems take their turns, so that noise of the machine meets all of them alike.
"""
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from figures import measure, tell_cell
from jobs_server import Failed, Meter, Session, pgbench

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = os.environ.get("SECONDS_EACH", "5")
MANY = int(os.environ.get("MANY", "1000000"))
PROGRAMS = Path(__file__).resolve().parent.parent / "duroxide_node"
NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class Bench:
    """The sessions, and the runtime if there is one."""

    def __init__(self, node, folder):
        self.node, self.folder = node, folder
        self.session = Session("bench")
        self.session.ask("SET client_min_messages = warning")
        self.meter = Meter(self.session)

    def program(self, *arguments, **options):
        return subprocess.Popen([self.node, *map(str, arguments)], cwd=self.folder, text=True, **options)

    def make(self, system):
        """A new schema of that name."""
        self.session.ask(f"DROP SCHEMA IF EXISTS {system} CASCADE")
        if system == "ours":
            self.session.ask("SELECT bgjob.create_duroxide_schema('ours')")
        elif self.program(PROGRAMS / "make_schema.mjs", system).wait():
            raise Failed(f"the runtime made no schema {system}")

    def systems(self, *more):
        return ["ours", *more] + (["peer"] if self.node else [])

    def transactions(self):
        time.sleep(1.2)  # sessions that have ended tell what they did
        return self.session.number("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'bench'")


def answer_of(program, begin):
    """The next line that begins so; what the runtime logs goes the same way, and to the reader."""
    for line in program.stdout:
        if line.startswith(begin):
            return line
        print(line, end="", file=sys.stderr)
    raise Failed("the runtime does not work, or an orchestration did not complete")


# Milliseconds between the runtime's questions, and its slots for turns and for activities.
SHAPES = {"stress50": (50, 4, 8), "stress5": (5, 4, 8), "wide50": (50, 20, 20)}


def load(bench, system, shape):
    """The runtime under load: what a second did, and what an orchestration cost."""
    bench.make(system)
    bench.session.ask("CHECKPOINT")
    before = bench.transactions()
    program = bench.program(PROGRAMS / "load.mjs", system, SECONDS, *shape, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    answer_of(program, "warm")
    bench.meter.start()
    program.stdin.write("go\n")
    program.stdin.flush()
    figures = json.loads(answer_of(program, "{"))
    costs = bench.meter.stop(lambda: figures["done"])
    program.communicate()
    all_done = bench.session.number(f"SELECT count(*) FROM {system}.executions WHERE status = 'Completed'")
    calls = (bench.transactions() - before) / all_done
    costs["server"] /= 1000
    return {**figures, **costs, "calls": calls, "cpu": costs["server"] + figures["client"]}


def stress(bench):
    if not bench.node:
        raise Failed("there is no runtime")
    for number in range(ROUNDS):
        for figure, shape in SHAPES.items():
            for system in bench.systems():
                tell_cell(figure, system, number, load(bench, system, shape))


def fetch(system, what):
    return {"turn": f"SELECT * FROM {system}.fetch_orchestration_item({NOW}, 60000, 0, 1030);",
            "task": f"SELECT * FROM {system}.fetch_work_item({NOW}, 60000, 'w', 60000);"}[what]


def enqueue_ready(bench, system, count):
    """Instances i1 and so on, each with a message, and as many tasks."""
    bench.session.ask(
        f"SELECT count({system}.enqueue_orchestrator_work('i' || n, '{{\"X\": 1}}', clock_timestamp())) FROM generate_series(1, {count}) n",
        f"SELECT count({system}.enqueue_worker_work('{{}}', {NOW}, 'i' || n, 1, 1)) FROM generate_series(1, {count}) n")


def backlog(bench):
    """Milliseconds of a fetch that finds nothing, and of one that finds something, beside rows of tomorrow."""
    later = f"clock_timestamp() + interval '1 day' + n * interval '1 ms', clock_timestamp() FROM generate_series(1, {MANY}) n"
    for system in bench.systems():
        bench.make(system)
        bench.session.ask(
            f"INSERT INTO {system}.orchestrator_queue (instance_id, work_item, visible_at, created_at) SELECT 'f' || n, '{{}}', {later}",
            "INSERT INTO " + system + ".worker_queue (instance_id, execution_id, activity_id, work_item, visible_at, created_at)"
            f" SELECT 'f' || n, 1, 1, '{{}}', {later}",
            f"VACUUM ANALYZE {system}.orchestrator_queue", f"VACUUM ANALYZE {system}.worker_queue")
    calls = {"ours": 400, "peer": 20}
    for number in range(ROUNDS):
        for system in bench.systems():
            for what in ("turn", "task"):
                for state in ("empty", "ready"):
                    if state == "ready":
                        enqueue_ready(bench, system, calls[system])
                    speed, _ = pgbench(fetch(system, what), 1, calls[system], settings="-c bgjob.duroxide_fetch_wait=0")
                    tell_cell("backlog", system, number, {f"{what}_{state}": 1000 / speed})
                    bench.session.ask(f"DELETE FROM {system}.orchestrator_queue WHERE visible_at <= now()",
                                      f"DELETE FROM {system}.worker_queue WHERE visible_at <= now()",
                                      f"DELETE FROM {system}.instance_locks", f"DELETE FROM {system}.sessions")
    for system in bench.systems():
        bench.session.ask(f"DROP SCHEMA {system} CASCADE")


def fetchers(bench):
    """50 sessions fetch four times each what is there for just as many fetches."""
    for number in range(ROUNDS):
        for system in bench.systems():
            for what, taken in (("turn", "instance_locks"), ("task", "worker_queue WHERE lock_token IS NOT NULL")):
                bench.make(system)
                enqueue_ready(bench, system, 200)
                speed, _ = pgbench(fetch(system, what), 50, 200, settings="-c bgjob.duroxide_fetch_wait=0")
                fetched = bench.session.number(f"SELECT count(*) FROM {system}.{taken}")
                tell_cell("fetchers", system, number, {f"{what}_rate": speed, f"{what}_empty": 200 - fetched})


class Listener:
    """A session that listens, and counts what it hears."""

    def __init__(self, channel):
        self.session, self.heard, self.stopped = Session("bench"), 0, False
        self.session.ask(f"LISTEN {channel}")
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        while not self.stopped:
            self.heard += sum(row[0].startswith("Asynchronous") for row in self.session.ask("SELECT 1"))
            time.sleep(0.02)

    def stop(self):
        time.sleep(1)
        self.stopped = True
        self.thread.join()
        self.session.close()
        return self.heard


# What the runtime's optimized sibling does: a trigger tells of each row.
TRIGGER = """CREATE FUNCTION {0}.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_notify('{0}_orch_work', (extract(epoch FROM NEW.visible_at) * 1000)::bigint::text); RETURN NULL; END $$;
    CREATE TRIGGER tell AFTER INSERT ON {0}.orchestrator_queue FOR EACH ROW EXECUTE FUNCTION {0}.tell()"""


def announce(bench):
    """Enqueues a second by 8 sessions, and announcements for one of them."""
    count = 8000
    for number in range(ROUNDS):
        for system in bench.systems():
            bench.make(system)
            if system == "peer":
                bench.session.ask(TRIGGER.format(system))
            listener = Listener(f"{system}_orch_work")
            speed, _ = pgbench(f"SELECT nextval('n') AS n \\gset\nSELECT {system}.enqueue_orchestrator_work('i' || :n, '{{}}', clock_timestamp());", 8, count)
            tell_cell("announce", system, number, {"rate": speed, "heard": listener.stop() / count})


FIGURES = {figure.__name__: figure for figure in (stress, backlog, fetchers, announce)}


def main():
    node, folder, *figures = sys.argv[1:]
    bench = Bench(node, folder)
    bench.session.ask("CREATE SEQUENCE n CACHE 1000")
    measure("duroxide", FIGURES, figures, bench)


main()
