"""What differs between the inputs that the connector describes and those that the SDK has: names, types, required."""

import datetime
import enum
import typing

import sdk
from compare import NOTHING, Difference
from inputs import input_name, property_name
from sdk import Operation

_SIMPLE = {str: "text", int: "integer", float: "number", bool: "boolean", typing.Any: "anything"}
_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean", "object": "object"}


def compare(operation: Operation, schema: dict) -> list[Difference]:
    """The differences, with the place `form.NAME`."""
    theirs = _theirs(operation)
    required = schema.get("required", [])
    ours = {
        name: _with_required(_ours(field), name in required) for name, field in schema.get("properties", {}).items()
    }
    return [
        Difference(f"form.{name}", theirs.get(name, NOTHING), ours.get(name, NOTHING))
        for name in sorted(theirs.keys() | ours.keys())
        if theirs.get(name) != ours.get(name)
    ]


def _with_required(kind: str, required: bool) -> str:
    return f"{kind}, required" if required else kind


def _theirs(operation: Operation) -> dict[str, str]:
    fields = {input_name(operation, field): field for field in operation.at("path", "query", "form")}
    body = operation.body
    if body and sdk.is_model(body.kind):
        for field in sdk.properties(body.kind):
            if name := property_name(operation, field.name):
                fields[name] = field
    elif body:
        fields["body"] = body
    return {name: _with_required(_kind(field.kind), field.required) for name, field in fields.items()}


def _kind(kind) -> str:
    origin, of = typing.get_origin(kind), typing.get_args(kind)
    if sdk.is_model(kind) or (origin and issubclass(origin, typing.Mapping)):
        return "object"
    if origin and issubclass(origin, typing.Sequence):
        return f"list of {_kind(of[0])}"
    if isinstance(kind, enum.EnumMeta):
        return _one_of(member.value for member in kind if member.name != "invalid_api_enum_value")
    return "date-time" if kind is datetime.datetime else _SIMPLE[kind]


def _ours(schema: dict) -> str:
    if "anyOf" in schema:
        (schema,) = [one for one in schema["anyOf"] if one != {"type": "null"}]
    if "$ref" in schema:
        return "object"
    types = schema.get("type", [])
    named = [one for one in ([types] if isinstance(types, str) else types) if one != "null"]
    if not named:
        return "anything"
    (kind,) = named
    if kind == "array":
        return f"list of {_ours(schema['items'])}"
    if "enum" in schema:
        return _one_of(value for value in schema["enum"] if value is not None)
    return "date-time" if schema.get("format") == "date-time" else _TYPES[kind]


def _one_of(values: typing.Iterable[str]) -> str:
    return f"one of {', '.join(sorted(values))}"
