"""The connector component, run in a sandbox by wasmtime."""

import json
from pathlib import Path

import wasmtime
from wasmtime import component

INTERFACE = "workflow:connector/connector@0.2.0"


class Refused(Exception):
    """The connector reported a failure. Its text is the reason and the fields, for example `invalid-input: user_id missing`.

    The message is left out, because it is for people and may be reworded.
    """

    def __init__(self, failure: component.Variant):
        problem = failure.payload
        #: Whether the request itself may have reached the server.
        self.request_sent = problem is not None and getattr(problem, "request-sent")
        if problem is None:
            super().__init__(failure.tag)
            return
        fields = [f"{field.field} {field.code}" for field in problem.fields]
        super().__init__(": ".join([problem.reason, *fields]))


class Connector:
    """An instance of the component, and the auth that every call gets."""

    def __init__(self, file: Path, auth: dict):
        self._auth = json.dumps(auth)
        engine = wasmtime.Engine()
        self._component = component.Component.from_file(engine, str(file))
        self._linker = component.Linker(engine)
        self._linker.add_wasip2()
        self._linker.add_wasi_http()
        self._engine = engine
        self._functions = {}
        self._instantiate()

    def _instantiate(self):
        self._store = wasmtime.Store(self._engine)
        # No environment, no folders: what the component needs comes as arguments.
        self._store.set_wasi(wasmtime.WasiConfig())
        self._store.set_wasi_http()
        instance = self._linker.instantiate(self._store, self._component)
        interface = instance.get_export_index(self._store, INTERFACE)
        if interface is None:
            raise RuntimeError(f"the component does not export {INTERFACE}")
        for name in ("list-operations", "describe-operation", "invoke"):
            index = instance.get_export_index(self._store, name, interface)
            self._functions[name] = instance.get_func(self._store, index)

    def _call(self, name: str, *arguments):
        function = self._functions[name]
        result = function(self._store, *arguments)
        function.post_return(self._store)
        # A failure lifts to a variant; the results of these functions are lists and records.
        if isinstance(result, component.Variant):
            raise Refused(result)
        return result

    def operations(self) -> list[str]:
        """The names of all operations."""
        return [summary.name for summary in self._call("list-operations")]

    def input_schema(self, operation: str) -> dict:
        """The JSON Schema of an operation's input."""
        described = self._call("describe-operation", operation)
        return json.loads(getattr(described, "input-schema"))

    def invoke(self, operation: str, fields: dict):
        """Calls an operation. Raises Refused if the connector sends no request.

        The server responds with 204 to everything. What the connector makes of that response does not matter here.
        """
        call = component.Record()
        # Nothing is sent twice, and nothing waits.
        call.__dict__ |= {"operation": operation, "input": json.dumps(fields, ensure_ascii=False), "max-wait-ms": 0}
        try:
            self._call("invoke", self._auth, call)
        except Refused as failure:
            if not failure.request_sent:
                raise
