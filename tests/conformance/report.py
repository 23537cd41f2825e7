"""What a run found, as a table and as JSON."""

import collections
import textwrap
from dataclasses import asdict, dataclass, field

from compare import Difference
from differences import Entry

#: From best to worst: a call, or an operation, is what the worst of its differences is.
RANKS = ("same", "ours", "open", "unexplained")
_HEADINGS = ("same", "ours is right", "open", "unexplained")
_PARTS = {
    "method": "of the requests that both sides sent, by part",
    "path": "segment by segment, decoded",
    "query": "pair by pair, decoded",
    "body": "JSON parsed; forms decoded",
    "content-type": "as it is written, or that there is none",
    "encoding": "whether everything in the connector's path and query is encoded",
}


@dataclass
class Finding:
    """A difference, where it came up, and what explains it."""

    operation: str
    variant: str
    difference: Difference
    entry: Entry | None

    @property
    def rank(self) -> str:
        return self.entry.verdict if self.entry else "unexplained"

    def __str__(self) -> str:
        one = self.difference
        return f"{self.operation} ({self.variant}) {one.place}\n    SDK:       {one.theirs}\n    connector: {one.ours}"


@dataclass
class Report:
    """All that a run found."""

    title: str
    #: Every comparison that was made: operation and variant, as often as it was made.
    made: list[tuple[str, str]] = field(default_factory=list)
    #: For each of these, what differed.
    findings: list[list[Finding]] = field(default_factory=list)
    #: How many of them sent a request on both sides.
    sent: int = 0
    not_in_sdk: list[str] = field(default_factory=list)
    #: What is wrong with the list of differences.
    unused: list[str] = field(default_factory=list)

    def add(self, operation: str, variant: str, findings: list[Finding], sent: bool):
        """Notes a comparison and what it found, and whether two requests were compared."""
        self.sent += sent
        self.made.append((operation, variant))
        self.findings.append(findings)

    @property
    def unexplained(self) -> list[Finding]:
        return [one for findings in self.findings for one in findings if one.entry is None]

    @property
    def failed(self) -> bool:
        return bool(self.unexplained or self.unused) or not self.made

    def operations(self) -> dict[str, str]:
        """What each operation is, over all its comparisons."""
        ranks = {}
        for (operation, _), findings in zip(self.made, self.findings, strict=True):
            ranks[operation] = max(ranks.get(operation, "same"), _rank(findings), key=RANKS.index)
        return ranks

    def table(self, meanings: dict[str, str], entries: list[Entry]) -> str:
        """The whole report as text."""
        lines = [self.title, ""]
        lines += self._counts(meanings)
        lines += ["", *self._reasons(entries)]
        lines += ["", f"Not in the SDK: {', '.join(self.not_in_sdk) or 'none'}"]
        if self.unexplained:
            lines += ["", "Unexplained:", *(f"  {one}" for one in self.unexplained[:40])]
            lines += [f"  and {len(self.unexplained) - 40} more"] if len(self.unexplained) > 40 else []
        lines += [f"differences.toml: {one}" for one in self.unused]
        return "\n".join(lines)

    def _counts(self, meanings: dict[str, str]) -> list[str]:
        width = max(map(len, ["operations", *meanings, *_PARTS]))
        rows = [("operations", collections.Counter(self.operations().values()), "what the worst of its calls is")]
        by_variant = collections.defaultdict(collections.Counter)
        for (_, variant), findings in zip(self.made, self.findings, strict=True):
            by_variant[variant][_rank(findings)] += 1
        rows += [
            (variant, by_variant[variant], meaning) for variant, meaning in meanings.items() if variant in by_variant
        ]
        rows += [(part, self._part(part), meaning) for part, meaning in _PARTS.items()]
        lines = [f"{'':{width}}  compared  " + "  ".join(_HEADINGS)]
        for name, counts, meaning in rows:
            cells = (f"{counts[rank]:>{len(heading)}}" for rank, heading in zip(RANKS, _HEADINGS, strict=True))
            lines.append(f"{name:{width}}  {counts.total():>8}  {'  '.join(cells)}  {meaning}")
        return lines

    def _part(self, part: str) -> collections.Counter:
        """How often one part of two requests was what."""
        counts = collections.Counter()
        for findings in self.findings:
            about = [one for one in findings if one.difference.place.partition(".")[0] == part]
            if about:
                counts[_rank(about)] += 1
        counts["same"] = self.sent - counts.total()
        return counts

    def _reasons(self, entries: list[Entry]) -> list[str]:
        used = [entry for entry in entries if entry.explained]
        width = max((len(entry.name) for entry in used), default=0)
        alone = collections.defaultdict(set)
        for (operation, _), findings in zip(self.made, self.findings, strict=True):
            alone[operation] |= {one.entry.name if one.entry else None for one in findings}
        lines = [f"{'Differences with a reason':{width}}  verdict  operations  its only one  comparisons"]
        for entry in used:
            operations = {operation for operation, _ in entry.explained}
            only = sum(alone[operation] == {entry.name} for operation in operations)
            calls = sum(any(one.entry is entry for one in findings) for findings in self.findings)
            lines.append(f"{entry.name:{width}}  {entry.verdict:7}  {len(operations):10}  {only:12}  {calls:11}")
        for entry in used:
            if entry.verdict == "open":
                reason = textwrap.wrap(" ".join(entry.reason.split()), 116)
                lines += ["", f"Open: {entry.name}", *(f"  {line}" for line in reason)]
        return lines

    def json(self) -> dict:
        """The whole report as data."""
        return {
            "title": self.title,
            "failed": self.failed,
            "operations": self.operations(),
            "not_in_sdk": self.not_in_sdk,
            "unused": self.unused,
            "differences": [
                {"operation": one.operation, "variant": one.variant, "rank": one.rank}
                | {"entry": one.entry.name if one.entry else None}
                | asdict(one.difference)
                for findings in self.findings
                for one in findings
            ],
        }


def _rank(findings: list[Finding]) -> str:
    return max((one.rank for one in findings), key=RANKS.index, default="same")
