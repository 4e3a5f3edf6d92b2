#!/usr/bin/env python3
"""jobs.py SAMPLES TABLE: what the samples of ci/bench jobs say, as a table to read and as TABLE."""
import samples
from samples import Figure, p99


def per_second(text, figure, peers, **rest):
    """Lines for rates; peers are names with what is asked beside them."""
    return [Figure(text, figure, "rate", peer, asked, unit="/s", **rest) for peer, asked in peers]


def costs(figure, peers, ours="ours", what="a job"):
    """Lines for what a job costs, without a goal."""
    return [Figure(text.format(what), figure, measure, peer, ours=ours, unit=unit) for peer in peers
            for text, measure, unit in (("CPU of {}, server and client", "cpu", "us"), ("WAL of {}", "wal", "B"),
                                        ("flushes of {}", "flushes", ""))]


FIGURES = [
    *per_second("jobs", "rate", (("gw", "ratio >= 4"), ("boss", "ratio >= 4"), ("pgmq", "ratio >= 10"), ("plain", ""),
                                 ("alone", ""))),
    *per_second("jobs, all with synchronous_commit off", "off",
                (("gw", "ratio >= 3"), ("boss", ""), ("pgmq", ""), ("plain", ""))),
    *per_second("jobs, synchronous each, 4 workers", "rate", (("gw", "ratio >= 1"),), ours="ours_sync"),
    *per_second("jobs, one after the other", "rate", (("gw", ""),), ours="ours_serial"),
    *per_second("jobs, 50 to a commit", "rate", (("gw", "ratio >= 6"),), ours="ours_group"),
    *per_second("jobs, nothing kept", "rate", (("gw", ""),), ours="ours_bare"),
    Figure("CPU of a job, server and client", "rate", "cpu", "gw", "<= 35 and ratio <= 0.333", unit="us"),
    Figure("CPU of a job, server alone", "rate", "server", "gw", unit="us"),
    Figure("CPU of a job, server alone", "rate", "server", "alone", unit="us"),
    Figure("CPU of a job, the dispatcher's share", "rate", "dispatcher", unit="us"),
    Figure("CPU of a job, the walwriter's share", "rate", "walwriter", "gw", unit="us"),
    Figure("WAL of a job, nothing kept", "rate", "wal", "gw", "<= 450", ours="ours_bare", unit="B"),
    Figure("WAL of a job", "rate", "wal", "gw", unit="B"),
    Figure("flushes of a job", "rate", "flushes", "gw"),
    Figure("flushes of a job, synchronous each", "rate", "flushes", "gw", ours="ours_sync"),
    *costs("rate", ("boss", "pgmq", "plain")),
    Figure("CPU of a job, synchronous_commit off", "off", "cpu", "gw", unit="us"),
    *per_second("enqueue by SQL, 4 clients", "enqueue", (("gw", "ratio >= 2.5"), ("insert", ""))),
    Figure("flushes of an enqueue, 4 clients", "enqueue", "flushes", "gw", "<= 0.6"),
    Figure("CPU of an enqueue, server and client", "enqueue", "cpu", "gw", unit="us"),
    Figure("WAL of an enqueue", "enqueue", "wal", "gw", unit="B"),
    Figure("commit of enqueue to start, idle queue, median", "latency", "ms", "gw", "<= 1 and ratio <= 0.5", unit="ms"),
    Figure("commit of enqueue to start, idle queue, p99", "latency", "ms", "gw", "ratio <= 1", unit="ms", of_round=p99),
    Figure("the same, a commit without flush, median", "latency", "ms", "gw_async", "<= 1 and ratio <= 0.5",
           "ours_async", "ms"),
    Figure("the same, a commit without flush, p99", "latency", "ms", "gw_async", "ratio <= 1", "ours_async",
           "ms", p99),
    Figure("jobs after 36,000 under one snapshot", "horizon", "rate", "ours_empty", "ratio >= 0.8", "ours_held", "/s"),
    Figure("CPU of a job then", "horizon", "cpu", "ours_empty", "ratio <= 1.3", "ours_held", "us"),
    Figure("CPU of a job then, the dispatcher's share", "horizon", "dispatcher", "ours_empty", "", "ours_held", "us"),
    Figure("the 36,000 jobs", "horizon", "rate", "gw_churn", "", "ours_churn", "/s"),
    Figure("graphile-worker: jobs after 36,000", "horizon", "rate", "gw_empty", "", "gw_held", "/s"),
    Figure("graphile-worker: CPU of a job then", "horizon", "cpu", "gw_empty", "", "gw_held", "us"),
    Figure("jobs, many more ready", "backlog", "rate", "ours_empty", "ratio >= 0.9", "ours_ready", "/s"),
    Figure("CPU of a job then", "backlog", "cpu", "ours_empty", "", "ours_ready", "us"),
    Figure("jobs, many more due tomorrow", "backlog", "rate", "ours_empty", "ratio >= 0.9", "ours_future", "/s"),
    Figure("CPU of a job then", "backlog", "cpu", "ours_empty", "", "ours_future", "us"),
    *(Figure(f"workflows of 3 steps, {how}, one worker", "flow", "rate", peer, asked, f"ours_{name}", "/s")
      for name, how, peer, asked in (("sync", "synchronous", "alone_sync", ">= 1500"),
                                     ("async", "asynchronous", "alone", ">= 8000"))),
    Figure("CPU of an asynchronous workflow", "flow", "server", "alone", "", "ours_async", "us"),
    Figure("timers: begin after the time due, median", "timer", "ms", unit="ms"),
    Figure("timers: begin after the time due, p99", "timer", "ms", "", "<= 20", unit="ms", of_round=p99),
    Figure("first job after kill -9, from the first connection", "recovery", "ms", "", "<= 1000", unit="ms"),
    *costs("flow", ("",), "ours_sync", "a synchronous workflow"),
    *costs("flow", ("",), "ours_async", "an asynchronous workflow"),
]
GRAPHILE = "graphile-worker"
NAMES = {"gw": GRAPHILE, "gw_async": GRAPHILE, "gw_churn": GRAPHILE, "gw_empty": f"{GRAPHILE}, nothing else",
         "boss": "pg-boss", "pgmq": "read, work, delete", "plain": "SKIP LOCKED, 4 clients", "insert": "plain INSERT",
         "alone": "the rows alone, asynchronous",
         "alone_sync": "the rows alone", "ours_empty": "bgjob, nothing else"}

samples.publish(FIGURES, NAMES)
