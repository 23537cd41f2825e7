"""The list of differences that have a reason: reading it, and finding the entry that explains a difference."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from compare import Difference
from recorder import Request
from relations import RELATIONS

_KEYS = {"name", "place", "theirs", "ours", "relation", "operations", "variants", "verdict", "reason"}
_VERDICTS = ("ours", "open")


@dataclass
class Entry:
    """One entry, and what it explained so far."""

    name: str
    place: re.Pattern
    theirs: re.Pattern
    ours: re.Pattern
    relation: str | None
    operations: tuple[str, ...]
    variants: tuple[str, ...]
    verdict: str
    reason: str
    #: The (operation, variant) pairs that it explained something of.
    explained: set[tuple[str, str]] = field(default_factory=set)

    def fits(self, operation: str, variant: str, difference: Difference, ours: Request | None) -> bool:
        """Whether it explains a difference."""
        return (
            (not self.operations or operation in self.operations)
            and (not self.variants or variant in self.variants)
            and bool(self.place.fullmatch(difference.place))
            and bool(self.theirs.fullmatch(difference.theirs))
            and bool(self.ours.fullmatch(difference.ours))
            and (self.relation is None or RELATIONS[self.relation](difference, ours))
        )

    def unused(self) -> list[str]:
        """What of it explained nothing."""
        if not self.explained:
            return [f'the entry "{self.name}" explains nothing any more']
        seen_operations = {operation for operation, _ in self.explained}
        seen_variants = {variant for _, variant in self.explained}
        missing = [f"operation {one}" for one in self.operations if one not in seen_operations]
        missing += [f"variant {one}" for one in self.variants if one not in seen_variants]
        return [f'the entry "{self.name}" explains nothing of {one}' for one in missing]


def read(file: Path) -> list[Entry]:
    """The entries of a file. Raises ValueError, naming the entry, where one is not as it has to be."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    return [_entry(written) for written in document["difference"]]


def explain(
    entries: list[Entry], operation: str, variant: str, difference: Difference, ours: Request | None
) -> Entry | None:
    """The first entry that explains a difference, which then counts as used."""
    for entry in entries:
        if entry.fits(operation, variant, difference, ours):
            entry.explained.add((operation, variant))
            return entry
    return None


def _entry(written: dict) -> Entry:
    name = written.get("name", "without a name")
    if unknown := written.keys() - _KEYS:
        raise ValueError(f"{name}: unknown keys {sorted(unknown)}")
    if missing := {"name", "place", "verdict", "reason"} - written.keys():
        raise ValueError(f"{name}: {sorted(missing)} are missing")
    if written["verdict"] not in _VERDICTS:
        raise ValueError(f"{name}: the verdict is none of {_VERDICTS}")
    relation = written.get("relation")
    if relation is not None and relation not in RELATIONS:
        raise ValueError(f"{name}: the relation is none of {sorted(RELATIONS)}")
    pattern = {key: re.compile(written.get(key, ".*"), re.DOTALL) for key in ("place", "theirs", "ours")}
    lists = {key: tuple(written.get(key, ())) for key in ("operations", "variants")}
    words = {"verdict": written["verdict"], "reason": written["reason"].strip()}
    return Entry(name, relation=relation, **pattern, **lists, **words)
