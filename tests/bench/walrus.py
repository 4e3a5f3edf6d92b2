#!/usr/bin/env python3
"""walrus.py SAMPLES TABLE: what the samples of ci/bench walrus say, as a table to read and as TABLE.

A number is the median of its rounds, with the least and the greatest behind it. A ratio is the median of
the rounds' ratios: both rules ran side by side in each round, on the same transactions.
"""
import statistics
import sys
from collections import defaultdict

import table
from table import number

SETTLE = 75  # seconds of the load in which a rule may settle; walrus.sh runs it in these two phases
PEERS = {"pg_walrus": "pg_walrus's rule", "classic": "classic", "fixed": "fixed 64 MB", "unlimited": "unlimited"}
OURS = "rate"


class Samples:
    """What walrus.sh wrote: notes, values by round, rule and name, and what the simulation told."""

    def __init__(self, path):
        self.notes, self.simulated = [], []
        self.values, self.lists = {}, defaultdict(list)
        self.rounds, self.rules = [], []
        with open(path, encoding="utf-8") as file:
            for line in file:
                self.add(line.rstrip("\n").split("\t"))

    def add(self, fields):
        if fields[0] == "note":
            self.notes.append(fields[1:])
        elif fields[0] == "simulated":
            self.simulated.append(fields[1:])
        else:
            run, rule, name, value = fields
            if run != "idle":
                self.rounds += [run] if run not in self.rounds else []
                self.rules += [rule] if rule not in self.rules else []
            if name in ("forced", "change"):
                self.lists[run, rule, name].append(float(value))
            else:
                self.values[run, rule, name] = float(value)

    def of_rounds(self, rule, figure):
        """The figure of each round: figure(run, rule)."""
        return [figure(run, rule) for run in self.rounds] if rule in self.rules else []


def shown(values, unit):
    low, high = min(values), max(values)
    spread = f" ({number(low)}..{number(high)})" if low != high else ""
    return f"{number(statistics.median(values))} {unit}".rstrip() + spread


def row(text, ours, peer_name, peers, unit="", asked="", scale=1):
    """Asked is `<= N`, or `ratio <= N`; a ratio is told where all peers' values are above 0."""
    ours, peers = [v * scale for v in ours], [v * scale for v in peers]
    ratios = [a / b for a, b in zip(ours, peers)] if peers and min(peers) > 0 else []
    ratio = statistics.median(ratios) if ratios else None
    verdict = ""
    if asked:
        value = ratio if asked.startswith("ratio") else statistics.median(ours)
        verdict = "" if value is None else "yes" if value <= float(asked.split()[-1]) else "NO"
    limit = f"{asked} {unit}".rstrip() if asked.startswith("<=") else asked
    return (text, shown(ours, unit), f"{PEERS[peer_name]} {shown(peers, unit)}" if peers else "",
            number(ratio) if ratio is not None else "", limit, verdict)


def figures(s):
    """Text, figure of a run, peers, unit, asked of the first row, scale."""
    def count(kind, steady):
        return lambda run, rule: sum((at > SETTLE) == steady for at in s.lists[run, rule, kind])

    def last(run, rule):
        return max([0, *s.lists[run, rule, "forced"], *s.lists[run, rule, "change"]])

    def per_transaction(name, *phases):
        return lambda run, rule: (sum(s.values[run, rule, f"{phase} {name}"] for phase in phases) /
                                  sum(s.values[run, rule, f"{phase} transactions"] for phase in phases))

    both, steady = ("settling", "steady"), ("steady",)
    sized, others = ("pg_walrus", "classic"), ("fixed", "pg_walrus", "unlimited")
    return [
        ("constant load: checkpoints forced by WAL until steady", count("forced", False), (*sized, "fixed"), "",
         "<= 2"),
        ("constant load: checkpoints forced by WAL when steady", count("forced", True), (*sized, "fixed"), "", "<= 0"),
        ("constant load: ALTER SYSTEM until steady", count("change", False), sized, "", "<= 3"),
        ("constant load: ALTER SYSTEM when steady", count("change", True), sized, "", "<= 0"),
        ("time to the last forced checkpoint or change", last, (*sized, "fixed"), "s", ""),
        ("final max_wal_size", lambda run, rule: s.values[run, rule, "final"], sized, "MB", ""),
        ("WAL a transaction when steady", per_transaction("wal", *steady), ("unlimited", "pg_walrus", "fixed"), "B",
         "ratio <= 1.03"),
        ("WAL a transaction, the whole run", per_transaction("wal", *both), others, "B", ""),
        ("full-page images a transaction, the whole run", per_transaction("images", *both), others, "", ""),
        ("pages written by checkpoints, 1,000 transactions", per_transaction("pages", *both), others, "", "", 1000),
    ]


def loaded_rows(s):
    for text, figure, peers, unit, asked, *scale in figures(s):
        ours = s.of_rounds(OURS, figure)
        for peer in peers:
            theirs = s.of_rounds(peer, figure)
            if theirs:
                yield row(text, ours, peer, theirs, unit, asked, *scale)
                asked = ""


def idle_rows(s):
    if ("idle", OURS, "final") not in s.values:
        return

    def changes(rule):
        return [len(s.lists["idle", rule, "change"])]

    yield row("idle with a CHECKPOINT every 5 s: changes", changes(OURS), "pg_walrus", changes("pg_walrus"), "", "<= 0")
    yield row("the same, walrus.algorithm = classic", changes("classic"), "", [], "", "<= 0")
    yield row("the same: final max_wal_size", [s.values["idle", OURS, "final"]], "pg_walrus",
              [s.values["idle", "pg_walrus", "final"]], "MB")
    cost = s.values["idle", OURS, "worker ns"] / 1e9 / s.values["idle", OURS, "seconds"] * 100
    yield row("the same: processor time of the worker, of one core", [cost], "", [], "%", "<= 0.1")


def simulated_rows(s):
    """Lines of walrus_sim --tsv: trace, rule, forced, of them on the last day, changes, the same, size, WAL."""
    runs = {(trace, rule): [float(v) for v in values] for trace, rule, *values in s.simulated}
    for trace in dict.fromkeys(trace for trace, _ in runs):
        constant, idle = trace.startswith(("const", "marginal")), trace.startswith("idle")
        columns = [("forced by WAL, in all", 0, "<= 2" if constant else ""), ("forced by WAL, last day", 1, "<= 0"),
                   ("ALTER SYSTEM, in all", 2, "<= 0" if idle else "<= 3" if constant else ""),
                   ("ALTER SYSTEM, last day", 3, "<= 0"), ("WAL, unlimited = 1", 5, "<= 1.03")]
        for text, column, asked in columns:
            yield row(f"simulated, {trace}: {text}", [runs[trace, OURS][column]], "pg_walrus",
                      [runs[trace, "pg_walrus"][column]], "", asked)


def exactness(s):
    """Is what walrus counted what the log tells?"""
    pairs = [(s.values[run, rule, "forced, told by walrus"], s.values[run, rule, "forced, told by the log"])
             for run in s.rounds for rule in s.rules]
    told, logged = (sum(column) for column in zip(*pairs))
    wrong = sum(a != b for a, b in pairs)
    return ("servers whose walrus.checkpoint_causes differs from the log", str(wrong),
            f"{number(told)} forced counted, {number(logged)} logged", "", "<= 0", "yes" if wrong == 0 else "NO")


def machine_notes(s):
    lags = [s.values[run, rule, f"{phase} lag"] for run in s.rounds for rule in s.rules
            for phase in ("settling", "steady")]
    rates = [s.values[run, rule, "steady transactions"] for run in s.rounds for rule in s.rules]
    yield ("rate kept", f"{number(min(rates))}..{number(max(rates))} transactions in the steady phases; "
           f"mean lag behind the schedule {number(min(lags))}..{number(max(lags))} ms")


def main():
    s = Samples(sys.argv[1])
    rows = [*loaded_rows(s), exactness(s), *idle_rows(s), *simulated_rows(s)]
    table.publish(sys.argv[2], [*s.notes, *machine_notes(s)], rows)


main()
