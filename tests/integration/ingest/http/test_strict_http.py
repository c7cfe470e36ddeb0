"""Requests in which two readers, such as a proxy and this server, could see different things; and
what would slip past a check by standing where nobody looks."""

import gzip
import json
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.support.doors import (
    FENCED_KEY,
    KEY,
    TEST_KEY,
    Options,
    Served,
    chunked,
    operation,
    post,
    request,
    serving,
    track,
)

BODY = json.dumps(track()).encode()
INVALID = (400, "Invalid HTTP request")
TOO_LARGE = (431, "Request headers too large")
LANES = {
    "plain": ("POST /api/v1/track HTTP/1.1", f"content-length: {len(BODY)}", BODY),
    "in chunks": (
        "POST /api/v1/track HTTP/1.1",
        "transfer-encoding: chunked",
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    ),
    "another path": ("GET /api/v1/track HTTP/1.1", "accept: */*", b""),
}
"""The ways that a request can go."""


@pytest.fixture
def express(servers: dict[str, Served]) -> Served:
    served = servers["express"]
    served.new_rows()
    return served


def sent(lane: str, *lines: str, line: str = "", key: str = KEY) -> bytes:
    """A request with these headers, and no others but its length and a key."""
    first, length, body = LANES[lane]
    head = "\r\n".join((line or first, *lines, length, f"x-api-key: {key}", "", ""))
    return head.encode("latin-1") + body


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("host: a.test", "host: a.test"),
        ("host: a.test", "Host: b.test"),
        ("host: a.test, b.test",),
        ("host: a.test\r\n folded",),
        ("host : a.test",),
        (" host: a.test",),
        ("host: a.test\nx: y",),
        ("host: a.test\rx: y",),
        ("host: a.test", "x: a\0b"),
        ("host: a.test", "x\0: a"),
        ("host: a.test", ": a"),
        ("host: a.test", "content-length: 3"),
        ("host: a.test", "content-length: +3"),
        ("host: a.test", "content-length: 3, 3"),
        ("host: a.test", "content-length: "),
        ("host: a.test", "content-length: 99999999999999999999"),
        ("host: a.test", "transfer-encoding: gzip, chunked"),
        ("host: a.test", "transfer-encoding: identity"),
        ("host: a.test", "transfer-encoding: chunked, identity"),
        ("host: a.test", "transfer-encoding: \x0bchunked"),
        ("host: a.test", "transfer-encoding: gzip", "transfer-encoding: chunked"),
    ],
    ids=repr,
)
def test_what_may_be_read_in_two_ways_is_refused(
    express: Served, lane: str, lines: tuple[str, ...]
) -> None:
    if lane == "another path" and any("content-length: 3" in line for line in lines):
        lines = (*lines, "content-length: 4")  # one alone would be fine
    with express.connect() as client:
        client.send(sent(lane, *lines))
        response = client.response()
        assert response.error == INVALID
        assert response.headers["connection"] == "close"
        assert client.is_closed()
    assert express.new_rows() == []


@pytest.mark.parametrize("lane", LANES)
def test_chunks_are_not_for_http_1_0(express: Served, lane: str) -> None:
    line = LANES[lane][0].replace("1.1", "1.0")
    answer = express.ask(sent(lane, line=line))
    if lane == "in chunks":
        assert answer.error == INVALID
    else:
        assert answer.status in (200, 405)
        assert express.ask(sent(lane, "host: a.test", "host: a.test", line=line)).error == INVALID


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("size", [64 * 1024, 70 * 1024, 200 * 1024])
@pytest.mark.parametrize("many", [True, False])
def test_a_head_that_is_too_large_is_refused_however_it_arrives(
    express: Served, lane: str, size: int, many: bool
) -> None:
    number = size // 100 if many else 1
    lines = [f"x-{at}: {'y' * (size // number)}" for at in range(number)]
    whole = sent(lane, "host: a.test", *lines)
    for cut in (len(whole), 40_000, 20):
        with express.connect() as client:
            client.send(*[whole[at : at + cut] for at in range(0, min(len(whole), 3 * cut), cut)])
            client.socket.sendall(whole[3 * cut :])
            assert client.response().error == TOO_LARGE
    with express.connect() as client:  # behind another request, in one piece with it
        client.send(sent("plain", "host: a.test") + whole)
        assert client.response().status == 200
        assert client.response().error == TOO_LARGE
    assert len(express.new_rows()) == 1


def test_a_head_just_below_the_limit_is_read(express: Served) -> None:
    lines = [f"x-{at}: {'y' * 1000}" for at in range(60)]
    for lane in LANES:
        many = sent(lane, "host: a.test", *lines)
        with express.connect() as client:
            client.send(many * 3)
            for _ in range(3):
                assert client.response().status in (200, 405)


def trailing(*lines: str, headers: dict[str, str]) -> bytes:
    """An event in chunks with ``lines`` behind it; without a key, unless ``headers`` have one."""
    head = request("POST", "/api/v1/track", headers=headers | {"transfer-encoding": "chunked"})
    chunks = chunked("track", [BODY])[1]
    tail = "".join(f"{line}\r\n" for line in lines).encode()
    return head.replace(b"content-length: 0\r\n", b"") + chunks + b"0\r\n" + tail + b"\r\n"


def test_trailers_are_no_headers(express: Served) -> None:
    forwarded = "x-forwarded-for: 203.0.113.7"
    fenced = trailing(forwarded, headers={"x-api-key": FENCED_KEY})
    keyless = trailing(f"x-api-key: {KEY}", headers={})
    both = trailing(f"x-api-key: {TEST_KEY}", headers={"x-api-key": KEY})
    packed = trailing("content-encoding: gzip", headers={"x-api-key": KEY})
    allowed = trailing(headers={"x-api-key": FENCED_KEY, "x-forwarded-for": "203.0.113.7"})
    with express.connect() as client:
        for whole in (fenced, keyless, both, packed, allowed):
            client.send(whole)
        assert client.response().error == (403, "Unauthorized IP Address")
        assert client.response().error == (401, "Missing API key")
        assert [client.response().status for _ in range(3)] == [200, 200, 200]
    projects = [(row["project_id"], row["environment"]) for row in express.new_rows()]
    assert projects == [("proj_abc", "live")] * 2 + [("proj_fenced", "live")]


def test_trailers_are_no_headers_for_whatever_else_is_asked(tmp_path: Path) -> None:
    async def tell(request: Request) -> JSONResponse:
        await request.body()
        return JSONResponse(sorted(request.headers))

    options = Options(routes=(Route("/tell", tell, methods=["POST"]),))
    with serving("express", tmp_path, options) as server:
        whole = trailing("authorization: Bearer x", headers={"x-a": "b"})
        told = server.ask(whole.replace(b"/api/v1/track", b"/tell"))
    assert told.json == ["host", "transfer-encoding", "x-a"]


def test_trailers_without_end_are_cut_off(express: Served) -> None:
    whole = trailing(*(f"x-{at}: {'y' * 1000}" for at in range(400)), headers={"x-api-key": KEY})
    with express.connect() as client:
        client.send(*[whole[at : at + 30_000] for at in range(0, len(whole), 30_000)])
        assert client.response().error == TOO_LARGE
    endless = chunked("track", [])[0] + b"1;" + b"x" * 500_000
    with express.connect() as client:
        client.send(*[endless[at : at + 30_000] for at in range(0, len(endless), 30_000)])
        assert client.response().error == TOO_LARGE
    assert express.new_rows() == []


def test_a_header_that_stands_twice_is_a_list(express: Served) -> None:
    twice = sent("plain", "host: a.test", f"x-api-key: {TEST_KEY}")
    assert express.ask(twice).error == (403, "Invalid API Key")
    assert express.ask(sent("plain", "host: a.test", f"x-api-key: {KEY}")).status == 200
    packed = ("content-encoding: gzip", "content-encoding: deflate")
    assert express.ask(sent("plain", "host: a.test", *packed)).status == 415


@pytest.mark.parametrize("path", ["//api/v1/track", "/api/v1/track/", "//api//v1/track//"])
def test_slashes_too_many_do_no_harm(server: Served, path: str) -> None:
    for query in ("", "?v=1"):
        assert server.ask(request("POST", path + query, BODY, {"x-api-key": KEY})).status == 200
    assert server.ask(request("POST", path, BODY)).error == (401, "Missing API key")
    assert server.ask(request("GET", path)).status == 405
    assert len(server.new_rows()) == 2
    assert server.ask(request("POST", "/api/v1/track/x", BODY, {"x-api-key": KEY})).status == 404


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", lambda body: MARK + body),
        ("identity", lambda body: body),
        ("Identity", lambda body: MARK + body),
        ("gzip", lambda body: gzip.compress(MARK + body)),
        ("gzip", lambda body: gzip.compress(body) + bytes(512)),
        ("gzip", lambda body: zlib.compress(body)),
        ("gzip", lambda body: zlib.compress(body, wbits=-15)),
        ("deflate", lambda body: gzip.compress(body)),
    ],
)
def test_bodies_are_read_as_clients_send_them(
    server: Served, encoding: str, packed: object, heavy: bool
) -> None:
    assert callable(packed)
    pad = os.urandom(300_000).hex() if heavy else ""
    body = json.dumps({"operations": [operation("track", **track(properties={"p": pad}))]})
    headers = {"content-encoding": encoding} if encoding else {}
    assert server.post("batch", packed(body.encode()), headers).status == 200
    assert [row["event_name"] for row in server.new_rows()] == ["signed_up"]


# No request is taken for another one of the same connection

CLIENTS = {
    "shop": {"x-api-key": KEY, "user-agent": "a"},
    "test": {"x-api-key": TEST_KEY},
    "keyless": {},
    "fenced": {"x-api-key": FENCED_KEY, "x-forwarded-for": "203.0.113.7"},
    "foreign": {"x-api-key": FENCED_KEY, "x-forwarded-for": "203.0.113.8"},
}
EXPECTED = {
    "shop": ("proj_abc", "live"),
    "test": ("proj_abc", "test"),
    "fenced": ("proj_fenced", "live"),
}
STATUS = {"keyless": 401, "foreign": 403}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(CLIENTS)),
            st.sampled_from([b"", b"", b"", b"\r\n", b"\r\n\r\n", b"\n", b"\r"]),
            st.integers(0, 5),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.integers(1, 400), max_size=12),
)
def test_requests_of_many_clients_on_one_connection_are_not_mixed(
    express: Served, turns: list[tuple[str, bytes, int, bool]], cuts: list[int]
) -> None:
    """As a proxy sends them: in pieces of any size, with blank lines between them, some repeating
    the head of the one before to the byte."""
    express.new_rows()
    whole: list[bytes] = []
    for at, (name, blank, pad, in_chunks) in enumerate(turns):
        body = json.dumps(track(event_name=f"{at} {name}", properties={"p": "x" * pad})).encode()
        if in_chunks:
            trailer = f"x-api-key: {KEY}\r\nx-forwarded-for: 203.0.113.7\r\n"
            head = request("POST", "/api/v1/track", headers=CLIENTS[name])
            head = head.replace(b"content-length: 0", b"transfer-encoding: chunked")
            framed = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailer.encode())
            whole.append(blank + head + framed)
        else:
            whole.append(blank + post("track", body, CLIENTS[name], key=None))
    pieces: list[bytes] = []
    for one in whole:
        cut = cuts[len(pieces) % len(cuts)] if cuts else len(one)
        pieces += [one[:cut], one[cut:]]
    with express.connect() as client:
        client.send(*filter(None, pieces))
        answers = [client.response().status for _ in turns]
    assert answers == [STATUS.get(name, 200) for name, *_ in turns]
    rows = [
        (row["event_name"], row["project_id"], row["environment"]) for row in express.new_rows()
    ]
    assert sorted(rows) == sorted(
        (f"{at} {name}", *EXPECTED[name]) for at, (name, *_) in enumerate(turns) if name in EXPECTED
    )
