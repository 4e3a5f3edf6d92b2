"""What the programs share that measure for a table: what they tell, and the loop over their figures."""
import sys
import time

from jobs_server import Failed


def tell(*fields):
    print(*fields, sep="\t", flush=True)


def tell_cell(figure, name, number, measures):
    for measure, value in measures.items():
        tell(figure, name, number, measure, f"{float(value):.6g}")


def measure(bench, figures, names, system, after_failure=lambda system: system):
    """Measure the figures of these names, or all; ends the program, with 1 if one has failed."""
    failed = False
    for name in names or figures:
        begin = time.monotonic()
        try:
            figures[name](system)
        except Failed as failure:
            failed = True
            tell("note", f"FAILED: {name}", " ".join(str(failure).split()))
            print(f"ci/bench {bench}: {name}: {failure}", file=sys.stderr)
            system = after_failure(system)
        print(f"-- {name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    sys.exit(1 if failed else 0)
