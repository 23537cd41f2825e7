#!/usr/bin/env python3
"""Draw the README's picture of a run (docs/run.svg) from the output of a real run.

    cargo run -q -p host-harness -- run examples/add-a-user.yaml --practice 2>&1 | python3 docs/draw-run.py > docs/run.svg

Of a list, only the first element is shown. The picture brings its own background, so it is readable in light and dark.
"""

import re
import sys
from html import escape

COMMAND = "cargo run -p host-harness -- run examples/add-a-user.yaml --practice"
LINE_HEIGHT = 20
FONT_SIZE = 14
CHARACTER_WIDTH = 8.43  # of a monospace font at this size
MARGIN = 20
TITLE_BAR = 34

STYLE = """
  text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }
  .output { fill: #d4d9e0 } .dim { fill: #8b96a5 } .status { fill: #7ee0a1 } .string { fill: #a8ccff } .title { fill: #ffffff }
"""


def abridge(lines):
    """Keep the first element of each list at the top level of an output, and mark what is left out."""
    kept, in_list, shown = [], False, 0
    for line in lines:
        if line == "[":
            in_list, shown = True, 0
        elif line == "]":
            in_list = False
        elif in_list and shown:
            if shown == 1:
                kept.append("  …")
                shown = 2
            continue
        kept.append(line)
        if in_list and line == "  },":
            shown = 1
    return kept


def spans(line, number):
    """Split a line of output into pieces of one color each."""
    if number == 0:
        return [("title", line)]
    if re.match(r"\[\d+/\d+\]", line):
        return [("status", line)]
    if line.startswith("#"):
        return [("dim", line)]
    pair = re.match(r'(\s*"[^"]+": )(".*")(,?)$', line)
    return [("output", pair[1]), ("string", pair[2]), ("output", pair[3])] if pair else [("output", line)]


def draw(output):
    """The SVG of a terminal that shows the command and its output."""
    lines = [[("dim", "$ "), ("title", COMMAND)]]
    lines += [spans(line, number) for number, line in enumerate(abridge(output.rstrip("\n").split("\n")))]
    longest = max(sum(len(text) for _, text in line) for line in lines)
    width = round(longest * CHARACTER_WIDTH) + 2 * MARGIN
    height = TITLE_BAR + len(lines) * LINE_HEIGHT + MARGIN
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-label="A terminal that runs the workflow Add a user in three steps">',
        f"<style>{STYLE}</style>",
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="#161b22" stroke="#3d4653"/>',
    ]
    svg += [f'<circle cx="{MARGIN + 2 + 18 * dot}" cy="18" r="5.5" fill="#3d4653"/>' for dot in range(3)]
    for number, line in enumerate(lines):
        baseline = TITLE_BAR + number * LINE_HEIGHT + FONT_SIZE
        pieces = "".join(f'<tspan class="{kind}">{escape(text)}</tspan>' for kind, text in line)
        svg.append(f'<text x="{MARGIN}" y="{baseline}" font-size="{FONT_SIZE}" xml:space="preserve">{pieces}</text>')
    return "\n".join(svg + ["</svg>"])


print(draw(sys.stdin.read()))
