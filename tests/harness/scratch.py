"""A folder for one test, from which no server outlives the test."""
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import unprivileged


def stop_servers(folder):
    """Immediate shutdown of every server whose data folder is below."""
    files = [*folder.glob("*/postmaster.pid"), *folder.glob("*/*/postmaster.pid"),
             *folder.glob("*/*/*/postmaster.pid")]
    for file in files:
        with contextlib.suppress(OSError, ValueError, IndexError):
            os.kill(int(file.read_text().split()[0]), signal.SIGQUIT)
    deadline = time.monotonic() + 10
    while any(map(Path.exists, files)) and time.monotonic() < deadline:
        time.sleep(0.02)


@contextlib.contextmanager
def folder():
    """The folder; meson ends a test that takes too long with SIGTERM, half a second before SIGKILL."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("# ended by SIGTERM"))
    path = Path(tempfile.mkdtemp(prefix="pgc."))  # short: a socket's path has at most 107 bytes
    try:
        unprivileged.own(path)
        yield path
    finally:
        stop_servers(path)
        shutil.rmtree(path, ignore_errors=True)
