"""The user and the environment that servers and their clients run with in tests.

A server refuses to run as root, so under root everything is run as the user that
PGCREW_TEST_USER names, `postgres` by default. Any other user runs them as itself.
"""
import os
import pwd
import sys
from pathlib import Path

# Set by meson or by the caller's shell, and not meant for a server under test.
UNWANTED = ("MALLOC_PERTURB_", "ASAN_OPTIONS", "UBSAN_OPTIONS", "MSAN_OPTIONS", "LD_PRELOAD")


def account():
    """The passwd entry of the user that servers run as."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    return pwd.getpwnam(os.environ.get("PGCREW_TEST_USER", "postgres"))


def prefix():
    """What to put before a command to run it as that user."""
    if os.geteuid() != 0:
        return []
    user = account()
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups",
            "--inh-caps=-all", "--"]


def own(path):
    """Give a new folder to that user."""
    if os.geteuid() == 0:
        os.chown(path, account().pw_uid, account().pw_gid)


def environment(**more):
    """The caller's environment without what would reach into a server, and with `more`."""
    kept = {name: value for name, value in os.environ.items()
            if name not in UNWANTED and not (name.startswith("PG") and name[2:3].isupper()
                                             and not name.startswith("PGCREW_"))}
    return {**kept, "HOME": "/nonexistent" if os.geteuid() == 0 else kept.get("HOME", "/"),
            "LC_ALL": "C.UTF-8", **{name: str(value) for name, value in more.items()}}


def require_access(path):
    """Stop with a plain message where that user cannot reach `path`, below a closed home say."""
    if os.geteuid() != 0:
        return
    user = account()
    for place in [Path(path).resolve(), *Path(path).resolve().parents]:
        mode = place.stat()
        shift = 6 if mode.st_uid == user.pw_uid else 3 if mode.st_gid == user.pw_gid else 0
        if not mode.st_mode >> shift & 1:
            sys.exit(f"the user {user.pw_name}, who runs the servers of the tests, cannot enter "
                     f"{place}: move the source tree, or test as an ordinary user")
