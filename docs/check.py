#!/usr/bin/env python3
"""Check the Markdown pages: every relative link leads somewhere, and every test that SECURITY.md names exists.

    python3 docs/check.py

Prints each problem as FILE: PROBLEM, and exits with 1 if there is one.
"""

import os
import re
import subprocess
import sys

# SECURITY.md shortens paths below these folders.
ROOTS = ["", "host-harness/host/", "connector/src/"]


def tracked(pattern):
    return subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard", pattern], text=True).split()


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def anchors(path):
    """The anchors that GitHub makes of a page's headings, and those that the page sets itself."""
    found, seen = set(), {}
    with open(path, encoding="utf-8") as page:
        text = without_code(page.read())
    for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def broken_links(page):
    with open(page, encoding="utf-8") as file:
        text = without_code(file.read())
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(target):
            yield f"the link {link} leads nowhere"
        elif anchor and target.endswith(".md") and anchor not in anchors(target):
            yield f"the link {link} names no heading of {target}"


def missing_evidence(page):
    """Tests and files that the page rests on."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for test in sorted(set(re.findall(r"\*`([a-z0-9_]+)`\*", text))):
        if subprocess.run(["git", "grep", "-qw", f"fn {test}", "--", "*.rs"], check=False).returncode != 0:
            yield f"there is no test {test}"
    for path in sorted(set(re.findall(r"`([\w.-]+(?:/[\w.-]+)*(?:\.rs|/))`", text))):
        if not any(os.path.exists(root + path) for root in ROOTS):
            yield f"there is no {path}"


def main():
    os.chdir(subprocess.check_output(["git", "rev-parse", "--show-toplevel"], text=True).strip())
    problems = [f"{page}: {problem}" for page in tracked("*.md") for problem in broken_links(page)]
    problems += [f"SECURITY.md: {problem}" for problem in missing_evidence("SECURITY.md")]
    print("\n".join(problems) if problems else "every link and every test is there")
    return 1 if problems else 0


sys.exit(main())
