"""A ClickHouse server for tests: the embedded engine in a process of its own, behind as much of
ClickHouse's HTTP interface as its clients use.

Run as a module it is that process. It answers what it reads on standard input: ``ok`` (as usual),
``500`` (answers 500 and does nothing) or ``drop`` (does what it is asked and closes the connection
without an answer)."""

import base64
import contextlib
import gzip
import importlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

_NO_SETTINGS = frozenset(
    {
        "query",
        "database",
        "query_id",
        "session_id",
        "client_protocol_version",
        "wait_end_of_query",
        "default_format",
        "compress",
        "buffer_size",
    }
)
_INPUT = re.compile(r"input\(('(?:[^'\\]|\\.)*')\)")
_INSERT = re.compile(rb"\s*INSERT\s", re.IGNORECASE)
_FORMAT = re.compile(r"\s*FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")
_FIELD = re.compile(rb'name="([^"]*)"')


class HttpClickHouse:
    """The server as tests handle it. ``url(database)`` is what Whipstitch is given."""

    def __init__(self, directory: Path, *, user: str = "default", password: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._directory = directory
        self._user, self._password = user, password
        self._process: subprocess.Popen[str] | None = None

    def url(self, database: str) -> str:
        return f"http://{self._user}:{self._password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Starts it, on the port that it had before."""
        credentials = f"{self._user}:{self._password}"
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._directory), str(self.port), credentials],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read_line("listening")

    def kill(self) -> None:
        """``kill -9``; from then on connections are refused."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process = None

    def hang(self) -> None:
        """Stops it like a machine that swaps: connections are accepted, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Ends ``hang``: what was sent meanwhile is done now."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def behave(self, mode: str) -> None:
        """``ok``, ``500`` or ``drop``, as the module says."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(mode + "\n")
        self._process.stdin.flush()
        self._read_line(mode)

    @contextlib.contextmanager
    def behaving(self, mode: str) -> Iterator[None]:
        self.behave(mode)
        try:
            yield
        finally:
            self.behave("ok")

    def _read_line(self, wanted: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line == wanted, f"the test server said {line!r}"


def query(url: str, sql: str) -> str:
    """What a server says to ``sql``, in TabSeparated."""
    parts = urlsplit(url)
    request = urllib.request.Request(  # noqa: S310
        f"{parts.scheme}://{parts.hostname}:{parts.port}/", data=sql.encode()
    )
    credentials = base64.b64encode(f"{parts.username}:{parts.password or ''}".encode()).decode()
    request.add_header("Authorization", f"Basic {credentials}")
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(answer.read().decode())


class _Engine(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    # urllib3 opens a few connections at once after a restart.
    request_queue_size = 64

    def __init__(self, directory: str, port: int, credentials: str) -> None:
        self.chdb: Any = importlib.import_module("chdb")
        self.directory = directory
        self.credentials = credentials
        self.mode = "ok"
        self.running: set[str] = set()
        self.lock = threading.Lock()
        # Held open, so that the engine stays between requests.
        self.keeper = self.chdb.connect(directory)
        super().__init__(("127.0.0.1", port), _Handler)


class _Refusal(Exception):
    def __init__(self, code: int, text: str, status: int = 500) -> None:
        super().__init__(text)
        self.code, self.status = code, status


class _Handler(BaseHTTPRequestHandler):
    server: _Engine
    protocol_version = "HTTP/1.1"
    # Headers and body in two segments would wait for each other's acknowledgement.
    disable_nagle_algorithm = True
    _statuses: ClassVar = {516: 403, 81: 404, 60: 404, 497: 403}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing: standard output is for the test."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n", {})
        else:
            self._serve(b"")

    def do_POST(self) -> None:
        with tempfile.TemporaryFile() as body:
            self._read_body(body)
            body.seek(0)
            self._serve(body.read())

    def _read_body(self, body: IO[bytes]) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body.write(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            body.write(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _serve(self, body: bytes) -> None:
        if self.server.mode == "500":
            self._answer(500, b"upstream is unwell\n", {})
            return
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        kind, _, boundary = self.headers.get("Content-Type", "").partition("; boundary=")
        if kind == "multipart/form-data":
            # How the driver sends values that are too long for an address.
            parameters |= _form(body, boundary)
            body = b""
        query_id = parameters.get("query_id", "")
        try:
            self._check_credentials()
            with self._alone(query_id):
                result, format_ = self._run(parameters, self._unpacked(body))
        except _Refusal as refusal:
            headers = {"X-ClickHouse-Exception-Code": str(refusal.code)}
            self._answer(refusal.status, str(refusal).encode(errors="replace"), headers)
            return
        if self.server.mode == "drop":
            self.close_connection = True
            return
        headers = {
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Format": format_,
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Summary": json.dumps({"read_rows": "0", "written_rows": "0"}),
        }
        self._answer(200, result, headers)

    def _check_credentials(self) -> None:
        sent = self.headers.get("Authorization", "").removeprefix("Basic ")
        if base64.b64decode(sent).decode() != self.server.credentials:
            raise _Refusal(516, "Code: 516. DB::Exception: Authentication failed", 403)

    @contextlib.contextmanager
    def _alone(self, query_id: str) -> Iterator[None]:
        with self.server.lock:
            if query_id and query_id in self.server.running:
                raise _Refusal(216, f"Code: 216. DB::Exception: Query {query_id} already runs")
            self.server.running.add(query_id)
        try:
            yield
        finally:
            with self.server.lock:
                self.server.running.discard(query_id)

    def _unpacked(self, body: bytes) -> bytes:
        encoding = self.headers.get("Content-Encoding", "")
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "lz4":
            return bytes(importlib.import_module("lz4.frame").decompress(body))
        assert not encoding, encoding
        return body

    def _run(self, parameters: dict[str, str], body: bytes) -> tuple[bytes, str]:
        statement = parameters.get("query", "").encode()
        if not statement:
            statement, _, rows = body.partition(b"\n")
            with_rows = _INSERT.match(statement) and _FORMAT.search(statement.decode())
            statement, body = (statement, rows) if with_rows else (body, b"")
        sql = statement.decode()
        format_ = _FORMAT.search(sql)
        name = format_[1] if format_ else parameters.get("default_format", "TabSeparated")
        # A session of its own, as HTTP has it; settings end with it.
        connection = self.server.chdb.connect(self.server.directory)
        try:
            self._set_up(connection, parameters)
            if not (_INSERT.match(statement) and format_):
                bound = {
                    key.removeprefix("param_"): value
                    for key, value in parameters.items()
                    if key.startswith("param_")
                }
                return bytes(connection.query(sql, name, params=bound).bytes()), name
            with tempfile.NamedTemporaryFile(suffix=".data") as data:
                data.write(body)
                data.flush()
                insert = sql[: format_.start()]
                source = f"file('{data.name}', '{name}', \\1)"
                if _INPUT.search(insert):
                    connection.query(_INPUT.sub(source, insert), "TabSeparated")
                else:
                    connection.query(f"{insert} FROM INFILE '{data.name}' FORMAT {name}")
            return b"", name
        except _Refusal:
            raise
        except Exception as error:
            code = _CODE.search(str(error))
            number = int(code[1]) if code else 117
            raise _Refusal(number, str(error), self._statuses.get(number, 500)) from None
        finally:
            connection.close()

    def _set_up(self, connection: Any, parameters: dict[str, str]) -> None:
        if database := parameters.get("database"):
            connection.query(f"USE `{database}`")
        for name, value in parameters.items():
            if name not in _NO_SETTINGS and not name.startswith("param_"):
                quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                connection.query(f"SET {name} = '{quoted}'")

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)


def _form(body: bytes, boundary: str) -> dict[str, str]:
    """The fields of a form."""
    fields = {}
    for part in body.split(f"--{boundary}".encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _FIELD.search(head)
        assert name is not None, head
        fields[name[1].decode()] = value.removesuffix(b"\r\n").decode()
    return fields


def _main(directory: str, port: str, credentials: str) -> None:
    server = _Engine(directory, int(port), credentials)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("listening", flush=True)
    for line in sys.stdin:
        server.mode = line.strip()
        print(server.mode, flush=True)
    # The engine's threads are slow to end, and nothing waits for them.
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
