"""What differs between two requests that should be the same."""

import collections
import json
import re
import urllib.parse
from dataclasses import dataclass

from recorder import Request

FORM = "application/x-www-form-urlencoded"
#: A path and a query in which everything but unreserved characters (RFC 3986) is percent-encoded.
ENCODED = re.compile(r"(/(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*)+(\?(?:[A-Za-z0-9._~=&-]|%[0-9A-F]{2})+)?")
#: Stands for what one side does not have.
NOTHING = "(nothing)"


@dataclass(frozen=True)
class Difference:
    """One place where two requests are not the same."""

    #: `method`, `content-type`, `path.3`, `query.NAME`, `body.NAME.0.NAME`, `encoding`, `outcome`.
    place: str
    #: What the SDK did, as JSON where it is a value of a body.
    theirs: str
    #: What the connector did.
    ours: str


def compare(theirs: Request, ours: Request) -> list[Difference]:
    """All that differs, in a fixed order."""
    found = []

    def note(place, one, other):
        if one != other:
            found.append(Difference(place, one, other))

    note("method", theirs.method, ours.method)
    if not ENCODED.fullmatch(ours.target):
        found.append(Difference("encoding", "percent-encoded whole", ours.target))
    their_path, their_query = _target(theirs)
    our_path, our_query = _target(ours)
    for number in range(max(len(their_path), len(our_path))):
        note(f"path.{number}", _item(their_path, number), _item(our_path, number))
    _pairs(note, "query", their_query, our_query)
    note("content-type", theirs.content_type or NOTHING, ours.content_type or NOTHING)
    _bodies(note, theirs, ours)
    return found


def _target(request: Request) -> tuple[list[str], list[tuple[str, str]]]:
    path, _, query = request.target.partition("?")
    segments = [urllib.parse.unquote(segment, errors="strict") for segment in path.split("/")[1:]]
    return segments, urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")


def _item(items: list[str], number: int) -> str:
    return items[number] if number < len(items) else NOTHING


def _pairs(note, place: str, theirs: list[tuple[str, str]], ours: list[tuple[str, str]]):
    """Names and values: their order means nothing, but the order of the values of one name may."""
    grouped = collections.defaultdict(lambda: ([], []))
    for side, pairs in enumerate((theirs, ours)):
        for name, value in pairs:
            grouped[name][side].append(value)
    for name, (one, other) in sorted(grouped.items()):
        note(f"{place}.{name}", _joined(one), _joined(other))


def _joined(values: list[str]) -> str:
    return values[0] if len(values) == 1 else " AND ".join(map(repr, values)) or NOTHING


def _bodies(note, theirs: Request, ours: Request):
    kinds = {FORM} & {theirs.content_type, ours.content_type}
    if kinds and theirs.content_type == ours.content_type:
        pairs = [urllib.parse.parse_qsl(side.body.decode(), keep_blank_values=True) for side in (theirs, ours)]
        _pairs(note, "body", *pairs)
        return
    _values(note, "body", _parse(theirs.body), _parse(ours.body))


class _Text(str):
    """A body that is no JSON."""


def _parse(body: bytes):
    if not body:
        return NOTHING
    text = body.decode()
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        return _Text(text)


def _object(pairs: list[tuple]) -> dict:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"a name is given twice: {[name for name, _ in pairs]}")
    return dict(pairs)


def _values(note, place: str, one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            _values(note, f"{place}.{name}", one.get(name, NOTHING), other.get(name, NOTHING))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            _values(note, f"{place}.{number}", *pair)
    # To Python, True is 1 and 1 is 1.0.
    elif type(one) is not type(other) or one != other:
        note(place, _written(one), _written(other))


def _written(value) -> str:
    if value is NOTHING or isinstance(value, _Text):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
