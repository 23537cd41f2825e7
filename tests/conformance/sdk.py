"""What Looker's own Python SDK says of its operations, read from its signatures and its source."""

import ast
import inspect
import keyword
import os
import textwrap
import typing
from dataclasses import dataclass

import looker_sdk
from looker_sdk.rtl import auth_token
from looker_sdk.rtl import model as runtime
from looker_sdk.sdk.api40 import methods, models


@dataclass(frozen=True)
class Field:
    """A parameter of an operation, or a property of a model."""

    #: What Python calls it.
    attribute: str
    #: What it is called on the wire.
    name: str
    #: Its type without `Optional`.
    kind: typing.Any
    required: bool
    #: `path`, `query`, `form` or `body`; `property` for a model's.
    place: str


@dataclass(frozen=True)
class Operation:
    """One method of the SDK."""

    name: str
    fields: tuple[Field, ...]

    def at(self, *places: str) -> list[Field]:
        """The fields in some places."""
        return [field for field in self.fields if field.place in places]

    @property
    def body(self) -> Field | None:
        """The argument that is the body, where there is one."""
        return next(iter(self.at("body")), None)


def client(address: str) -> methods.Looker40SDK:
    """The SDK at work against a server, signed in with a token that the server does not check."""
    os.environ.update(LOOKERSDK_BASE_URL=address, LOOKERSDK_CLIENT_ID="id", LOOKERSDK_CLIENT_SECRET="secret")
    sdk = looker_sdk.init40()
    sdk.transport.session.trust_env = False
    # A login of its own would leave its form content type behind on the first call.
    token = auth_token.AccessToken(access_token="token", token_type="Bearer", expires_in=24 * 3600)
    sdk.auth.token = auth_token.AuthToken(token)
    return sdk


def operations() -> list[Operation]:
    """All operations, in the SDK's order."""
    members = vars(methods.Looker40SDK).items()
    return [_operation(name, function) for name, function in members if inspect.isfunction(function)]


def is_model(kind) -> bool:
    """Whether a type is one of Looker's models."""
    return inspect.isclass(kind) and issubclass(kind, runtime.Model)


def properties(model: type) -> list[Field]:
    """The properties of a model."""
    kinds = typing.get_type_hints(model, vars(models))
    required = {
        name
        for name, parameter in inspect.signature(model.__init__).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    return [
        Field(attribute, _wire_name(attribute), _without_optional(kind), attribute in required, "property")
        for attribute, kind in kinds.items()
    ]


def _wire_name(attribute: str) -> str:
    """Python's own words cannot be attributes; the SDK puts `_` behind them."""
    bare = attribute.removesuffix("_")
    return bare if keyword.iskeyword(bare) else attribute


def _without_optional(kind):
    if typing.get_origin(kind) is typing.Union:
        (kind,) = [one for one in typing.get_args(kind) if one is not type(None)]
    return kind


def _operation(name: str, function) -> Operation:
    signature = inspect.signature(function)
    places = _places(function)
    fields = []
    for parameter in list(signature.parameters.values())[1:]:
        if parameter.name == "transport_options":
            continue
        # A parameter that goes nowhere is a method that this program does not understand: that must not pass.
        place, wire = places.pop(parameter.name)
        kind = _without_optional(parameter.annotation)
        fields.append(Field(parameter.name, wire, kind, parameter.default is inspect.Parameter.empty, place))
    if places:
        raise RuntimeError(f"{name}: {places} are no parameters")
    return Operation(name, tuple(fields))


def _places(function) -> dict[str, tuple[str, str]]:
    """Where each parameter of a method goes, and what it is called there."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    verbs = ("get", "post", "put", "patch", "delete")
    (call,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in verbs
    ]
    places = {}
    for argument in call.keywords:
        value = argument.value
        if argument.arg == "path" and isinstance(value, ast.JoinedStr):
            for part in value.values:
                if isinstance(part, ast.FormattedValue):
                    places[part.value.id] = ("path", part.value.id)
        elif argument.arg == "query_params":
            places |= _pairs("query", value)
        elif argument.arg == "body" and isinstance(value, ast.Call):
            places |= _pairs("form", value.args[0])
        elif argument.arg == "body":
            places[value.id] = ("body", value.id)
    return places


def _pairs(place: str, written: ast.Dict) -> dict[str, tuple[str, str]]:
    return {value.id: (place, key.value) for key, value in zip(written.keys, written.values, strict=True)}
