"""A server on loopback that writes down every request and answers each with 204."""

import http.server
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire."""

    method: str
    #: Path and query, as they were written: nothing is decoded.
    target: str
    #: None where the request named no content type.
    content_type: str | None
    body: bytes


class Recorder:
    """The server. Use it as a context manager; `take` gives what came since it was last asked."""

    def __init__(self):
        self._requests: list[Request] = []
        recorder = self

        class Handler(_Handler):
            requests = recorder._requests

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens: `http://127.0.0.1:40123`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self) -> list[Request]:
        """The requests since the last call, in their order. A request is noted before it is answered."""
        taken = list(self._requests)
        self._requests.clear()
        return taken

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    requests: list[Request]

    def _record(self):
        # self.path is not the raw target: the library folds slashes at its start.
        target = self.raw_requestline.decode("latin-1").split(" ")[1]
        body = self._body()
        self.requests.append(Request(self.command, target, self.headers.get("Content-Type"), body))
        self.send_response_only(204)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _record

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def log_message(self, *_):
        pass
