"""The doors on a real socket, with the journal behind them and nothing behind the journal."""

import asyncio
import contextlib
import functools
import json
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from whipstitch.core.addresses import TrustedProxies
from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, Project, ProjectSnapshot
from whipstitch.ingest.bulk.pool import BulkPool
from whipstitch.ingest.clients import Clients
from whipstitch.ingest.compat.door import CompatDoor
from whipstitch.ingest.compat.routing import matches
from whipstitch.ingest.day_ids import DayIds
from whipstitch.ingest.endpoints import PATHS, plain_path
from whipstitch.ingest.enrichment.geoip import GeoIP
from whipstitch.ingest.enrichment.user_agent import UserAgents
from whipstitch.ingest.http.asgi import AsgiDoor
from whipstitch.ingest.http.connection_limits import ConnectionLimits
from whipstitch.ingest.http.fast_path.protocol import FastPathProtocol
from whipstitch.ingest.http.responses import ResponseEncoder
from whipstitch.ingest.http.sdk_answers import sdk_path
from whipstitch.ingest.http.sdk_endpoints import SdkDoor
from whipstitch.ingest.service import IngestService
from whipstitch.ingest.validation.authentication import Authenticator
from whipstitch.ingest.validation.validate import Validator
from whipstitch.journal.groups import whole_groups
from whipstitch.journal.journal import Journal

Door = Literal["express", "asgi"]
DOORS: tuple[Door, ...] = ("express", "asgi")
Row = dict[str, Any]

KEY = "sk_live_0123456789abcdef0123456789abcdef"
TEST_KEY = "sk_test_0123456789abcdef0123456789abcdef"
FENCED_KEY = "sk_live_fence0000000000000000000000000"
TIGHT_KEY = "sk_live_tight0000000000000000000000000"

SHOP = Project("proj_abc", "My App")
FENCED = Project(
    "proj_fenced",
    "Fenced",
    domains=("example.com", "*.example.org", "https://only.example.net:8443"),
    ips=("203.0.113.7", "198.51.100.0/24", "2001:db8::/32"),
)
LENIENT_KEY = "sk_live_lenient00000000000000000000000"
LENIENT = Project("proj_lenient", "Lenient", malformed="drop")
TIGHT = Project("proj_tight", "Tight", rate_limit=2)

DIRECTORY = ProjectSnapshot(
    keys={
        KEY: IngestionKey(KEY, SHOP, "live"),
        TEST_KEY: IngestionKey(TEST_KEY, SHOP, "test"),
        FENCED_KEY: IngestionKey(FENCED_KEY, FENCED, "live"),
        LENIENT_KEY: IngestionKey(LENIENT_KEY, LENIENT, "live"),
        TIGHT_KEY: IngestionKey(TIGHT_KEY, TIGHT, "live"),
    },
    screens={
        ("proj_abc", "live", "Known"): "2.9",
        ("proj_abc", "live", "Versionless"): None,
        ("proj_abc", "test", "Elsewhere"): "1.0",
    },
)


@dataclass
class Options:
    """How a server differs from the usual one."""

    directory: Callable[[], ProjectSnapshot | None] = lambda: DIRECTORY
    rate_limit: int = 0
    max_body: int = 500 << 20
    max_operation: int = 0
    durability: Literal["fsync", "os"] = "fsync"
    backlog_limit: int = 10 << 30
    disk_reserve: int = 0
    trusted_proxies: tuple[str, ...] = ()
    geoip: Path | None = None
    body_timeout: float = 30.0
    keep_alive: float = 75.0
    most: int = 100_000
    most_each: int = 100_000
    """Connections, in all and from one address."""
    clock: Callable[[], int] = lambda: time.time_ns() // 1000
    routes: Sequence[BaseRoute] = ()
    """Answered beside the ingestion endpoints."""


class Served:
    """A running server."""

    def __init__(self, door: Door, directory: Path, options: Options) -> None:
        self.door = door
        self.journal = Journal(
            directory / "journal",
            durability=options.durability,
            backlog_limit=options.backlog_limit,
            disk_reserve=options.disk_reserve,
            clock=options.clock,
        )
        self.spools = directory / "spool"
        placeholders = Placeholders()
        self._bulk = BulkPool(
            self.journal,
            self.spools,
            max_body=options.max_body,
            placeholders=placeholders,
            directory=options.directory,
            max_operation=options.max_operation,
        )
        self.geoip = GeoIP(options.geoip, "8.8.8.8")
        authenticator = Authenticator(options.rate_limit)
        self.service = IngestService(
            clients=Clients(
                options.directory,
                authenticator,
                user_agents=UserAgents(),
                geoip=self.geoip,
                trusted_proxies=TrustedProxies.parse(options.trusted_proxies),
                day_ids=DayIds(directory / "cookieless.json", lambda: datetime.now(UTC)),
            ),
            authenticator=authenticator,
            validator=Validator(
                self.journal.sequence,
                options.directory,
                placeholders,
                max_operation=options.max_operation,
            ),
            journal=self.journal,
            bulk=self._bulk,
            max_body=options.max_body,
        )
        self._options = options
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._socket.getsockname()[1]
        http: Any = "httptools"
        if door == "express":
            crowd = ConnectionLimits(options.most, options.most_each, TrustedProxies.parse(()))
            http = functools.partial(
                FastPathProtocol, self.service, ResponseEncoder(), options.keep_alive, crowd
            )
        asgi = AsgiDoor(self.service)
        routed = Starlette(
            routes=[*(Route(path, asgi) for path in PATHS), *options.routes],
            lifespan=self._lifespan,
        )

        sdk, compat = SdkDoor(self.service), CompatDoor(self.service)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope["path"] = plain_path(scope["path"])
                if sdk_path(scope["path"]):
                    await sdk(scope, receive, send)
                    return
                if matches(scope["path"]):
                    await compat(scope, receive, send)
                    return
            await routed(scope, receive, send)

        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=http,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
            )
        )
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="doors"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    def connect(self) -> "Client":
        return Client(self.port)

    def ask(self, request: bytes) -> "Response":
        """The answer to one request on a connection of its own."""
        with self.connect() as client:
            client.send(request)
            return client.response(head=request.startswith(b"HEAD "))

    def post(
        self,
        path: str,
        body: object,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = KEY,
    ) -> "Response":
        return self.ask(post(path, body, headers, key=key))

    def new_rows(self) -> list[Row]:
        """The rows journalled since the last call, which go. Nothing else may be under way."""
        self.journal.seal()
        segments = self.journal.sealed()
        rows = journalled_rows(self.journal.directory)
        for segment in segments:
            self.journal.remove(segment)
        return rows

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.journal.attach(asyncio.get_running_loop())
        sweep = asyncio.create_task(self._sweep())
        self._ready.set()
        yield
        sweep.cancel()
        await asyncio.to_thread(self._bulk.close)
        self.journal.detach()
        self.journal.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for connection in list(self._server.server_state.connections):
                if isinstance(connection, FastPathProtocol):
                    connection.cut_off(time.monotonic(), self._options.body_timeout)


@contextlib.contextmanager
def serving(door: Door, directory: Path, options: Options | None = None) -> Iterator[Served]:
    """A server for the length of a ``with`` block."""
    with Served(door, directory, options or Options()) as server:
        yield server


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        """Status and message of an error, whose body has to be exactly that of the contract."""
        body = self.json
        assert body == {"ok": False, "error": body["error"]}
        assert self.headers["content-type"] == "application/json"
        return self.status, body["error"]


class Client:
    """A bare connection, so that a test says what goes over the wire, and when."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *pieces: bytes) -> None:
        """Each piece in a packet of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.socket.sendall(piece)
            if len(pieces) > 1:
                time.sleep(0.005)

    def finish(self) -> None:
        """Closes the sending half."""
        self.socket.shutdown(socket.SHUT_WR)

    def response(self, *, head: bool = False) -> Response:
        """The next answer. ``head``: it has no body, whatever its headers say."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        top, _, _ = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = top.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        status = int(status_line.split(" ")[1])
        length = 0 if head or status == 100 else int(headers.get("content-length", 0))
        end = len(top) + 4 + length
        while len(self._buffer) < end:
            self._more()
        raw, self._buffer = self._buffer[:end], self._buffer[end:]
        return Response(status, headers, raw[len(top) + 4 :], raw)

    def is_closed(self) -> bool:
        """Whether the server closes the connection with nothing more to say."""
        try:
            return not self._buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise EOFError(f"closed behind {self._buffer!r}")
        self._buffer += piece


def request(
    method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """A request with the headers that it needs, and those given."""
    lines = [f"{method} {path} HTTP/1.1", "host: test"]
    if body or method == "POST":
        lines.append(f"content-length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def post(
    path: str,
    body: object,
    headers: Mapping[str, str] | None = None,
    *,
    key: str | None = KEY,
) -> bytes:
    """A ``POST`` of ``body`` (bytes as they are, else as JSON) to an ingestion endpoint."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    credentials = {} if key is None else {"x-api-key": key}
    return request("POST", f"/api/v1/{path}", raw, credentials | dict(headers or {}))


def chunked(
    path: str, pieces: list[bytes], headers: Mapping[str, str] | None = None
) -> list[bytes]:
    """The same with a body in chunks: its head, then each of them."""
    lines = [f"POST /api/v1/{path} HTTP/1.1", "host: test", f"x-api-key: {KEY}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    head = "\r\n".join([*lines, "transfer-encoding: chunked", "", ""]).encode()
    return [head, *(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]


def track(**fields: Any) -> dict[str, Any]:
    return {"event_name": "signed_up", "distinct_id": "user_123"} | fields


def operation(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload}


def journalled_rows(journal: Path) -> list[Row]:
    """All rows in a journal's directory, each group checked, in the order written."""
    rows = []
    for segment in sorted([*journal.glob("*.open"), *journal.glob("*.jsonl")]):
        text = segment.read_bytes()
        for group in whole_groups(text):
            *lines, commit = text[group.start : group.end].splitlines()
            closed = json.loads(commit)
            size = closed["bytes"]
            assert closed["rows"] == group.rows == len(lines)
            assert closed["crc"] == zlib.crc32(text[group.start : group.start + size])
            rows += [json.loads(line) for line in lines]
    return rows
