#!/usr/bin/env python3
"""Make a private PostgreSQL installation: the given server plus the modules under test.

The server finds its other files relative to its own program, so a copied bin/ beside link farms
of lib/ and share/ is a complete installation. It needs no root and touches nothing outside the
build folder. A cluster made with its initdb is kept beside it, for the tests to copy.
"""
import argparse
import shutil
import subprocess
from pathlib import Path

import unprivileged

# Programs that look for files relative to themselves; the others may be links.
COPIED = ("postgres", "initdb", "pg_ctl", "psql", "pg_config", "pg_dump", "pg_upgrade",
          "pg_basebackup", "pg_rewind", "pg_dumpall", "pg_isready", "pg_verifybackup")


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("pg-config", "tree", "template", "build-root", "meson", "tags", "stamp"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--module", action="append", default=[], help="a test-only module")
    parser.add_argument("--data", action="append", default=[], help="a test-only extension file")
    parser.add_argument("--preload", action="append", default=[], help="library of a sanitizer")
    return parser.parse_args()


def ask(pg_config, key):
    return Path(subprocess.check_output([pg_config, "--" + key], text=True).strip())


def inside(tree, path):
    return tree / path.relative_to("/")


def link_farm(source, target):
    """A folder of links to the entries of source: ours can be added to it."""
    target.mkdir(parents=True)
    for entry in source.iterdir():
        (target / entry.name).symlink_to(entry)


def put(source, target):
    """Copy a file of ours, in the place of an installed older one if need be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target)
    target.chmod(0o755 if target.suffix == ".so" else 0o644)


def stage_server(tree, bindir, libdir, sharedir):
    shutil.rmtree(tree, ignore_errors=True)
    inside(tree, bindir).mkdir(parents=True)
    for entry in bindir.iterdir():
        target = inside(tree, bindir) / entry.name
        if entry.name in COPIED:
            shutil.copy2(entry.resolve(), target)
        else:
            target.symlink_to(entry)
    link_farm(libdir, inside(tree, libdir))
    link_farm(sharedir, inside(tree, sharedir))
    (inside(tree, sharedir) / "extension").unlink()
    link_farm(sharedir / "extension", inside(tree, sharedir) / "extension")


def stage_modules(o, tree, libdir, sharedir):
    if o.tags:
        installed = tree.parent / "installed"
        shutil.rmtree(installed, ignore_errors=True)
        subprocess.run([o.meson, "install", "-C", o.build_root, "--no-rebuild",
                        "--quiet", "--tags", o.tags, "--destdir", str(installed)],
                       check=True, stdout=subprocess.DEVNULL)
        for file in installed.rglob("*"):
            if file.is_file():
                put(file, tree / file.relative_to(installed))
    for module in map(Path, o.module):
        put(module, inside(tree, libdir) / module.name)
    for data in map(Path, o.data):
        put(data, inside(tree, sharedir) / "extension" / data.name)


def preload(tree, bindir, libraries):
    """Let every way to start the server load the libraries of the sanitizers before it."""
    if not libraries:
        return
    server = inside(tree, bindir) / "postgres"
    real = server.with_name("postgres.real")
    server.rename(real)
    server.write_text(f"""#!/bin/bash
export LD_PRELOAD='{" ".join(libraries)}'
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1
exec -a "$0" '{real}' "$@"
""")
    server.chmod(0o755)


def make_template(template, bindir):
    """One initdb for all tests, made anew when the server is another one."""
    version = subprocess.check_output([bindir / "postgres", "--version"], text=True)
    mark = template.with_suffix(".version")
    user = unprivileged.account()
    if mark.exists() and mark.read_text() == f"{version}{user.pw_name}\n" and template.is_dir():
        return
    shutil.rmtree(template, ignore_errors=True)
    template.mkdir(mode=0o700)
    unprivileged.own(template)
    subprocess.run([*unprivileged.prefix(), bindir / "initdb", "--pgdata", template, "--no-sync",
                    "--username=postgres", "--auth=trust", "--no-instructions", "--encoding=UTF8",
                    "--locale=C"], env=unprivileged.environment(), cwd="/", check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    mark.write_text(f"{version}{user.pw_name}\n")


def main():
    o = options()
    tree = Path(o.tree)
    bindir, libdir, sharedir = (ask(o.pg_config, key) for key in ("bindir", "pkglibdir",
                                                                  "sharedir"))
    tree.parent.mkdir(exist_ok=True)
    unprivileged.require_access(tree.parent)
    stage_server(tree, bindir, libdir, sharedir)
    stage_modules(o, tree, libdir, sharedir)
    make_template(Path(o.template), inside(tree, bindir))
    preload(tree, bindir, o.preload)
    Path(o.stamp).touch()


main()
