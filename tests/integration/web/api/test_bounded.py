"""Bodies sent to what reads: nobody's are not read at all, and nobody's are read without end."""

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support.server import Server

_LARGE = 48 * 2**20
_PIECE = b"x" * 2**20
_ROUTES = [
    ("POST", "/api/v1/projects"),
    ("PATCH", "/api/v1/projects/any"),
    ("POST", "/api/v1/projects/any/keys"),
    ("POST", "/api/v1/insights"),
    ("POST", "/api/v1/questions"),
    ("PUT", "/api/v1/boards/any"),
    ("DELETE", "/api/v1/people/any"),
    ("POST", "/api/v1/a/route/that/nobody/made"),
    ("GET", "/api/v1/events"),
    ("POST", "/sign-in"),
    ("POST", "/p/any/live/settings/project"),
]
Send = Callable[[str, str, str | None, bool], int]


@pytest.fixture
def send(server: Server) -> Send:
    """Sends a body of 48 MB until it is answered; the status."""

    def sent(method: str, path: str, token: str | None, chunked: bool) -> int:
        place = urlsplit(server.url)
        with socket.create_connection((place.hostname, place.port), timeout=60) as there:
            size = "transfer-encoding: chunked" if chunked else f"content-length: {_LARGE}"
            who = f"authorization: Bearer {token}\r\n" if token else ""
            head = f"{method} {path} HTTP/1.1\r\nhost: x\r\n{who}{size}\r\n\r\n"
            there.sendall(head.encode())
            with contextlib.suppress(ConnectionError):
                for _ in range(_LARGE // len(_PIECE)):
                    there.sendall(b"100000\r\n" + _PIECE + b"\r\n" if chunked else _PIECE)
                if chunked:
                    there.sendall(b"0\r\n\r\n")
            return int(there.recv(64).split()[1])

    return sent


def _peak(server: Server) -> int:
    """Bytes of memory that the server had at most."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("token", [None, "bad"])
@pytest.mark.parametrize(("method", "path"), _ROUTES)
def test_a_large_body_of_nobody_is_refused_unread(
    server: Server, send: Send, method: str, path: str, token: str | None, chunked: bool
) -> None:
    before = _peak(server)
    status = send(method, path, token, chunked)
    # What reads no body need not look who sends one.
    known = {401, 404, 405} if path.startswith("/api") else {303, 403, 413, 400}
    assert status in known
    assert _peak(server) - before < _LARGE // 4


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/insights", "/api/v1/questions"])
def test_a_body_over_a_megabyte_is_refused_whoever_sends_it(
    server: Server, send: Send, path: str, chunked: bool
) -> None:
    before = _peak(server)
    assert send("POST", path, server.token, chunked) == 413
    assert _peak(server) - before < _LARGE // 4


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/insights", "/api/v1/questions"])
def test_who_sends_a_body_is_asked_before_what_is_in_it(server: Server, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer bad"}):
        answer = httpx.post(server.url + path, content=b"{no json", headers=headers, timeout=60)
        assert answer.status_code == 401
        assert answer.json()["ok"] is False
    headers = {"authorization": f"Bearer {server.token}"}
    assert (
        httpx.post(server.url + path, content=b"{no json", headers=headers, timeout=60).status_code
        == 400
    )


def test_a_body_that_is_refused_unread_ends_its_connection_and_no_other(server: Server) -> None:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        first = client.post("/api/v1/projects", content=b"x" * 2**21)
        assert (first.status_code, first.headers["connection"]) == (401, "close")
        assert client.post("/api/v1/projects", json={}).headers.get("connection") is None
