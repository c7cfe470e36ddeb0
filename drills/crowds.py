"""Clients that mean harm, or that are too many, beside others that only want to send."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Final
from urllib.parse import urlsplit

from tests.support.load import BATCH, HEAVY, SINGLE, Client, Load
from tests.support.server import Server

from drills.place import Place, settle
from drills.tally import Tally

_STEADY: Final = (Client(SINGLE.name, pause=0.01), Client(BATCH.name, rows=20, pause=0.05))
_BODIES: Final = 10_000
_SLOW: Final = 2_400
_IDLE: Final = 4_000
_DESCRIPTORS: Final = 1_024
_SECONDS: Final = 10.0
_TIMEOUT: Final = 30
_PATHS: Final = ("track", "people", "alias", "batch", "nothing", "../api/v1/track", "events")
_MOST: Final = 64 * 1024
_GO_ON: Final = 100


def hostile_bodies(place: Place) -> Tally:
    """10,000 of them, each on a connection that others use, too, for as long as it lasts."""
    with place.server() as server, Load(server, *_STEADY) as load:
        strange = 0
        connection: socket.socket | None = None
        for _ in range(_BODIES):
            if connection is None or place.chance.random() < 0.02:
                connection = _connect(server)
            status = _exchange(connection, _request(place.chance, server))
            if status is None:
                connection.close()
                connection = None
            elif status >= 500 and status != 503:
                strange += 1
        tally = _settled(server, load)
        tally.expect(not strange, f"{strange} hostile requests were answered 5xx")
    return tally


def slow_clients(place: Place) -> Tally:
    """2,400 that send a byte now and then."""
    with place.server() as server, Load(server, *_STEADY) as load, ExitStack() as stack:
        head = b"POST /api/v1/track HTTP/1.1\r\nHost: drill\r\nX-Api-Key: "
        slow = [stack.enter_context(_patient(server)) for _ in range(_SLOW)]
        until = time.monotonic() + _SECONDS
        sent = 0
        while time.monotonic() < until:
            piece = head[sent % len(head) : sent % len(head) + 1]
            sent += 1
            for one in slow:
                with _gone_is_fine():
                    one.send(piece)
            time.sleep(0.2)
        load.wait_for(50)
        return _settled(server, load)


def descriptors_used_up(place: Place) -> Tally:
    """4,000 idle connections to a server that may have 1,024 files open."""
    steady = (*_STEADY, Client(HEAVY.name, rows=60, padding=6_000, pause=0.5))
    with (
        place.server(files=_DESCRIPTORS) as server,
        ExitStack() as others,
        Load(server, *steady) as load,
    ):
        load.wait_for(50)
        for _ in range(_IDLE):
            with _gone_is_fine():
                others.enter_context(_patient(server))
        time.sleep(_SECONDS)
        others.close()
        load.wait_for(50)
        return _settled(server, load)


def memory_used_up(place: Place) -> Tally:
    """Questions that ClickHouse has too little memory for."""
    with place.server(CLICKHOUSE_MEMORY="1GB") as server, Load(server, *_STEADY) as load:
        load.wait_for(200)
        question = {
            "events": [{"event_name": SINGLE.name, "math": "unique"}],
            "from": "2020-01-01T00:00:00Z",
            "to": "2030-01-01T00:00:00Z",
            "interval": "day",
            "breakdown": {"property": "tag"},
        }
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            server.ask("/api/v1/insights", question)
        return _settled(server, load)


def _settled(server: Server, load: Load) -> Tally:
    server.wait_until(server.is_ready, 60)
    tally = settle(server, load)
    tally.expect(server.process.poll() is None, "the server ended")
    return tally


def _request(chance: Random, server: Server) -> bytes:
    """Something that may look like a request."""
    body = chance.choice(_MADE)(chance)
    if chance.random() < 0.5:
        body = _mutated(chance, body)
    head = [
        f"POST /api/v1/{chance.choice(_PATHS)} HTTP/1.1",
        "Host: drill",
        f"X-Api-Key: {server.test_key}",
        f"Content-Length: {len(body)}",
    ]
    if chance.random() < 0.1:
        head.insert(
            chance.randrange(1, len(head)), _ODD_HEADERS[chance.randrange(len(_ODD_HEADERS))]
        )
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


_ODD_HEADERS: Final = (
    "Content-Encoding: gzip",
    "Content-Encoding: identity",
    "Transfer-Encoding: chunked",
    "Content-Length: 5",
    "X-Forwarded-For: 1.2.3.4, unknown",
    "Origin: null",
    "User-Agent: " + "x" * 20_000,
    "Expect: 100-continue",
    " folded: yes",
    "No-Colon",
)


def _event(chance: Random) -> bytes:
    return json.dumps(
        {
            "event_name": chance.choice(["hostile", "", "$screen", "x" * 3_000]),
            "distinct_id": chance.choice(
                ["user_1", "", "x", "gzip", "null", "a\nb", "\u0000\u0000"]
            ),
            "timestamp": chance.choice([None, 1e308, -1, "2026-13-01", "0000-01-01T00:00:00Z", []]),
            "properties": chance.choice([None, {}, {"a": [[[1]]]}, [], "text", 5]),
        }
    ).encode()


def _deep(chance: Random) -> bytes:
    depth = chance.choice([10, 300, 5_000, 100_000])
    opened, closed = chance.choice([(b"[", b"]"), (b'{"a":', b"}")])
    value = opened * depth + b"1" + closed * depth
    return b'{"event_name":"hostile","distinct_id":"user_1","properties":{"a":' + value + b"}}"


def _number(chance: Random) -> bytes:
    digits = chance.choice(
        ["1e999", "-1e999", "9" * 5_000, "0." + "0" * 5_000 + "1", "1e-999", "-0"]
    )
    return (
        f'{{"event_name":"hostile","distinct_id":"user_1","properties":{{"a":{digits}}}}}'.encode()
    )


def _batch(chance: Random) -> bytes:
    kinds = ["track", "people", "alias", "other", None, 5]
    operations = [
        {"type": chance.choice(kinds), "payload": json.loads(_event(chance))}
        for _ in range(chance.randrange(0, 20))
    ]
    return json.dumps({"operations": operations}).encode()


def _alias(chance: Random) -> bytes:
    ids = ["user_1", "user_2", "null", "", "undefined", "a" * 5_000]
    return json.dumps({"alias_id": chance.choice(ids), "distinct_id": chance.choice(ids)}).encode()


def _noise(chance: Random) -> bytes:
    return chance.randbytes(chance.randrange(0, 2_000))


_MADE: Final = (_event, _event, _deep, _number, _batch, _alias, _noise)


def _mutated(chance: Random, body: bytes) -> bytes:
    """With some bytes changed, cut out or repeated."""
    text = bytearray(body[:_MOST])
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(text) + 1)
        what = chance.randrange(3)
        if what == 0:
            text[at : at + 1] = chance.randbytes(1)
        elif what == 1:
            del text[at : at + chance.randrange(1, 50)]
        else:
            text[at:at] = text[at : at + chance.randrange(1, 50)]
    return bytes(text)


def _connect(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    assert address.hostname is not None
    assert address.port is not None
    return socket.create_connection((address.hostname, address.port), timeout=_TIMEOUT)


@contextmanager
def _patient(server: Server) -> Iterator[socket.socket]:
    with _connect(server) as connection:
        connection.setblocking(False)
        yield connection


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """The server may hang up on such clients."""
    try:
        yield
    except OSError:
        return


def _exchange(connection: socket.socket, request: bytes) -> int | None:
    """The status of the answer; None: the connection cannot be used any more."""
    try:
        connection.sendall(request)
        answer = connection.recv(_MOST)
    except OSError:
        return None
    if not answer.startswith(b"HTTP/1.1 "):
        return None
    status = int(answer[9:12])
    ends = b"connection: close" in answer.lower() or status == _GO_ON
    return None if ends and status < 500 else status
