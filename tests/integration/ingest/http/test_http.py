"""HTTP as real clients speak it, on the fast path."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.doors import (
    DIRECTORY,
    Options,
    Served,
    chunked,
    operation,
    post,
    request,
    serving,
    track,
)
from tests.support.mmdb import MOUNTAIN_VIEW, write_mmdb

from whipstitch.core.projects import ProjectSnapshot

EVENT = post("track", track())
BODY = json.dumps(track()).encode()
GET = request("GET", "/api/v1/track")
HEAVY = post("track", track(properties={"pad": "x" * 300_000}))


@pytest.fixture
def express(servers: dict[str, Served]) -> Served:
    served = servers["express"]
    served.new_rows()
    return served


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Served]:
    """Cuts clients off after a moment."""
    with serving("express", tmp_path, Options(body_timeout=0.2, keep_alive=0.2)) as server:
        yield server


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def statuses_of(requests: list[bytes]) -> list[int]:
    return [405 if one == GET else 200 for one in requests]


# Keeping a connection, and pipelining


def test_a_connection_is_kept_for_many_requests(server: Served) -> None:
    with server.connect() as client:
        for number in range(50):
            client.send(post("track", track(event_name=f"e{number}")))
            assert client.response().status == 200
    assert [row["event_name"] for row in server.new_rows()] == [f"e{n}" for n in range(50)]


def test_a_byte_at_a_time_is_as_good_as_all_at_once(server: Served) -> None:
    with server.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(EVENT)):
            client.socket.sendall(EVENT[at : at + 1])
        assert client.response().status == 200


def test_many_pipelined_requests_are_answered_in_order(express: Served) -> None:
    """Screens give each answer a face of its own; more of them than are read ahead."""
    names = [f"screen {number}" for number in range(400)]
    events = [track(event_name="$screen", properties={"name": name}) for name in names]
    with express.connect() as client:
        client.send(b"".join(post("track", event) for event in events))
        answered = [client.response().json["commands"][0]["params"]["screen"] for _ in names]
    assert answered == names
    stored = [row["properties"]["name"] for row in express.new_rows()]
    assert stored == names


def test_pipelined_requests_of_all_kinds_are_answered_in_order(express: Served) -> None:
    kinds: list[tuple[bytes, int]] = [
        (EVENT, 200),
        (GET, 405),
        (post("track", {}), 400),
        (b"".join(chunked("track", [BODY])), 200),
        (EVENT, 200),
        (EVENT, 200),
        (HEAVY, 200),
        (post("track", track(), key=None), 401),
        (post("people", {"distinct_id": "x"}), 202),
        (request("GET", "/nothing"), 404),
        (request("OPTIONS", "/api/v1/track"), 204),
        (EVENT, 200),
        (post("track", HEAVY, key="sk_live_nobody"), 403),
        (post("batch", {"operations": []}), 400),
    ]
    rounds = [*kinds, *reversed(kinds)]
    with express.connect() as client:
        client.send(b"".join(sent for sent, _ in rounds))
        assert [client.response().status for _ in rounds] == [status for _, status in rounds]
    assert len(express.new_rows()) == 12


@pytest.mark.parametrize("whole", [[EVENT], [EVENT, GET], [GET, EVENT], [HEAVY, EVENT, GET]])
def test_garbage_behind_whole_requests_takes_nothing_from_their_answers(
    express: Served, whole: list[bytes]
) -> None:
    with express.connect() as client:
        client.send(b"".join(whole) + b"\x00garbage\r\n\r\n")
        assert [client.response().status for _ in whole] == [
            405 if one == GET else 200 for one in whole
        ]
        with contextlib.suppress(EOFError, ConnectionResetError):
            assert client.response().error == (400, "Invalid HTTP request")
        assert client.is_closed()


def test_a_broken_chunk_behind_a_whole_request_takes_nothing_from_its_answer(
    express: Served,
) -> None:
    head, chunk, _ = chunked("track", [BODY])
    with express.connect() as client:
        client.send(EVENT + head + chunk + b"nonsense\r\n")
        assert client.response().status == 200
        assert client.response().error == (400, "Invalid HTTP request")
        assert client.is_closed()
    assert len(express.new_rows()) == 1


def test_a_client_that_reads_its_answers_late_still_gets_all(express: Served) -> None:
    with express.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        sender = threading.Thread(target=client.socket.sendall, args=(EVENT * 800,))
        sender.start()
        time.sleep(0.1)
        assert all(client.response().status == 200 for _ in range(800))
        sender.join()
    assert len(express.new_rows()) == 800


# Closing


@pytest.mark.parametrize(
    "sent",
    [
        post("track", track(), {"connection": "close"}),
        EVENT.replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    ],
)
def test_a_connection_that_is_not_to_be_kept_is_closed(server: Served, sent: bytes) -> None:
    with server.connect() as client:
        client.send(sent)
        response = client.response()
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert client.is_closed()


@pytest.mark.parametrize(
    "sent",
    [
        [EVENT],
        [EVENT] * 40,
        [EVENT, GET],
        [GET, EVENT],
        [EVENT, HEAVY],
        [HEAVY],
        [EVENT, GET, EVENT],
    ],
)
def test_a_half_closed_connection_is_answered(express: Served, sent: list[bytes]) -> None:
    with express.connect() as client:
        client.send(b"".join(sent))
        client.finish()
        assert [client.response().status for _ in sent] == [
            405 if one == GET else 200 for one in sent
        ]
        assert client.is_closed()


@pytest.mark.parametrize("torn", [EVENT[:40], EVENT[:-5], HEAVY[:-5], chunked("track", [BODY])[0]])
def test_a_connection_half_closed_within_a_request_is_closed(express: Served, torn: bytes) -> None:
    with express.connect() as client:
        client.send(torn)
        client.finish()
        assert client.is_closed()
    with express.connect() as client:
        client.send(EVENT + torn)
        client.finish()
        assert client.response().status == 200
        assert client.is_closed()
    assert len(express.new_rows()) == 1


@pytest.mark.parametrize(
    "sent", [EVENT[:30], EVENT[:-3], EVENT, EVENT * 30, HEAVY[:-3], HEAVY, GET + HEAVY[:-3]]
)
def test_clients_that_hang_up_leave_nothing_behind(express: Served, sent: bytes) -> None:
    for _ in range(10):
        with express.connect() as client:
            client.send(sent)
            # Closing with a timeout of 0 resets the connection.
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    eventually(lambda: express.connections == 0)
    eventually(lambda: not list(express.spools.iterdir()))
    assert express.ask(EVENT).status == 200
    express.new_rows()


# What is no proper request


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"nonsense\r\n\r\n",
        b"POST /api/v1/track HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /api/v1/track HTTP/9.9\r\n\r\n",
        b"POST /api/v1/track HTTP/2.0\r\nhost: host\r\n\r\n",
        b"GET /api/v1/track\r\n\r\n",
        EVENT.replace(b"\r\n", b"\n"),
        b"CONNECT host:443 HTTP/1.1\r\nhost: host\r\n\r\n",
        chunked("track", [])[0] + b"zz\r\n",
    ],
)
def test_malformed_http_is_told_so(express: Served, sent: bytes) -> None:
    with express.connect() as client:
        client.send(sent)
        response = client.response()
        assert response.error == (400, "Invalid HTTP request")
        assert response.headers["connection"] == "close"
        assert client.is_closed()
    eventually(lambda: express.connections == 0)


def test_headers_without_end_are_cut_off(express: Served) -> None:
    with express.connect() as client:
        client.send(b"POST /api/v1/track HTTP/1.1\r\n")
        for number in range(70):
            client.socket.sendall(b"x-%d: %b\r\n" % (number, b"y" * 1000))
            time.sleep(0.001)
        assert client.response().error == (431, "Request headers too large")
        assert client.is_closed()


def test_many_ordinary_headers_are_fine(express: Served) -> None:
    headers = {f"x-{number}": "y" * 500 for number in range(60)}
    assert express.post("track", track(), headers).status == 200


@pytest.mark.parametrize("sent", [EVENT, HEAVY, GET, EVENT * 3])
def test_an_offer_of_http2_is_declined_by_an_ordinary_answer(express: Served, sent: bytes) -> None:
    """As Java's client makes it; the connection then goes on as it is."""
    offer = (
        b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
        b"http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n\r\n"
    )
    expected = [200] * sent.count(b"POST") or [405]
    sent = sent.replace(b"\r\n\r\n", b"\r\n" + offer)
    with express.connect() as client:
        for pieces in ([sent], [sent[:50], sent[50:]], [sent[:-20], sent[-20:]]):
            client.send(*pieces)
            assert [client.response().status for _ in expected] == expected
        client.send(EVENT)
        assert client.response().status == 200


def test_an_offer_of_a_websocket_is_declined(express: Served) -> None:
    headers = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    with express.connect() as client:
        client.send(request("GET", "/api/v1/track", headers=headers), EVENT)
        assert client.response().status == 405
        assert client.response().status == 200


# Slow clients


@pytest.mark.parametrize(
    "torn",
    [
        EVENT[:10],
        EVENT[:-1],
        HEAVY[:2_000],
        b"".join(chunked("track", [BODY])[:2]),
    ],
)
def test_a_request_that_never_ends_is_cut_off(impatient: Served, torn: bytes) -> None:
    with impatient.connect() as client:
        client.send(torn)
        response = client.response()
        assert response.error == (408, "Request body took too long to arrive")
        assert response.headers["connection"] == "close"
        assert client.is_closed()
    assert impatient.new_rows() == []
    eventually(lambda: impatient.connections == 0)
    eventually(lambda: not list(impatient.spools.iterdir()))


def test_a_refused_request_that_never_ends_is_refused_once(impatient: Served) -> None:
    with impatient.connect() as client:
        client.send(post("track", b"x" * 300_000, key=None)[:2_000])
        assert client.response().status == 401
        assert client.is_closed()


def test_whole_requests_before_one_that_never_ends_are_answered(impatient: Served) -> None:
    for whole, statuses in (([EVENT], [200]), ([EVENT, EVENT], [200, 200]), ([GET], [405])):
        with impatient.connect() as client:
            client.send(b"".join(whole) + EVENT[:-1])
            assert [client.response().status for _ in whole] == statuses
            assert client.response().status == 408
            assert client.is_closed()


def test_a_client_that_dribbles_is_cut_off(impatient: Served) -> None:
    with impatient.connect() as client:
        client.send(post("track", b"x" * 5_000)[:-4_000])
        client.socket.settimeout(0.01)
        answer = b""
        for _ in range(4_000):
            with contextlib.suppress(TimeoutError):
                answer = client.socket.recv(65536)
                break
            client.socket.sendall(b"x")
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_closed_without_a_word(impatient: Served) -> None:
    with impatient.connect() as client:
        assert client.is_closed()
    with impatient.connect() as client:
        client.send(EVENT)
        assert client.response().status == 200
        assert client.is_closed()


def test_a_client_that_never_reads_is_let_go(impatient: Served) -> None:
    with impatient.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.socket.settimeout(0.5)
        with contextlib.suppress(OSError):
            while True:
                client.socket.sendall(EVENT * 100)
        eventually(lambda: impatient.connections == 0)


# Expectations


def test_a_client_that_waits_is_told_to_go_on(server: Served) -> None:
    sent = post(
        "batch", {"operations": [operation("track", **track())]}, {"expect": "100-continue"}
    )
    head, body = sent.split(b"\r\n\r\n")
    with server.connect() as client:
        client.send(head + b"\r\n\r\n")
        assert client.response().status == 100
        client.send(body)
        assert client.response().status == 200


def test_a_client_that_waits_is_refused_without_its_body(server: Served) -> None:
    sent = post("track", track(), {"expect": "100-continue"}, key=None)
    with server.connect() as client:
        client.send(sent.split(b"\r\n\r\n")[0] + b"\r\n\r\n")
        assert client.response().error == (401, "Missing API key")


def test_a_chunked_body_is_put_together(server: Served) -> None:
    with server.connect() as client:
        client.send(*chunked("track", [BODY[at : at + 9] for at in range(0, len(BODY), 9)]))
        assert client.response().status == 200
        client.send(EVENT)
        assert client.response().status == 200
    assert [row["event_name"] for row in server.new_rows()] == ["signed_up"] * 2


def test_stopping_answers_what_was_received(tmp_path: Path) -> None:
    with serving("express", tmp_path) as server, server.connect() as client:
        client.send(EVENT)
        assert client.response().status == 200
        client.send(HEAVY)
        eventually(lambda: bool(list(server.spools.iterdir())))
        server.__exit__()
        assert client.response().status == 200
        assert len(server.new_rows()) == 2


def test_a_key_is_needed_for_each_request_of_a_connection(server: Served) -> None:
    with server.connect() as client:
        client.send(EVENT)
        assert client.response().status == 200
        client.send(post("track", track(), key=None))
        assert client.response().status == 401
        client.send(EVENT)
        assert client.response().status == 200
    assert len(server.new_rows()) == 2


def test_a_revoked_key_is_refused_on_a_connection_that_it_opened(tmp_path: Path) -> None:
    registry = [DIRECTORY]
    options = Options(directory=lambda: registry[-1])
    with serving("express", tmp_path, options) as server, server.connect() as client:
        for _ in range(3):
            client.send(EVENT)
            assert client.response().status == 200
        registry.append(ProjectSnapshot())
        client.send(EVENT)
        assert client.response().status == 403
        registry.append(DIRECTORY)
        client.send(EVENT)
        assert client.response().status == 200


def test_requests_of_one_connection_are_counted_against_the_limit(tmp_path: Path) -> None:
    now = time.time()
    if now % 60 > 59:  # the window must not end meanwhile
        time.sleep(60 - now % 60)
    with serving("express", tmp_path, Options(rate_limit=3)) as server, server.connect() as client:
        statuses = []
        for _ in range(5):
            client.send(EVENT)
            statuses.append(client.response().status)
    assert statuses == [200, 200, 200, 429, 429]


def test_a_connection_sees_a_new_city_database(tmp_path: Path) -> None:
    cities = tmp_path / "city.mmdb"
    with (
        serving("express", tmp_path, Options(geoip=cities)) as server,
        server.connect() as client,
    ):
        for _ in range(2):
            client.send(EVENT)
            assert client.response().status == 200
        write_mmdb(cities, {"8.8.8.8/32": MOUNTAIN_VIEW})
        assert server.geoip.reload_if_changed()
        server.service.clients.forget()
        client.send(EVENT)
        assert client.response().status == 200
        assert [row["country"] for row in server.new_rows()] == ["", "", "US"]
