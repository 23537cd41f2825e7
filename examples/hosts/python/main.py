"""Runs the Looker connector in Python: the component as it is, in the wasmtime of PyPI.

`Sandbox` and `ConnectorFailure` are what a platform needs. Apart from the names of the operations, the rest works with
every connector of the WIT package `workflow:connector`.
"""

import json
import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

MEMORY_LIMIT = 64 * 1024 * 1024  # bytes of one sandbox


class ConnectorFailure(Exception):
    """The WIT variant `failure`, raised. `retryable`: the same call may succeed later."""

    def __init__(self, failure):
        self.retryable = failure.tag == "retryable"
        self.kind = failure.tag
        self.problem = failure.payload
        super().__init__(self.problem.message if self.problem else failure.tag)


class Sandbox:
    """A new instance of the component with its own memory. It sees only the given environment variables."""

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
        """Calls `workflow:connector/INTERFACE.FUNCTION`; raises the error of its `result`."""
        instance = self.instance.get_export_index(self.store, f"workflow:connector/{interface}@0.2.0")
        index = self.instance.get_export_index(self.store, function, instance)
        result = self.instance.get_func(self.store, index)(self.store, *arguments)
        # wasmtime returns the bare value of a `result`. Among these values only `failure` is a variant.
        if isinstance(result, Variant):
            raise ConnectorFailure(result)
        return result

    def invoke(self, auth, operation, operation_input, max_wait_ms=None):
        """Carries out one operation and returns its output, parsed if it is JSON."""
        output = self.call("connector", "invoke", json.dumps(auth), a_call(operation, operation_input, max_wait_ms))
        return json.loads(output.body.payload) if output.body.tag == "json" else output.body.payload


def a_call(operation, operation_input, max_wait_ms=None):
    """The WIT record `call`. `max_wait_ms` bounds the connector's own waits, such as those between two attempts."""
    call = Record()
    call.__dict__.update({"operation": operation, "input": json.dumps(operation_input), "max-wait-ms": max_wait_ms})
    return call


def show_failure(call, *arguments):
    """Makes a call that must fail and prints the failure."""
    try:
        call(*arguments)
    except ConnectorFailure as failure:
        problem = failure.problem
        status = "none" if problem.status is None else problem.status
        # A retryable call may be repeated, after `retry-after-ms` if it is set, and with the input `resume` if that is set.
        milliseconds = getattr(problem, "retry-after-ms")
        wait = "" if milliseconds is None else f", wait {milliseconds} ms"
        print(f"{failure.kind}, {problem.reason}, HTTP status {status}{wait}: {problem.message}")
        for field in problem.fields:
            print(f"  {field.field or '(unknown field)'}: {field.code}: {field.message}")
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
    # A platform may cache lists and schemas for as long as this stays the same.
    print(f"catalog digest: {getattr(about, 'catalog-digest')}")

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
        if operation.name in ("all_users", "create_user", "user", "call_api"):
            # A platform may repeat an idempotent call whose outcome it never learned.
            idempotent = ", idempotent" if operation.idempotent else ""
            print(f"  {operation.name}: {operation.title} ({operation.effect}{idempotent})")

    print("== invoke")
    # The credentials come from the sandbox's environment, so that no call carries the secret.
    sandbox = Sandbox(engine, component, environment)
    # wasmtime for Python cannot restrict hosts. If you need that, let a firewall allow only these hosts.
    print(f"asks for {', '.join(sandbox.call('connector', 'hosts', '{}'))}")
    users = sandbox.invoke({}, "all_users", {"fields": "id,display_name"})
    print(f"List users: {len(users)} users")
    created = sandbox.invoke({}, "create_user", {"first_name": "Ada", "last_name": "Lovelace"})
    print(f"Create user: {created['id']} {created['display_name']}")
    found = sandbox.invoke({}, "user", {"user_id": created["id"]})
    print(f"Get user: {found['id']} {found['display_name']}")
    # Alternatively, each call carries the credentials in `auth`, and the sandbox has no environment.
    auth = dict(zip(["domain", "client_id", "client_secret"], (environment[name] for name in names)))
    bare = Sandbox(engine, component)
    print(f"auth as an argument: {bare.invoke(auth, 'me', {})['display_name']}")
    # A platform with one instance per call signs in once and passes the session's auth, which holds no client secret. It
    # signs in again after `lasts-ms`, or when a call fails as `unauthenticated`.
    session = sandbox.call("sessions", "sign-in", "{}")
    another = Sandbox(engine, component)
    print(f"a session in another instance: {another.invoke(json.loads(session.auth), 'me', {})['display_name']}")

    print("== failure")
    show_failure(sandbox.invoke, {}, "user", {"user_id": "987654321"})
    wrong = {"user_id": created["id"], "email": "no address"}
    show_failure(sandbox.invoke, {}, "create_user_credentials_email", wrong)
    # A document takes Looker a while. With 0 the connector does not wait for it, so the platform can.
    rendering = {"dashboard_id": "1", "result_format": "pdf", "width": 800, "height": 600}
    task = sandbox.invoke({}, "create_dashboard_render_task", rendering)
    show_failure(sandbox.invoke, {}, "render_task_results", {"render_task_id": task["id"]}, 0)
    show_failure(bare.invoke, {**auth, "domain": "http://127.0.0.1:1"}, "me", {})

    print("== streaming")
    query = {"model": "thelook", "view": "numbers", "fields": ["numbers.n"], "limit": "-1", "result_format": "csv"}
    download = sandbox.call("streaming", "open", "{}", a_call("run_inline_query", query))
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
