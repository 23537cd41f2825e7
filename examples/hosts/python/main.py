"""Runs the Looker connector in Python: the component as it is, in the wasmtime of PyPI.

What is this program's own are `Sandbox` and `ConnectorFailure`. All that follows them works the same for every
connector of the WIT package `workflow:connector`, but for the names of the operations.
"""

import json
import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Variant

MEMORY_LIMIT = 64 * 1024 * 1024  # bytes of one sandbox


class ConnectorFailure(Exception):
    """The WIT variant `failure`, raised. `retryable` tells whether the same call may succeed later."""

    def __init__(self, failure):
        self.retryable = failure.tag == "retryable"
        self.kind = failure.tag
        self.problem = failure.payload
        super().__init__(self.problem.message if self.problem else failure.tag)


class Sandbox:
    """A new instance of the component, with its own memory; it sees only the given environment variables."""

    def __init__(self, engine, component, environment=None):
        linker = Linker(engine)
        linker.add_wasip2()
        linker.add_wasi_http()
        wasi = WasiConfig()
        wasi.env = list((environment or {}).items())
        self.store = Store(engine)
        self.store.set_limits(memory_size=MEMORY_LIMIT)
        self.store.set_wasi(wasi)
        self.store.set_wasi_http()
        self.instance = linker.instantiate(self.store, component)

    def call(self, interface, function, *arguments):
        """Calls `workflow:connector/INTERFACE.FUNCTION`; an `err` result is raised."""
        instance = self.instance.get_export_index(self.store, f"workflow:connector/{interface}@0.1.0")
        index = self.instance.get_export_index(self.store, function, instance)
        result = self.instance.get_func(self.store, index)(self.store, *arguments)
        # wasmtime gives the bare value of a `result`; only `failure` is a variant at this place.
        if isinstance(result, Variant):
            raise ConnectorFailure(result)
        return result

    def invoke(self, auth, operation, operation_input):
        """The JSON that an operation gives, parsed."""
        output = self.call("connector", "invoke", json.dumps(auth), operation, json.dumps(operation_input))
        return json.loads(output.body.payload) if output.body.tag == "json" else output.body.payload


def show_failure(call, *arguments):
    """Makes a call that has to fail, and tells how."""
    try:
        call(*arguments)
    except ConnectorFailure as failure:
        problem = failure.problem
        status = "none" if problem.status is None else problem.status
        # A retryable call may be repeated, after `retry-after-ms` where that is known.
        print(f"{failure.kind}, {problem.reason}, HTTP status {status}: {problem.message}")
        return
    raise AssertionError("the call did not fail")


def main(component_file):
    names = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"]
    environment = {name: os.environ[name] for name in names if os.environ.get(name)}
    if len(environment) < len(names):
        sys.exit(f"Set {', '.join(names)}.")

    print("== load")
    engine = Engine()
    component = Component.from_file(engine, component_file)
    idle = Sandbox(engine, component)
    about = idle.call("connector", "describe")
    print(f"{about.title} {about.version}: {about.description}")

    print("== describe")
    auth_form = json.loads(idle.call("connector", "auth-schema"))
    print(f"auth form: {auth_form['title']}")
    for name, field in auth_form["properties"].items():
        print(f"  {name}: {field['title']}{' (secret)' if field.get('format') == 'password' else ''}")
    create_user = idle.call("connector", "describe-operation", "create_user")
    inputs = list(json.loads(getattr(create_user, "input-schema"))["properties"])
    print(f'form of "{create_user.summary.title}": {len(inputs)} fields, such as {", ".join(inputs[-3:])}')

    print("== list")
    operations = idle.call("connector", "list-operations")
    print(f"{len(operations)} operations, among them")
    for operation in operations:
        if operation.name in ("all_users", "create_user", "user"):
            print(f"  {operation.name}: {operation.title} ({operation.effect})")

    print("== invoke")
    # The credentials come from the sandbox's environment, so that no call carries the secret.
    sandbox = Sandbox(engine, component, environment)
    # wasmtime for Python cannot restrict hosts: where you need that, let a firewall grant what the connector asks for.
    print(f"asks for {', '.join(sandbox.call('connector', 'hosts', '{}'))}")
    users = sandbox.invoke({}, "all_users", {"fields": "id,display_name"})
    print(f"List users: {len(users)} users")
    created = sandbox.invoke({}, "create_user", {"first_name": "Ada", "last_name": "Lovelace"})
    print(f"Create user: {created['id']} {created['display_name']}")
    found = sandbox.invoke({}, "user", {"user_id": created["id"]})
    print(f"Get user: {found['id']} {found['display_name']}")
    # The other way: the credentials as the `auth` of each call, and no environment at all.
    auth = dict(zip(["domain", "client_id", "client_secret"], (environment[name] for name in names)))
    bare = Sandbox(engine, component)
    print(f"auth as an argument: {bare.invoke(auth, 'me', {})['display_name']}")
    # An instance for each call need not sign in for each call: a session, signed in once, serves them all, and holds no
    # secret. Sign in again when `lasts-ms` is over, or when a call fails as `unauthenticated`.
    session = sandbox.call("sessions", "sign-in", "{}")
    another = Sandbox(engine, component)
    print(f"a session in another instance: {another.invoke(json.loads(session.auth), 'me', {})['display_name']}")

    print("== failure")
    show_failure(sandbox.invoke, {}, "user", {"user_id": "987654321"})
    show_failure(bare.invoke, {**auth, "domain": "http://127.0.0.1:1"}, "me", {})

    print("== streaming")
    query = {"model": "thelook", "view": "numbers", "fields": ["numbers.n"], "limit": "-1", "result_format": "csv"}
    download = sandbox.call("streaming", "open", "{}", "run_inline_query", json.dumps(query))
    size, pieces, lines = 0, 0, 0
    while piece := sandbox.call("streaming", "[method]download.read", download, 65536):
        size += len(piece)
        pieces += 1
        lines += piece.count(b"\n")
    media_type = sandbox.call("streaming", "[method]download.media-type", download)
    print(f"{media_type}: {lines} lines, {size} bytes in {pieces} pieces")
    download.drop(sandbox.store)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: main.py looker_connector.wasm")
    main(sys.argv[1])
