"""What no server log of a test may hold, whatever the test itself checked."""
import re

# SIGKILL and SIGTERM are left out: tests send them on purpose.
BAD = re.compile("|".join((
    r"was terminated by signal (?!9\b|15\b)",
    r"\bPANIC:",
    r"\bTRAP:",
    r"terminate called",
    r"AddressSanitizer|LeakSanitizer|: runtime error: ",
    r"resource was not closed|resource leak|reference leak|leaked resource|leak: ",
    r"still referenced",
    r"non-empty SPI stack|SPI_connect was not|AfterTrigger.*leak",
    r"problem in alloc set|detected write past chunk end|bogus aset link",
    r"lock .* is already held|leftover placeholder tuple",
)))


def complaints(text):
    """The lines of a server log that make a test fail."""
    return [line for line in text.splitlines() if BAD.search(line)]


def last_lines(text, count=80):
    return "".join(f"# {line}\n" for line in text.splitlines()[-count:])
