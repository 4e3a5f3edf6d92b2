"""What no server log of a test may hold, whatever the test itself checked."""
import re

# SIGKILL and SIGTERM are left out: tests send them on purpose.
BAD = re.compile("|".join((
    r"was terminated by signal (?!9\b|15\b)",
    r"\bPANIC: |\bTRAP: |terminate called",
    r"AddressSanitizer|LeakSanitizer|: runtime error: ",
    r"resource was not closed: |\bleak: |still referenced$",
    r"non-empty SPI stack|Transaction while in \w+ state",
    r"problem in alloc set|detected write past chunk end",
    r"\block \S+ is not held",
)), re.MULTILINE)


def complaints(text):
    """The lines of a server log that make a test fail."""
    return [line for line in text.splitlines() if BAD.search(line)]


def last_lines(text, count=80):
    return "".join(f"# {line}\n" for line in text.splitlines()[-count:])
