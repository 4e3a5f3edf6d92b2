#!/usr/bin/env python3
"""duroxide.py SAMPLES TABLE: what the samples of ci/bench duroxide say, as a table to read and as TABLE."""
import samples
from samples import Figure


def stress(name, figure, asked):
    """Lines of the runtime under load."""
    lines = (("orchestrations", "rate", "/s", asked), ("activities", "activities", "/s", ""),
             ("share of the activity slots that is at work, at most 1", "busy", "", ""), ("latency, median", "p50", "ms", ""),
             ("latency, p99", "p99", "ms", ""), ("transactions of an orchestration", "calls", "", ""),
             ("WAL of an orchestration", "wal", "B", ""), ("flushes of an orchestration", "flushes", "", ""),
             ("CPU of an orchestration, server", "server", "ms", ""), ("CPU of an orchestration, client", "client", "ms", ""))
    return [Figure(f"{name}: {text}", figure, measure, "peer", bound, unit=unit) for text, measure, unit, bound in lines]


FIGURES = [
    *stress("poll 50 ms", "stress50", "ratio >= 3"),
    *stress("poll 5 ms", "stress5", "ratio >= 2"),
    *stress("poll 50 ms, 20 + 20 slots", "wide50", ""),
    *(Figure(f"rows of tomorrow: fetch of {text}", "backlog", measure, "peer", "<= 1", unit="ms") for text, measure in (
        ("a turn, none is there", "turn_empty"), ("a turn", "turn_ready"), ("a task, none is there", "task_empty"), ("a task", "task_ready"))),
    Figure("50 fetchers, 200 instances: empty answers", "fetchers", "turn_empty", "peer", "<= 0"),
    Figure("50 fetchers, 200 instances: fetches", "fetchers", "turn_rate", "peer", unit="/s"),
    Figure("50 fetchers, 200 tasks: empty answers", "fetchers", "task_empty", "peer", "<= 0"),
    Figure("50 fetchers, 200 tasks: fetches", "fetchers", "task_rate", "peer", unit="/s"),
    Figure("enqueues that are announced, 8 sessions", "announce", "rate", "peer", unit="/s"),
    Figure("announcements of an enqueue", "announce", "heard", "peer"),
]

samples.publish(FIGURES, {"peer": "its own"})
