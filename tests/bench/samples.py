"""Samples of a benchmark, and its figures as the table that they make.

A number is the median of its rounds, with the least and the greatest round behind it. A ratio is the
median of the rounds' ratios: both took their turns in each round, so noise hits both.
"""
import operator
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import Callable

import table
from table import number


def p99(values):
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


@dataclass
class Figure:
    text: str
    figure: str
    measure: str
    peer: str = ""
    asked: str = ""  # bounds of the number or of `ratio`, joined by `and`
    ours: str = "ours"
    unit: str = ""
    of_round: Callable = statistics.median


def read(path):
    """Notes, what is missing, and samples by figure, system, measure and round."""
    notes, missing, samples = [], {}, defaultdict(lambda: defaultdict(list))
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "note":
                notes.append(fields[1:])
            elif fields[0] == "missing":
                missing[fields[1], fields[2]] = fields[3]
            else:
                figure, system, round_number, measure, value = fields
                samples[figure, system, measure][int(round_number)].append(float(value))
    return notes, missing, samples


def shown(rounds, unit):
    values = sorted(rounds)
    spread = f" ({number(values[0])}..{number(values[-1])})" if len(values) > 1 else ""
    return f"{number(statistics.median(values))} {unit}".rstrip() + spread


def holds(bound, value, ratio):
    *subject, relation, limit = bound.split()
    return {"<=": operator.le, ">=": operator.ge}[relation](ratio if subject else value, float(limit))


def verdict(asked, value, ratio):
    met = [holds(bound, value, ratio) for bound in asked.split(" and ") if bound]
    return "" if not met else "yes" if all(met) else "NO"


def row_of(f, samples, names):
    ours = {r: f.of_round(v) for r, v in samples[f.figure, f.ours, f.measure].items()}
    peer = {r: f.of_round(v) for r, v in samples.get((f.figure, f.peer, f.measure), {}).items()}
    ratios = [ours[r] / peer[r] for r in ours if peer.get(r)]
    ratio = statistics.median(ratios) if ratios else None
    if "ratio" in f.asked and ratio is None:
        return f.text, shown(ours.values(), f.unit), f"{names[f.peer]}: not measured", "", f.asked, "?"
    return (f.text, shown(ours.values(), f.unit), f"{names[f.peer]} {shown(peer.values(), f.unit)}" if peer else "",
            number(ratio) if ratio is not None else "", f.asked, verdict(f.asked, statistics.median(ours.values()), ratio))


def rows_of(figures, names, missing, samples):
    for f in figures:
        peer_missing = f.peer and (f.figure, f.peer, f.measure) not in samples
        if (f.figure, f.ours, f.measure) in samples:
            if not peer_missing or f.asked:
                yield row_of(f, samples, names)
        elif f.asked and (f.figure, f.ours) in missing:
            yield f.text, f"not available: {missing[f.figure, f.ours]}", "", "", f.asked, "NO"


def publish(figures, names):
    """What the samples of the first argument say, to read and as a table in the second one."""
    notes, missing, samples = read(sys.argv[1])
    table.publish(sys.argv[2], notes, list(rows_of(figures, names, missing, samples)))
