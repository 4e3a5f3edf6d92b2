"""The queues that ci/bench jobs measures: how each is filled and how it is worked off. A job inserts one row."""
import os
import subprocess
import threading
import time

from jobs_server import Failed, Meter, Session, crash_and_restart, pgbench

PATIENCE = 120  # seconds; then the rate is that of what has been done
ROWS_OF_A_PAGE = 185  # of b.effect


class Server:
    """The sessions that all systems use, and what bgjob can do there."""

    def __init__(self, node):
        self.node = node  # the folder of the programs on Node, or nothing
        self.owner, self.user = Session("postgres"), Session("bench")
        self.meter = Meter(self.owner)
        self.workers = -1
        self.crashed_at = self.up_at = 0.0
        self.arguments = {name: set(names.strip("{}").split(",")) for name, names in self.owner.ask(
            "SELECT proname, array_agg(DISTINCT a) FROM pg_proc, unnest(coalesce(proargnames, '{-}')) a"
            " WHERE pronamespace = 'bgjob'::regnamespace GROUP BY 1")}

    def close(self):
        self.owner.close()
        self.user.close()

    def crash(self):
        """Kills the server, starts it again, and tells when it was killed and when it took connections again."""
        self.crashed_at, self.up_at = crash_and_restart()
        self.owner, self.user = Session("postgres"), Session("bench")
        self.meter = Meter(self.owner)

    def limit_workers(self, most):
        """Of all databases; -1: as many as the server has room for."""
        if most == self.workers:
            return
        self.workers = most
        self.owner.ask(f"ALTER SYSTEM SET bgjob.max_workers = {most}", "SELECT pg_reload_conf()",
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'bgjob worker'")

    def has(self, function, argument=None):
        return function in self.arguments and (argument is None or argument in self.arguments[function])

    def effects(self):
        return int(self.owner.number("SELECT count(*) FROM b.effect"))

    def await_effects(self, wanted):
        """Until there are so many, or patience is at its end. The rows are counted only when they can be enough."""
        end = time.monotonic() + PATIENCE
        size = wanted // ROWS_OF_A_PAGE * 8192
        while time.monotonic() < end:
            if self.owner.number("SELECT pg_relation_size('b.effect')") >= size and self.effects() >= wanted:
                return
            time.sleep(0.03)

    def measure(self, system, jobs, enough=None, keep=False, waiting=0):
        """The rate, and what a job costs. With `enough`: as soon as so many are done, the others are forgotten.

        `keep`: the table stays as it is; `waiting`: of the jobs in it so many are not to be done.
        """
        self.owner.ask("TRUNCATE b.effect" if keep else f"TRUNCATE b.effect, {system.table}")
        system.fill(jobs)
        os.sync()  # what was written for that is not still on its way to the disk
        self.meter.start()
        client = system.drain(enough or jobs)
        measures = self.meter.stop(self.effects)
        left = system.left() if self.effects() >= jobs else system.forget()
        rows, ids = self.owner.ask("SELECT count(*), count(DISTINCT id) FROM b.effect")[0]
        if int(rows) + left != jobs + waiting or ids != rows:
            raise Failed(f"{system.table}: {jobs} jobs, {waiting} for later; {rows} effects of {ids} jobs, {left} left")
        counted, seconds = self.owner.ask(
            "SELECT count(*), extract(epoch FROM max(at) - min(at))"
            f" FROM (SELECT at FROM b.effect ORDER BY at LIMIT {enough or jobs}) first")[0]
        return measures | {"rate": int(counted) / float(seconds), "cpu": measures["server"] + client}


class Ours:
    """bgjob, by a queue with these options; none: by default."""
    table = "bgjob.job"

    def __init__(self, server, queue=None, options=None):
        self.server = server
        can = server.has("set_queue") and server.has("enqueue", "queue")
        self.missing = "" if can or not queue else "no bgjob.set_queue"
        self.into = f", queue => '{queue}'" if queue and not self.missing else ""
        if self.into:
            server.owner.ask(f"SELECT bgjob.set_queue('{queue}', '{options}')")

    def call(self, number, when="NULL"):
        return (f"bgjob.enqueue('insert into b.effect(id) values ($1)', args => jsonb_build_array({number}),"
                f" run_at => {when}{self.into})")

    def enqueue(self, jobs, when="NULL"):
        self.server.user.ask(f"SELECT count({self.call('g', when)}) FROM generate_series(1, {jobs}) g")

    def fill(self, jobs):
        """In a transaction that does not commit yet, so that nothing begins before the measure does."""
        self.server.user.ask("BEGIN")
        self.enqueue(jobs)
        self.server.owner.ask("CHECKPOINT")

    def drain(self, jobs):
        self.server.user.ask("COMMIT")
        self.server.await_effects(jobs)
        return 0

    def left(self):
        return int(self.server.owner.number("SELECT count(*) FROM bgjob.job"))

    def forget(self):
        """How many were left, when none is done any more."""
        return int(self.server.owner.number(
            "BEGIN", "LOCK TABLE bgjob.job IN ACCESS EXCLUSIVE MODE", "SELECT count(*) FROM bgjob.job",
            "TRUNCATE bgjob.job", "COMMIT"))


class Workflows(Ours):
    """Workflows of three steps: b.three_steps()."""

    def __init__(self, server, queue, options):
        super().__init__(server, queue, options)
        if not (server.has("start") and server.has("step")):
            self.missing = "no bgjob.start"

    def call(self, number, when="NULL"):
        into = self.into if self.server.has("start", "queue") else ""
        return f"bgjob.start('b.three_steps', jsonb_build_object('n', {number}){into})"

    def fill(self, jobs):
        super().fill(jobs // 3)


class Alone:
    """No queue at all: a session inserts the rows, each in a transaction that does not wait for the disk."""
    table, missing = "b.plain", ""

    def __init__(self, server):
        self.server = server

    def fill(self, jobs):
        self.server.owner.ask("CHECKPOINT")

    def drain(self, jobs):
        self.server.user.ask(f"CALL b.effects_alone(1, {jobs})")
        return 0

    def left(self):
        return 0

    forget = left


class FlowsAlone(Alone):
    """No queue either: b.flows_alone()."""

    def __init__(self, server, synchronous):
        super().__init__(server)
        self.synchronous = synchronous

    def fill(self, jobs):
        self.server.owner.ask("TRUNCATE b.flow, b.flow_step, b.flow_run", "INSERT INTO b.flow"
                              f" SELECT n, 'CALL b.three_steps($1)' FROM generate_series(1, {jobs // 3}) n", "CHECKPOINT")

    def drain(self, jobs):
        self.server.user.ask(f"CALL b.flows_alone({jobs // 3}, '{self.synchronous}')")
        return 0


class Plain:
    """One statement of a client takes a row, has its effect and deletes it."""
    table, missing, clients = "b.plain", "", 4
    script = """WITH gone AS (DELETE FROM b.plain WHERE id = ANY (ARRAY(SELECT id FROM b.plain WHERE run_at <= now()
        ORDER BY priority, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)) RETURNING id)
        INSERT INTO b.effect(id) SELECT id FROM gone;"""
    row = "(run_at, payload) SELECT now(), jsonb_build_object('n', g)"

    def __init__(self, server):
        self.server = server

    def fill(self, jobs):
        # Some more than are done: a client must find one that no other has locked.
        self.server.user.ask(f"INSERT INTO {self.table} {self.row} FROM generate_series(1, {jobs + 100}) g")
        self.server.owner.ask(f"VACUUM ANALYZE {self.table}", "CHECKPOINT")

    def drain(self, jobs):
        return pgbench(self.script, self.clients, jobs)[1]

    def left(self):
        return 0

    forget = left


class Pgmq(Plain):
    """As clients of pgmq work: read, work, delete, each a transaction."""
    table = "b.message"
    script = """SELECT msg_id FROM b.read_message('message', 30, 1) \\gset
        INSERT INTO b.effect(id) VALUES (:msg_id);
        SELECT b.delete_message('message', :msg_id::bigint);"""
    row = "(vt, message) SELECT now(), jsonb_build_object('n', g)"


class Node:
    """A program of jobs_node."""

    def __init__(self, server):
        self.server = server
        self.missing = "" if server.node else "npm could not install it"

    def start(self, *arguments):
        """It has connected, and waits for a line to begin."""
        process = subprocess.Popen([f"{self.server.node}/node", f"{self.server.node}/{self.program}", *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if arguments[0] in ("drain", "serve") and process.stdout.readline() != "ready\n":
            raise Failed(f"{self.program} did not start")
        return process

    def run(self, *arguments):
        if self.start(*arguments).wait():
            raise Failed(f"{self.program} {' '.join(arguments)} failed")

    def fill(self, jobs):
        self.add(jobs)
        self.server.owner.ask(f"VACUUM ANALYZE {self.table}", "CHECKPOINT")
        self.process = self.start("drain", str(jobs))

    def drain(self, _):
        limit = threading.Timer(PATIENCE, self.process.kill)
        limit.start()
        answer = self.process.communicate("go\n")[0]
        limit.cancel()
        if self.process.returncode:
            raise Failed(f"{self.program} was not done in {PATIENCE} s")
        return float(answer)

    def left(self):
        return 0

    forget = left


class Gw(Node):
    table, program = "graphile_worker._private_jobs", "gw.mjs"

    def add(self, jobs):
        self.server.owner.ask(
            "SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(SELECT ROW('effect', json_build_object('n', g), NULL,"
            " NULL, NULL, NULL, NULL, NULL)::graphile_worker.job_spec"
            f" FROM generate_series(1, {jobs}) g))")


class Boss(Node):
    table, program = "pgboss.job", "boss.mjs"

    def add(self, jobs):
        self.run("fill", str(jobs))
