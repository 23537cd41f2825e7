"""How two values that are not the same may still belong together, by the names that differences.toml uses."""

import datetime
import json
import urllib.parse

from compare import NOTHING, Difference
from recorder import Request


def _moments(difference: Difference) -> list[datetime.datetime] | None:
    try:
        return [
            datetime.datetime.fromisoformat(written.removeprefix('"').removesuffix('"'))
            for written in (difference.theirs, difference.ours)
        ]
    except ValueError:
        return None


def same_instant(difference: Difference, _: Request | None) -> bool:
    """Two date-times that name one instant."""
    moments = _moments(difference)
    return bool(moments) and moments[0] == moments[1]


def same_minute(difference: Difference, _: Request | None) -> bool:
    """Two date-times; the SDK's is the connector's with nothing below the minute."""
    moments = _moments(difference)
    return bool(moments) and moments[0] == moments[1].replace(second=0, microsecond=0)


def theirs_decoded_twice(difference: Difference, _: Request | None) -> bool:
    """The SDK's value is the connector's, decoded once more."""
    return difference.theirs == urllib.parse.unquote(difference.ours)


def theirs_raw(difference: Difference, _: Request | None) -> bool:
    """The connector's value is a JSON string, the SDK's the text in it."""
    text = json.loads(difference.ours)
    return isinstance(text, str) and difference.theirs == (text or NOTHING)


def ours_as_text(difference: Difference, _: Request | None) -> bool:
    """The connector's value is a JSON string with the SDK's number or boolean in it."""
    value = json.loads(difference.theirs)
    return isinstance(value, (bool, int, float)) and json.loads(difference.ours) == difference.theirs


def no_body(_: Difference, ours: Request | None) -> bool:
    """The connector's request has no body."""
    return ours is not None and not ours.body


RELATIONS = {
    "same-instant": same_instant,
    "same-minute": same_minute,
    "theirs-decoded-twice": theirs_decoded_twice,
    "theirs-raw": theirs_raw,
    "ours-as-text": ours_as_text,
    "no-body": no_body,
}
