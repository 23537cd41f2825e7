"""Prints what Looker's Python SDK declares, as JSON: its operations, models, enumerations and sentences.

Usage: python3 extract.py looker_sdk-VERSION-py3-none-any.whl

The sources are parsed with `ast` and never run. A declaration of a form that this program does not know is an error
with its file and line. Types are written as in the catalog's spec: `string`, `[User]`, `{boolean}`, `string:date-time`.
"""

import ast
import io
import json
import keyword
import re
import sys
import tokenize
import zipfile

METHODS = "looker_sdk/sdk/api40/methods.py"
MODELS = "looker_sdk/sdk/api40/models.py"
VERBS = ("get", "post", "put", "patch", "delete")
SIMPLE = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "Any": "any"}
LISTS = ("Sequence", "DelimSequence")
#: What every method takes and no request carries.
OPTIONS = "transport_options"
#: The value by which the SDK stands for one that it does not know.
NOT_A_VALUE = "invalid_api_enum_value"


class NotUnderstood(Exception):
    """A declaration of a form that this program does not know."""

    def __init__(self, file: str, node: ast.AST, problem: str):
        super().__init__(f"{file}:{getattr(node, 'lineno', '?')}: {problem}: {ast.unparse(node)[:200]}")


class Source:
    """One file of the SDK."""

    def __init__(self, wheel: zipfile.ZipFile, file: str):
        self.file = file
        self.text = wheel.read(file).decode()
        self.tree = ast.parse(self.text)
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        self.comments = [(token.start[0], token.string[1:].strip()) for token in tokens if token.type == tokenize.COMMENT]

    def not_understood(self, node: ast.AST, problem: str) -> NotUnderstood:
        return NotUnderstood(self.file, node, problem)

    def kind(self, node: ast.expr) -> tuple[str | None, bool]:
        """A type, `None` for nothing, and whether it is optional."""
        match node:
            case ast.Constant(value=None):
                return None, False
            case ast.Constant(value=str(forward)):
                return self.kind(ast.parse(forward, mode="eval").body)
            case ast.Name(id=name):
                return SIMPLE.get(name, name), False
            case ast.Attribute(value=ast.Name(id="datetime"), attr="datetime"):
                return "string:date-time", False
            case ast.Attribute(value=ast.Name(id="mdls"), attr=name):
                return name, False
            case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
                return self.kind(inner)[0], True
            case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=[ast.Name("str"), ast.Name("bytes")])):
                return "bytes", False
            case ast.Subscript(value=ast.Name(id="MutableMapping"), slice=ast.Tuple(elts=[ast.Name("str"), value])):
                return f"{{{self.kind(value)[0]}}}", False
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=item) if name in LISTS:
                return f"[{self.kind(item)[0]}]", False
        raise self.not_understood(node, "this type is not understood")

    def sentences(self) -> list[str]:
        """Everything that is written for people: runs of comments, and docstrings."""
        runs, last = [], None
        for line, text in self.comments:
            if last is not None and line == last + 1:
                runs[-1].append(text)
            else:
                runs.append([text])
            last = line
        documented = (ast.ClassDef, ast.FunctionDef)
        docstrings = (ast.get_docstring(node) for node in ast.walk(self.tree) if isinstance(node, documented))
        return [" ".join(run) for run in runs] + [text for text in docstrings if text]


def wire_name(attribute: str) -> str:
    """The name in a request. Python's own words cannot be attributes: the SDK puts `_` behind them."""
    bare = attribute.removesuffix("_")
    return bare if keyword.iskeyword(bare) else attribute


def operations(source: Source) -> list[dict]:
    """All methods of the SDK, in its order."""
    (sdk,) = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
    regions = [(line, match[1]) for line, text in source.comments if (match := re.fullmatch(r"region (\w+): .*", text))]
    found = []
    for node in sdk.body:
        if not isinstance(node, ast.FunctionDef):
            raise source.not_understood(node, "only methods are understood here")
        tags = [tag for line, tag in regions if line < node.lineno]
        if not tags:
            raise source.not_understood(node, "a method before the first region has no tag")
        found.append(operation(source, node, tags[-1]))
    return found


def operation(source: Source, function: ast.FunctionDef, tag: str) -> dict:
    """One method: its request is the one call of `self.get`, `self.post` and so on in it."""
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VERBS
    ]
    if len(calls) != 1:
        raise source.not_understood(function, "a method must send one request")
    (call,) = calls
    path, places = places_of(source, call)
    arguments = function.args
    if arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
        raise source.not_understood(function, "only plain arguments are understood")
    # Defaults belong to the last arguments.
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults
    parameters, body = [], None
    for argument, default in list(zip(arguments.args, defaults, strict=True))[1:]:
        if argument.arg == OPTIONS:
            continue
        if argument.arg not in places:
            raise source.not_understood(argument, "this argument goes nowhere")
        place, name = places.pop(argument.arg)
        kind, _ = source.kind(argument.annotation)
        if place == "body":
            body = {"type": kind, "required": default is None}
        else:
            parameters.append({"name": name, "in": place, "type": kind, "required": default is None})
    if places:
        raise source.not_understood(function, f"{', '.join(places)} are not arguments")
    returns, _ = source.kind(function.returns)
    return {
        "name": function.name,
        "tag": tag,
        "method": call.func.attr,
        "path": path,
        "parameters": parameters,
        "body": body,
        "returns": returns,
    }


def places_of(source: Source, call: ast.Call) -> tuple[str, dict[str, tuple[str, str]]]:
    """The path of a request, and for each argument where it goes and what it is called there."""
    path, places = None, {}
    for argument in call.keywords:
        match argument.arg, argument.value:
            case "path", ast.Constant(value=str(path)):
                pass
            case "path", ast.JoinedStr(values=parts):
                path = ""
                for part in parts:
                    match part:
                        case ast.Constant(value=str(text)):
                            path += text
                        case ast.FormattedValue(value=ast.Name(id=name)):
                            path += f"{{{name}}}"
                            places[name] = ("path", name)
                        case _:
                            raise source.not_understood(part, "this part of a path is not understood")
            case "query_params", ast.Dict() as pairs:
                places |= named(source, "query", pairs)
            case "body", ast.Name(id=name):
                places[name] = ("body", name)
            # Only the login sends a form. Looker's description has its fields as query parameters.
            case "body", ast.Call(args=[ast.Dict() as pairs]):
                places |= named(source, "query", pairs)
            case ("structure" | "transport_options"), _:
                pass
            case _:
                raise source.not_understood(argument.value, f"the argument {argument.arg} of a request is not understood")
    if path is None:
        raise source.not_understood(call, "a request needs a path")
    return path, places


def named(source: Source, place: str, pairs: ast.Dict) -> dict[str, tuple[str, str]]:
    """The arguments in a literal dictionary."""
    found = {}
    for key, value in zip(pairs.keys, pairs.values, strict=True):
        match key, value:
            case ast.Constant(value=str(name)), ast.Name(id=argument):
                found[argument] = (place, name)
            case _:
                raise source.not_understood(pairs, "only names and arguments are understood here")
    return found


def models(source: Source) -> tuple[list[dict], list[dict]]:
    """All models and all enumerations, in the SDK's order."""
    found, enumerations = [], []
    for node in source.tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        match node.bases:
            case [ast.Attribute(value=ast.Name("enum"), attr="Enum")]:
                enumerations.append({"name": node.name, "values": values(source, node)})
            case [ast.Attribute(value=ast.Name("model"), attr="Model")]:
                found.append({"name": node.name, "properties": properties(source, node)})
            case _:
                raise source.not_understood(node, "this class is not understood")
    return found, enumerations


def values(source: Source, node: ast.ClassDef) -> list[str]:
    """The values of an enumeration."""
    found = []
    for statement in node.body:
        match statement:
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Assign(targets=[ast.Name()], value=ast.Constant(value=str(value))):
                found.append(value)
            case _:
                raise source.not_understood(statement, "this value of an enumeration is not understood")
    return [value for value in found if value != NOT_A_VALUE]


def properties(source: Source, node: ast.ClassDef) -> list[dict]:
    """The properties of a model: its annotated attributes."""
    found = []
    for statement in node.body:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.FunctionDef(name="__init__"):
                pass
            # The annotations once more for the SDK's own use, and the names of attributes that are Python's words.
            case ast.Assign() | ast.AnnAssign(target=ast.Name(id="__annotations__")):
                pass
            case ast.AnnAssign(target=ast.Name(id=attribute), annotation=annotation):
                kind, is_optional = source.kind(annotation)
                found.append({"name": wire_name(attribute), "type": kind, "required": not is_optional})
            case _:
                raise source.not_understood(statement, "this part of a model is not understood")
    return found


def main(file: str) -> None:
    with zipfile.ZipFile(file) as wheel:
        (metadata,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        (version,) = re.findall(r"^Version: (.+)$", wheel.read(metadata).decode(), re.MULTILINE)
        methods, models_file = Source(wheel, METHODS), Source(wheel, MODELS)
    found, enumerations = models(models_file)
    document = {
        "version": version,
        "operations": operations(methods),
        "models": found,
        "enumerations": enumerations,
        "sentences": methods.sentences() + models_file.sentences(),
    }
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NotUnderstood as problem:
        sys.exit(str(problem))
