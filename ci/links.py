#!/usr/bin/env python3
"""ci/links.py: relative links and anchors of all .md files lead somewhere.

Prints every link that does not, and fails if there was any.
"""
import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.M | re.S)
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s+(\S+)", re.M)


def blank(match):
    """Takes text out and keeps its lines, so that places stay right."""
    return "\n" * match[0].count("\n")


def prose(file):
    text = CODE.sub(blank, file.read_text(encoding="utf-8"))
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", lambda found: "`" * len(found[0]) if "](" in found[0] else found[0], text)


def anchors(file):
    """What headings are called in links, as the usual hosts of repositories make it."""
    seen, found = {}, set()
    for heading in re.findall(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$", prose(file), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return found


def documents(root):
    """All but those of build folders, which hold copies."""
    return sorted(file for file in root.rglob("*.md")
                  if not any(part.startswith((".git", "build")) for part in file.relative_to(root).parts[:-1]))


def broken_links(root=ROOT):
    for file in documents(root):
        text = prose(file)
        for match in LINK.finditer(text):
            link = match[1] or match[2]
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            path, _, anchor = unquote(link).partition("#")
            target = (file.parent / path).resolve() if path else file
            place = f"{file.relative_to(root)}:{text.count(chr(10), 0, match.start()) + 1}"
            if not target.is_relative_to(root) or not target.exists():
                yield f"{place}: no such file: {link}"
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                yield f"{place}: no such heading: {link}"


if __name__ == "__main__":
    complaints = list(broken_links())
    print(*complaints, sep="\n", end="\n" if complaints else "")
    sys.exit(1 if complaints else 0)
