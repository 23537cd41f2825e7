"""Inputs for every operation, each in two spellings: as the SDK takes it, and as the connector takes it.

The values follow from the SDK's types alone, so that what the connector says of itself is not what it is tested with.
They are the same in every run.
"""

import datetime
import enum
import inspect
import itertools
import typing
from dataclasses import dataclass

from looker_sdk.rtl.model import DelimSequence

import sdk
from sdk import Field, Operation

#: Texts that are easily garbled on the way. None of them looks percent-encoded to the SDK as a path value does.
PATH_TEXTS = (
    "5",
    "two words",
    "a/b/c",
    "Grüße",
    "a&b=c?d:e",
    "model::dashboard",
    "100%",
    "x+y",
    "😀",
    "#1;2,3",
    'say "hi" \\ back',
    "..hidden",
    "~me@host!*'()",
)
#: These look percent-encoded: the SDK leaves them alone, and so sends something else than it was given.
ENCODED_TEXTS = ("a%2Fb", "100%25", "Gr%C3%BC%C3%9Fe")
#: A path value that names another resource.
NOWHERE_TEXTS = ("", ".", "..")
TEXTS = (
    *PATH_TEXTS,
    *ENCODED_TEXTS,
    " padded ",
    "tab\tand\nline",
    "<b>&amp;</b>",
    "null",
    "true",
    "007",
    "[1]",
    "\u2028",
)
INTEGERS = (7, 0, -1, 2**31, 2**53 + 1)
NUMBERS = (2.5, 0.0, -1e-7, 1e21)
UTC = datetime.UTC
MOMENTS = (
    datetime.datetime(2026, 1, 31, 12, 34, 56, tzinfo=UTC),
    datetime.datetime(2026, 2, 28, 23, 59, 59, 789000, tzinfo=UTC),
    datetime.datetime(2026, 3, 1, tzinfo=UTC),
)
ANYTHING = (
    {"a b/ü": [1, 2.5, None, True, "&=?:"], "nested": {"empty": {}, "list": []}},
    [{"x": 1}, []],
    "a&b=c?d:e",
    12,
    False,
)
#: A property of a body that is not an input, since Looker describes it as read-only. The SDK's models do not tell; what
#: the SDK then sends in the body is in differences.toml.
READ_ONLY = {("update_user_attribute_group_value", "user_attribute_id")}
#: Models contain each other without end; below this depth only what is required is filled in.
DEPTH = 9
#: Operations with maps of text in the body, which the SDK describes as maps of anything. The connector refuses lists and
#: objects in them, so the inputs have only texts.
TEXT_MAPS = {
    "fetch_integration_form",
    "fetch_remote_data_action_form",
    "perform_data_action",
    "run_key_driver_analysis",
}


@dataclass(frozen=True)
class Case:
    """One call, in both spellings."""

    variant: str
    operation: str
    #: Keyword arguments for the SDK's method.
    arguments: dict
    #: The connector's input.
    fields: dict


def cases(operation: Operation, number: int) -> typing.Iterator[Case]:
    """All calls of one operation. `number` tells operations apart, so that they get different texts."""
    for variant in VARIANTS:
        if variant.suits(operation):
            for turn in range(variant.turns):
                arguments, fields = variant(number + 5 * turn).fill(operation)
                yield Case(variant.name, operation.name, arguments, fields)


def input_name(operation: Operation, field: Field) -> str:
    """The connector's name for a parameter: `query_NAME` for a query parameter that shares its name with a property."""
    body = operation.body
    if field.place == "query" and body and sdk.is_model(body.kind):
        clashes = field.name in {one.name for one in sdk.properties(body.kind)}
        return f"query_{field.name}" if clashes else field.name
    return field.name


def property_name(operation: Operation, name: str) -> str | None:
    """The connector's name for a property of the body: `body_NAME` if a path parameter has that name."""
    if (operation.name, name) in READ_ONLY:
        return None
    return f"body_{name}" if name in {one.name for one in operation.at("path")} else name


class Variant:
    """A way to fill in an operation; this one fills in everything, with texts that are easily garbled."""

    name = "awkward"
    meaning = "everything filled in: spaces, slashes, umlauts, &=?: and the like, nested models, maps, date-times"
    turns = 4

    def __init__(self, start: int):
        self._steps = itertools.count(start)

    @classmethod
    def suits(cls, operation: Operation) -> bool:
        """Whether there is anything to be learnt from this variant for an operation."""
        return True

    def fill(self, operation: Operation) -> tuple[dict, dict]:
        """The SDK's arguments and the connector's input."""
        arguments, inputs = {}, {}
        self._map_values = str if operation.name in TEXT_MAPS else None
        for field in operation.at("path", "query", "form"):
            if field.required or self.optional(0):
                theirs, ours = self.path_text() if _is_path_text(field) else self.parameter(field.kind)
                arguments[field.attribute] = theirs
                inputs[input_name(operation, field)] = ours
        body = operation.body
        if body and (body.required or self.optional(0)):
            theirs, ours = self.body(body.kind)
            arguments[body.attribute] = theirs
            # A body that is an object lies flat beside the parameters.
            if sdk.is_model(body.kind):
                named = ((property_name(operation, name), value) for name, value in ours.items())
                inputs |= {name: value for name, value in named if name}
            else:
                inputs["body"] = ours
        return arguments, inputs

    def parameter(self, kind) -> tuple:
        """The value of a parameter that is no text of the path."""
        if kind is datetime.datetime:
            moment = self.pick(MOMENTS)
            # The SDK writes Z behind whatever it is given, so that only UTC without saying so comes out right.
            return moment.replace(tzinfo=None), _rfc3339(moment)
        return self.value(kind, 0)

    def body(self, kind) -> tuple:
        """The body."""
        return self.value(kind, 0)

    def optional(self, depth: int) -> bool:
        """Whether to fill in what is not required."""
        return depth < DEPTH

    def pick(self, values):
        """The next of some values."""
        return values[next(self._steps) % len(values)]

    def path_text(self) -> tuple:
        """A text for the path."""
        return _both(self.pick(PATH_TEXTS))

    def value(self, kind, depth: int) -> tuple:
        """A value of any type. `depth` counts the models and lists around it."""
        origin, of = typing.get_origin(kind), typing.get_args(kind)
        if sdk.is_model(kind):
            return self.model(kind, depth)
        if origin and issubclass(origin, DelimSequence):
            items = [self.value(of[0], depth + 1) for _ in range(self.length(depth))]
            return DelimSequence([theirs for theirs, _ in items]), [ours for _, ours in items]
        if _is_map(kind):
            names = [f"{self.pick(TEXTS)} {number}" for number in range(self.length(depth))]
            items = {name: self.value(self._map_values or of[1], depth + 1) for name in names}
            return {k: v[0] for k, v in items.items()}, {k: v[1] for k, v in items.items()}
        if origin and issubclass(origin, typing.Sequence):
            items = [self.value(of[0], depth + 1) for _ in range(self.length(depth))]
            return [theirs for theirs, _ in items], [ours for _, ours in items]
        return self.single(kind, depth)

    def length(self, depth: int) -> int:
        """How many items a list has."""
        return 2 if depth <= 2 else 1 if depth < DEPTH else 0

    def single(self, kind, depth: int) -> tuple:
        """A value that has no parts of its own."""
        if kind is datetime.datetime:
            moment = self.pick(MOMENTS)
            return moment, _rfc3339(moment)
        if isinstance(kind, enum.EnumMeta):
            member = self.pick([one for one in kind if one.name != "invalid_api_enum_value"])
            return member, member.value
        return _both(self.pick(self.pools[kind]))

    pools = {str: TEXTS, int: INTEGERS, float: NUMBERS, bool: (True, False), typing.Any: ANYTHING}

    def model(self, kind, depth: int) -> tuple:
        """A model."""
        theirs, ours = {}, {}
        for field in sdk.properties(kind):
            if field.required or self.optional(depth):
                theirs[field.attribute], ours[field.name] = self.property(field, depth)
        return kind(**theirs), ours

    def property(self, field: Field, depth: int) -> tuple:
        """The value of a model's property."""
        return self.value(field.kind, depth + 1)


class Minimal(Variant):
    name = "minimal"
    meaning = "only what is required"
    turns = 1

    def optional(self, depth):
        return False


class Empty(Variant):
    name = "empty"
    meaning = "everything filled in with as little as can be: empty texts, lists, maps; 0 and false"
    turns = 1
    pools = {str: ("",), int: (0,), float: (0.0,), bool: (False,), typing.Any: ({}, [], "", 0)}

    def path_text(self):
        return _both("0")

    def optional(self, depth):
        return depth == 0

    def length(self, depth):
        return 0


class Cleared(Variant):
    name = "cleared"
    meaning = "null for every property of the body that is not required"
    turns = 1

    @classmethod
    def suits(cls, operation):
        body = operation.body
        return bool(body) and sdk.is_model(body.kind) and not all(p.required for p in sdk.properties(body.kind))

    def body(self, kind):
        # A dictionary instead of the model: the SDK's EXPLICIT_NULL makes it fail on maps and date-times, and turns
        # into a list of its letters where a list is expected.
        pairs = {p.name: self.value(p.kind, 1) if p.required else (None, None) for p in sdk.properties(kind)}
        theirs = {name: value.value if isinstance(value, enum.Enum) else value for name, (value, _) in pairs.items()}
        return theirs, {name: ours for name, (_, ours) in pairs.items()}


class Loose(Variant):
    name = "loose"
    meaning = "other types for the connector: a number as an id, texts for numbers and booleans"
    turns = 1
    #: The depth down to which values get another type; -1 is none.
    _surface = 1

    def path_text(self):
        return self._loose(str)

    def single(self, kind, depth):
        # Types are converted where a form or an earlier step fills them in.
        return self._loose(kind) if depth <= self._surface and kind in self._spellings else super().single(kind, depth)

    def body(self, kind):
        # A property's own value, or the items of its list; the same for a parameter.
        self._surface = 2 if sdk.is_model(kind) else 1
        return super().body(kind)

    def value(self, kind, depth):
        outer = self._surface
        # What is inside a map, or a model in a model, is handed on untouched.
        if (depth > 0 and sdk.is_model(kind)) or _is_map(kind):
            self._surface = -1
        made = super().value(kind, depth)
        self._surface = outer
        return made

    _spellings = {str: (("42", 42), ("true", True)), int: ((42, "42"), (-7, " -7 ")), float: ((2.5, "2.5"), (42, "42"))}
    _spellings[bool] = ((True, "true"), (False, "FALSE"))

    def _loose(self, kind):
        return self.pick(self._spellings[kind])


class Encoded(Minimal):
    name = "encoded"
    meaning = "path values that look percent-encoded: a%2Fb"
    turns = len(ENCODED_TEXTS)

    @classmethod
    def suits(cls, operation):
        return any(map(_is_path_text, operation.fields))

    def path_text(self):
        return _both(self.pick(ENCODED_TEXTS))


class Nowhere(Encoded):
    name = "nowhere"
    meaning = "path values that name another resource: nothing, one dot, two dots"
    turns = len(NOWHERE_TEXTS)

    def path_text(self):
        return _both(self.pick(NOWHERE_TEXTS))


VARIANTS = (Minimal, Variant, Empty, Cleared, Loose, Encoded, Nowhere)


def _is_path_text(field: Field) -> bool:
    return field.place == "path" and field.kind is str


def _is_map(kind) -> bool:
    origin = typing.get_origin(kind)
    return inspect.isclass(origin) and issubclass(origin, typing.Mapping)


def _both(value) -> tuple:
    return value, value


def _rfc3339(moment: datetime.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
