"""The table of a measurement: `figure | ours | peer | ratio | asked | met`, with notes above it."""
HEAD = ("figure", "ours", "peer", "ratio", "asked", "met")


def number(value):
    return f"{value:.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


def publish(path, notes, rows):
    """Write it to `path` with tabs, and print it to read."""
    table = [HEAD, *rows]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"# {': '.join(note)}\n" for note in notes)
        file.writelines("\t".join(row) + "\n" for row in table)
    print(*(": ".join(note) for note in notes), sep="\n", end="\n\n")
    widths = [max(len(row[i]) for row in table) for i in range(len(HEAD))]
    for row in table:
        print(" | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
