#!/usr/bin/env python3
"""erlang.py SAMPLES TABLE: what the samples of ci/bench erlang say, as a table to read and as TABLE.

A number is the median of its rounds, with the least and the greatest round behind it. A ratio is the median of the
rounds' ratios: all ways ran in turn in each round, so noise hits them alike. The least of a round's calls is the one
that the machine's other work disturbed least.
"""
import statistics
import sys
from collections import defaultdict

import table
from samples import shown, verdict
from table import number

NAMES = {"tcp": "TCP", "erl": "erl to erl", "ei": "ei_rpc in C", "direct": "direct", "worker": "worker"}
ASKED = {  # by figure, our way and peer
    ("small call median", "direct", "tcp"): "ratio <= 1.2",
    ("small call median", "worker", "tcp"): "ratio <= 1.5",
    ("small call median", "worker", "erl"): "ratio <= 1.3",
    ("10 MB reply median", "direct", "tcp"): "ratio <= 2",
    ("10 MB reply median", "worker", "tcp"): "ratio <= 2",
    ("batch", "worker", "erl"): ">= 50000",
}


def read(path):
    """Notes, and the value of each round by figure and way."""
    notes, samples = [], defaultdict(dict)
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "note":
                notes.append(fields[1:])
            else:
                run, figure, way, value = fields
                samples[figure, way][run] = float(value)
    return notes, samples


def row(samples, figure, ours, peer):
    mine, theirs = samples[figure, ours], samples[figure, peer]
    unit = "/s" if figure == "batch" or figure.endswith("rate") else "us"
    ratio = statistics.median(mine[run] / theirs[run] for run in mine)
    asked = ASKED.get((figure, ours, peer), "")
    value = statistics.median(mine.values())
    return (f"{figure}, {ours}", shown(mine.values(), unit), f"{NAMES[peer]} {shown(theirs.values(), unit)}",
            number(ratio), f"{asked} {unit}" if asked.startswith(">=") else asked, verdict(asked, value, ratio))


def main():
    notes, samples = read(sys.argv[1])
    figures = list(dict.fromkeys(figure for figure, _ in samples))
    # What noise did to the 99th percentile of bare TCP says nothing: Erlang's own is what it is compared with.
    rows = [row(samples, figure, ours, peer) for figure in figures for ours in ("direct", "worker")
            for peer in (("erl",) if figure.endswith("p99") else ("tcp", "erl", "ei"))
            if (figure, ours) in samples and (figure, peer) in samples]
    table.publish(sys.argv[2], notes, rows)


main()
