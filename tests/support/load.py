"""Clients that keep a server busy and note what they were told, to hold it against what is stored.

Every row bears a tag of its own in its properties."""

import http.client
import itertools
import json
import secrets
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.support.server import Server

_TIMEOUT: Final = 60
_PAUSE: Final = 0.02
_DRAIN_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Client:
    """What one client sends, over and over: requests of ``rows`` events, each with ``padding``
    characters of ballast. One row goes to ``/track``, several go to ``/batch``. ``pause``: seconds
    between two requests; ``people``: of how many different ids they are."""

    name: str
    rows: int = 1
    padding: int = 0
    pause: float = 0.0
    people: int = 1


SINGLE: Final = Client("single")
BATCH: Final = Client("batch", rows=20)
HEAVY: Final = Client("heavy", rows=60, padding=6_000, pause=0.1)
"""Beyond what is admitted on the event loop."""
HUGE: Final = Client("huge", rows=200, padding=45_000, pause=0.3)
"""Beyond what joins the journal's groups: a segment of its own."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``status`` is None where no answer came."""

    name: str
    tags: tuple[str, ...]
    status: int | None
    retry_after: str | None = None


class Load:
    """Runs ``clients``, each in a thread of its own, from entry to exit. They go on when the server
    is gone, and find it again."""

    def __init__(self, server: Server, *clients: Client) -> None:
        self.requests: list[Request] = []
        self._server = server
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(client, number), daemon=True)
            for number, client in enumerate(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Returns when the last answer is there."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * _TIMEOUT)
            assert not thread.is_alive(), "a client hangs"

    def answers(self, status: int, name: str | None = None) -> list[Request]:
        """The requests that were answered so, of the clients called ``name``."""
        return [
            request
            for request in list(self.requests)
            if request.status == status and name in (None, request.name)
        ]

    def wait_for(self, answers: int, status: int = 200, name: str | None = None) -> None:
        """Until that many more of them are there."""
        wanted = len(self.answers(status, name)) + answers
        give_up = time.monotonic() + _TIMEOUT
        while len(self.answers(status, name)) < wanted:
            assert time.monotonic() < give_up, Counter(one.status for one in self.requests)
            time.sleep(_PAUSE)

    def _run(self, client: Client, number: int) -> None:
        address = urlsplit(self._server.url)
        assert address.hostname is not None
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT)
        mark = secrets.token_hex(3)
        for count in itertools.count():
            if self._stop.wait(client.pause):
                break
            tags = tuple(f"{mark}-{number}-{count}-{row}" for row in range(client.rows))
            status, retry_after = self._post(connection, client, tags)
            self.requests.append(Request(client.name, tags, status, retry_after))
            if status != 200:
                time.sleep(_PAUSE)
        connection.close()

    def _post(
        self, connection: http.client.HTTPConnection, client: Client, tags: tuple[str, ...]
    ) -> tuple[int | None, str | None]:
        path, body = request_body(client, tags)
        headers = {"x-api-key": self._server.live_key, "content-type": "application/json"}
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return None, None
        return answer.status, answer.getheader("retry-after")


def request_body(client: Client, tags: tuple[str, ...]) -> tuple[str, bytes]:
    """Path and body of a request of ``client``, one event for each of ``tags``."""
    events = [
        {
            "event_name": client.name,
            "distinct_id": _user(client, tag),
            "properties": {"tag": tag, "padding": "x" * client.padding},
        }
        for tag in tags
    ]
    if len(events) == 1:
        return "/api/v1/track", json.dumps(events[0]).encode()
    operations = [{"type": "track", "payload": event} for event in events]
    return "/api/v1/batch", json.dumps({"operations": operations}).encode()


def _user(client: Client, tag: str) -> str:
    name = f"user_of_{client.name}"
    return f"{name}_{zlib.crc32(tag.encode()) % client.people}" if client.people > 1 else name


def drained(server: Server) -> bool:
    """Whether everything that was answered is in ClickHouse."""
    return server.metric("whipstitch_journal_bytes") == 0


def stored_tags(server: Server) -> Counter[str]:
    """How often each tag is stored, once the journal is empty and the server can be read."""
    server.wait_until(lambda: drained(server) and server.is_ready(), _DRAIN_SECONDS)
    return Counter(event["properties"]["tag"] for event in _events(server))


def _events(server: Server) -> Iterator[dict[str, Any]]:
    # The rows of the huge ones in small pages: the ballast comes back, too.
    yield from server.events(event_name=HUGE.name, limit=100)
    for client in (SINGLE, BATCH, HEAVY):
        yield from server.events(event_name=client.name)


def assert_kept(requests: list[Request], stored: Counter[str]) -> None:
    """What was answered 200 is stored once, what was refused is not, and what was not answered is
    stored once in the whole or not at all."""
    wrong = []
    for request in requests:
        counts = {stored[tag] for tag in request.tags}
        allowed = {200: [{1}], None: [{0}, {1}]}.get(request.status, [{0}])
        if counts not in allowed:
            wrong.append((request.name, request.status, request.tags[0], counts))
    assert not wrong, f"{len(wrong)} of {len(requests)} requests: {wrong[:5]}"
    assert stored.keys() <= {tag for request in requests for tag in request.tags}


def assert_discreet(server: Server) -> None:
    """No key, no token and nothing of what the clients here send is in the server's log, and no
    failed attempt with all that the driver knows of it."""
    secrets = (
        server.live_key,
        server.test_key,
        server.token,
        "padding",
        "user_of_",
        "confidential",
        "param_",
        "Retrying",
        "Traceback",
    )
    told = [line for line in server.log.splitlines() if any(one in line for one in secrets)]
    assert not told
