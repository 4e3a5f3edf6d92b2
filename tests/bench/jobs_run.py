#!/usr/bin/env python3
"""jobs_run.py NODE_FOLDER FIGURE...: measures in the running server, in whose folder it is started.

Prints lines `figure, system, round, measure, value` and `note, what, text`, with tabs. Within a round the systems take
their turns, so that noise of the machine meets all of them alike.
"""
import os
import sys
import time

from figures import measure, tell, tell_cell
from jobs_server import Failed, Session, pgbench
from jobs_systems import Alone, Boss, FlowsAlone, Gw, Ours, Pgmq, Plain, Server, Workflows

ROUNDS = int(os.environ.get("ROUNDS", "3"))
CHURN = int(os.environ.get("CHURN", "36000"))  # jobs done under one open snapshot
MANY = int(os.environ.get("MANY", "1000000"))


def available(figure, systems):
    """Those that can be measured; of the others it is told what they lack."""
    for name, (system, *_) in systems.items():
        if system.missing:
            tell("missing", figure, name, system.missing)
    return {name: entry for name, entry in systems.items() if not entry[0].missing}


def rate(server, figure="rate"):
    systems = available(figure, {
        "ours": (Ours(server), 40000),
        "gw": (Gw(server), 20000),
        "ours_bare": (Ours(server, "bare", '{"keep": "none"}'), 40000),
        "ours_sync": (Ours(server, "sync", '{"durability": "sync"}'), 12000),
        "ours_serial": (Ours(server, "serial", '{"concurrency": 1}'), 12000),
        "boss": (Boss(server), 12000),
        "ours_group": (Ours(server, "group", '{"group": 50}'), 40000),
        "alone": (Alone(server), 40000),
        "plain": (Plain(server), 12000),
        "pgmq": (Pgmq(server), 6000)})
    for number in range(ROUNDS):
        for name, (system, jobs) in systems.items():
            server.limit_workers(4 if name == "ours_sync" else -1)
            tell_cell(figure, name, number, server.measure(system, jobs))
    server.limit_workers(-1)


def off(server):
    """The same when nobody waits for the disk."""
    server.owner.ask("ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()")
    try:
        rate(server, "off")
    finally:
        server.owner.ask("ALTER SYSTEM RESET synchronous_commit", "SELECT pg_reload_conf()")


def enqueue(server):
    """Four clients enqueue by SQL. Jobs of ours are due tomorrow, for nobody does the peers' jobs meanwhile either.

    Plans are generic, which makes gw's add_job twice as fast.
    """
    jobs, ours = 4000, Ours(server)
    systems = available("enqueue", {
        "ours": (ours, f"SELECT {ours.call(1, 'now() + interval $$1 day$$')};"),
        "gw": (Gw(server), """SELECT graphile_worker.add_job('effect', '{"n": 1}');"""),
        "insert": (Plain(server), """INSERT INTO b.plain (payload) VALUES ('{"n": 1}');""")})
    for number in range(ROUNDS):
        for name, (system, script) in systems.items():
            server.owner.ask(f"TRUNCATE {system.table}", "CHECKPOINT")
            server.meter.start()
            speed, client = pgbench(script, 4, jobs, settings="-c plan_cache_mode=force_generic_plan")
            measures = server.meter.stop(lambda: jobs)
            if server.owner.number(f"SELECT count(*) FROM {system.table}") != jobs:
                raise Failed(f"{system.table}: {jobs} jobs were enqueued, and it does not have them")
            tell_cell("enqueue", name, number, measures | {"rate": speed, "cpu": measures["server"] + client})
            server.owner.ask(f"TRUNCATE {system.table}")


def lags(server, name, system, jobs, settings):
    """In milliseconds, from the commit of an enqueue to the start of the job, 40 times a second."""
    enqueue_n = ("graphile_worker.add_job('start', json_build_object('n', :n::bigint))" if isinstance(system, Gw) else
                 "bgjob.enqueue('insert into b.started values ($1, clock_timestamp())',"
                 " args => jsonb_build_array(:n::bigint))")
    script = f"""SELECT nextval('b.n') AS n \\gset
        BEGIN;
        SELECT {enqueue_n};
        INSERT INTO b.sent VALUES (:n, clock_timestamp());
        COMMIT;"""
    server.owner.ask(f"TRUNCATE {system.table}, b.sent, b.started")
    serving = system.start("serve") if isinstance(system, Gw) else None
    pgbench(script, 1, 4)  # whoever sleeps awakes
    time.sleep(1)
    server.owner.ask("TRUNCATE b.sent, b.started")
    pgbench(script, 1, jobs, options=("--rate=40",), settings=settings)
    time.sleep(0.5)
    began = dict(line.split("\t") for line in serving.communicate("stop\n")[0].splitlines()) if serving else \
        dict(server.owner.ask("SELECT n, extract(epoch FROM at) * 1e6 FROM b.started"))
    stamps = server.owner.ask("SELECT n, extract(epoch FROM at) * 1e6 FROM b.sent")
    if len(stamps) != jobs or any(n not in began for n, _ in stamps):
        raise Failed(f"{name}: of {jobs} jobs one never began")
    return [(float(began[n]) - float(at)) / 1000 for n, at in stamps]


def latency(server):
    """On an idle queue. Most of the time may be the commit's flush, so it is measured without one too."""
    systems = available("latency", {"ours": (Ours(server),), "gw": (Gw(server),)})
    for number in range(ROUNDS):
        for settings, suffix in (("", ""), ("-c synchronous_commit=off", "_async")):
            for name, (system,) in systems.items():
                for lag in lags(server, name, system, 200, settings):
                    tell("latency", name + suffix, number, "ms", f"{lag:.4f}")


def horizon(server):
    """After many jobs have been done while a snapshot stays open, for which nothing of them may be cleared away."""
    jobs = 10000
    systems = available("horizon", {"ours": (Ours(server),), "gw": (Gw(server),)})
    for number in range(max(1, ROUNDS - 1)):
        for name, (system,) in systems.items():
            tell_cell("horizon", f"{name}_empty", number, server.measure(system, jobs))
            server.owner.ask(f"TRUNCATE {system.table}")
            holder = Session("bench")
            holder.ask("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
            try:
                tell_cell("horizon", f"{name}_churn", number, server.measure(system, CHURN, keep=True))
                tell_cell("horizon", f"{name}_held", number, server.measure(system, jobs, keep=True))
            finally:
                holder.close()


def backlog(server):
    """With many more jobs that are ready, and with many that are due tomorrow."""
    jobs, ours = 20000, Ours(server)
    for number in range(ROUNDS):
        tell_cell("backlog", "ours_empty", number, server.measure(ours, jobs))
        tell_cell("backlog", "ours_ready", number, server.measure(ours, MANY, enough=jobs))
        tell_cell("backlog", "ours_empty", number, server.measure(ours, jobs))
        ours.enqueue(MANY, "now() + interval '1 day'")
        server.owner.ask("VACUUM ANALYZE bgjob.job")
        tell_cell("backlog", "ours_future", number, server.measure(ours, jobs, keep=True, waiting=MANY))


def flow(server):
    """Workflows of three steps by one worker."""
    systems = available("flow", {
        "ours_sync": (Workflows(server, "flow_sync", '{"durability": "sync"}'), 2000),
        "alone_sync": (FlowsAlone(server, "on"), 2000),
        "ours_async": (Workflows(server, "flow_async", '{"durability": "async"}'), 8000),
        "alone": (FlowsAlone(server, "off"), 8000)})
    server.limit_workers(1)
    for number in range(ROUNDS):
        for name, (system, flows) in systems.items():
            measures = server.measure(system, 3 * flows)
            tell_cell("flow", name, number, {"rate": measures["rate"] / 3, "cpu": measures["cpu"] * 3,
                                             "wal": measures["wal"] * 3, "flushes": measures["flushes"] * 3})
    server.limit_workers(-1)


def timer(server):
    """How late jobs begin that are due at some moment of the next ten seconds."""
    jobs = 400
    for number in range(ROUNDS):
        server.owner.ask("TRUNCATE b.started, b.sent, bgjob.job")
        server.user.ask(
            "WITH due AS MATERIALIZED (SELECT n, clock_timestamp() + interval '2 s' + n * interval '20 ms' * random() AS at"
            f" FROM generate_series(1, {jobs}) n), sent AS (INSERT INTO b.sent SELECT n, at FROM due)"
            " SELECT count(bgjob.enqueue('insert into b.started values ($1, clock_timestamp())',"
            " args => jsonb_build_array(n), run_at => at)) FROM due")
        end = time.monotonic() + 60
        while server.owner.number("SELECT count(*) FROM b.started") < jobs:
            if time.monotonic() > end:
                raise Failed("timers: not all jobs have begun")
            time.sleep(0.5)
        for (lag,) in server.owner.ask("SELECT extract(epoch FROM b.at - s.at) * 1000 FROM b.started b JOIN b.sent s USING (n)"):
            tell("timer", "ours", number, "ms", lag)


def recovery(server):
    """From the moment when the server accepts connections after a kill -9 to the end of the next job."""
    ours = Ours(server)
    for number in range(ROUNDS):
        server.owner.ask("TRUNCATE b.effect, bgjob.job")
        ours.enqueue(100000)
        server.await_effects(1000)
        server.crash()
        server.await_effects(server.effects() + 1000)
        begin, = server.owner.ask("SELECT extract(epoch FROM min(at)) FROM b.effect"
                                  f" WHERE at > to_timestamp({server.crashed_at})")[0]
        tell("recovery", "ours", number, "ms", f"{max(0, (float(begin) - server.up_at) * 1000):.1f}")
        ours.forget()


FIGURES = {figure.__name__: figure for figure in (
    rate, off, enqueue, latency, horizon, backlog, flow, timer, recovery)}


def main():
    node, *figures = sys.argv[1:]
    server = Server(node if os.path.exists(f"{node}/node") else None)
    if server.node:
        Gw(server).run("setup")
        Boss(server).run("setup")
    else:
        tell("note", "gw, boss", "missing: npm could not install them")
    def anew(failed):
        failed.close()
        return Server(failed.node)

    measure("jobs", FIGURES, figures, server, anew)


main()
