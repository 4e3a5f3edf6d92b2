#!/usr/bin/env python3
"""launch.py SAMPLES TABLE: what the samples of ci/bench launch say, as a table to read and as TABLE.

A number is the median of its rounds, with the least and the greatest round behind it. A ratio is the
median of the rounds' ratios: both ways ran in turn in each round, so noise hits both.
"""
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import Callable, Optional

import table
from samples import p99, shown, verdict
from table import number


@dataclass
class Figure:
    text: str
    samples: str  # the name the samples go by
    peer: Optional[str]
    of_round: Callable = statistics.median
    unit: str = "ms"
    asked: str = ""  # `ratio <= N` or `<= N`
    peer_samples: str = ""  # where the peer's stand elsewhere
    ours: str = "bgjob"


FIGURES = [
    Figure("back to back: launch + result + detach, median", "back_to_back", "dblink_kept", asked="ratio <= 1"),
    Figure("back to back: launch + result + detach, p99", "back_to_back", "dblink_kept", p99),
    Figure("in turn: launch + result of SELECT 1, median", "trip", "dblink_kept", asked="ratio <= 1"),
    Figure("in turn: launch + result of SELECT 1, median", "trip", "direct"),
    Figure("in turn: launch + result of SELECT 1, p99", "trip", "dblink_kept", p99),
    Figure("launch alone, median", "launch", None),
    Figure("submit + wait + detach, median", "submit", None),
    Figure("launch + result of SELECT 1, each among its own neighbours, median", "trip", "pg_background",
           asked="ratio <= 0.05", peer_samples="trip_starting"),
    Figure("in turn with new processes: launch + result, median", "trip_starting", "pg_background"),
    Figure("in turn with new processes: launch + result, median", "trip_starting", "dblink_new"),
    Figure("in turn with new processes: launch + result, median", "trip_starting", "dblink_kept"),
    Figure("in turn with new processes: launch + result, p99", "trip_starting", "pg_background", p99),
    Figure("in turn with new processes: launch alone, median", "launch_starting", "pg_background"),
    Figure("in turn with new processes: submit + wait + detach, median", "submit_starting", "pg_background"),
    Figure("rows of (int, md5), default queue", "rows", "tuplestore", asked="ratio <= 1.3"),
    Figure("rows of (int, md5), default queue", "rows", "direct"),
    Figure("rows of (int, md5), default queue", "rows", "dblink_kept"),
    Figure("rows of (int, md5), default queue", "rows", "pg_background"),
    Figure("end of work to return of wait, median", "lag", "dblink_kept", asked="<= 0.5"),
    Figure("end of work to return of wait, median", "lag", "pg_background"),
    Figure("end of work to return of wait, p99", "lag", "dblink_kept", p99),
    Figure("the same with a commit to disk, median", "lag_commit", "dblink_kept"),
    Figure("the same with a commit to disk, median", "lag_commit", "pg_background"),
    Figure("burst of 16 x 200 ms, first: no worker yet", "first_burst", None),
    Figure("burst of 16 x 200 ms", "burst", "dblink_new"),
    Figure("burst of 16 x 200 ms", "burst", "pg_background"),
    Figure("session growth a launch, rows taken", "growth_consumed", "pg_background", unit="B", asked="<= 0"),
    Figure("session growth a launch, one job held", "growth_held", "pg_background", unit="B", asked="<= 0"),
    Figure("session growth a launch, submit + detach", "growth_detached", "pg_background", unit="B", asked="<= 0"),
    Figure("private memory a launch, rows taken", "private_consumed", "pg_background", unit="B"),
    Figure("private memory a launch, one job held", "private_held", "pg_background", unit="B"),
    Figure("private memory a launch, submit + detach", "private_detached", "pg_background", unit="B"),
]
NAMES = {"dblink_kept": "dblink, kept", "dblink_new": "dblink, new", "direct": "directly",
         "tuplestore": "directly, into a tuplestore", "pg_background": "pg_background"}


def read(path):
    """Notes, and samples by server, figure, way and round."""
    notes, samples = [], defaultdict(lambda: defaultdict(list))
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "note":
                notes.append(fields[1:])
            else:
                server, figure, way, number, value = fields
                samples[server, figure, way][int(number)].append(float(value))
    return notes, samples


def rows_of(server, samples):
    told = set()
    for f in FIGURES:
        ours = samples.get((server, f.samples, f.ours))
        peer = samples.get((server, f.peer_samples or f.samples, f.peer))
        # Without its peer a number of ours is told once, and not at all if it is there for the comparison.
        if not ours or (f.peer and not peer and (f.samples.endswith("_starting") or f.peer_samples or f.text in told)):
            continue
        told.add(f.text)
        our_rounds = {r: f.of_round(v) for r, v in ours.items()}
        peer_rounds = {r: f.of_round(v) for r, v in peer.items()} if peer else {}
        ratios = [our_rounds[r] / peer_rounds[r] for r in our_rounds if peer_rounds.get(r)]
        ratio = statistics.median(ratios) if ratios else None
        value = statistics.median(our_rounds.values())
        yield (f"{server}: {f.text}", shown(our_rounds.values(), f.unit),
               f"{NAMES[f.peer]} {shown(peer_rounds.values(), f.unit)}" if peer else "",
               number(ratio) if ratio is not None else "", f"{f.asked} {f.unit}".strip()
               if f.asked.startswith("<=") else f.asked, verdict(f.asked, value, ratio))


def main():
    notes, samples = read(sys.argv[1])
    servers = list(dict.fromkeys(server for server, _, _ in samples))
    table.publish(sys.argv[2], notes, [row for server in servers for row in rows_of(server, samples)])


main()
