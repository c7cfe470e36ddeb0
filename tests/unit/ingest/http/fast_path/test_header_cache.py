"""Heads that are read without the parser: taken only where the parser would find the same."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from whipstitch.core.projects import IngestionKey, Project
from whipstitch.ingest.client import ClientContext, ClientHeaders
from whipstitch.ingest.endpoints import Endpoint
from whipstitch.ingest.http.fast_path.header_cache import Head, HeadReader
from whipstitch.ingest.http.fast_path.request_reader import Exchange, RequestReader
from whipstitch.ingest.service import LARGEST_SMALL_BODY, IngestService, Respond
from whipstitch.ingest.validation.answers import Answer

PEER = "192.0.2.1"
BROWSER = (
    "Host: shop.test:8080",
    'sec-ch-ua: "Chromium";v="141", "Not=A?Brand";v="24"',
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
    "Accept: */*",
    "Content-Type: application/json",
    "Origin: https://shop.test",
    "Connection: keep-alive",
    "x-api-key: k",
    "Cookie: a=b; c=d",
    "X-Forwarded-For: 192.0.2.7, 10.0.0.1",
    "Content-Encoding: gzip",
    "Referer: https://shop.test/?q=%20",
)
WHO: ClientHeaders = (
    b"k",
    b"https://shop.test",
    b"192.0.2.7, 10.0.0.1",
    b"Mozilla/5.0 (X11; Linux x86_64)",
    PEER,
)


def sent(*lines: str, body: bytes = b"body", line: str = "POST /api/v1/track HTTP/1.1") -> bytes:
    head = "\r\n".join((line, *lines, f"Content-Length: {len(body)}", "", ""))
    return head.encode("latin-1") + body


def read(data: bytes) -> tuple[Head, bytes] | None:
    return HeadReader(PEER).read(data)


class Noted(IngestService):
    """What the reader asks of the service."""

    def __init__(self) -> None:
        self.largest_small_body = self.max_body = LARGEST_SMALL_BODY
        self.asked: list[tuple[str, ClientHeaders]] = []
        self.taken: list[tuple[Endpoint, str, bytes]] = []

    def check_rate_limit(
        self, endpoint: str, headers: ClientHeaders, *, counted: bool = True
    ) -> ClientContext | Answer:
        assert counted
        self.asked.append((endpoint, headers))
        key = IngestionKey("k", Project("p", "P"), "live")
        return ClientContext(key)

    def take(
        self,
        endpoint: Endpoint,
        _caller: ClientContext,
        body: bytes,
        encoding: str,
        _respond: Respond,
    ) -> None:
        self.taken.append((endpoint, encoding, body))


class ByParser(RequestReader):
    """The reader, which never meets a plain head."""

    closes = False
    refused: Answer | None = None

    def _take_plain(self, _data: bytes) -> bool:
        return False

    def _take(self, exchange: Exchange) -> None:
        self.closes |= exchange.close
        super()._take(exchange)

    def answered(self, _exchange: Exchange, _answer: Answer) -> None:
        raise AssertionError

    def flush(self) -> None:
        raise AssertionError

    def _give_up(self, answer: Answer) -> None:
        self.refused = answer

    def _go_by_asgi(self) -> None:
        raise AssertionError("not on the lane")


class Wire(asyncio.Transport):
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (PEER, 1) if name == "peername" else default


@pytest.fixture(scope="module", autouse=True)
def _event_loop() -> Iterator[None]:
    """The protocol wants one, whatever ran before."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="module")
def config() -> uvicorn.Config:
    config = uvicorn.Config(app=lambda: None, log_config=None, lifespan="off", interface="asgi3")
    config.load()
    return config


def check(config: uvicorn.Config, data: bytes) -> bool:
    """Whether ``data`` is taken; then the parser must find the same in it."""
    found = read(data)
    if found is None:
        return False
    head, body = found
    service = Noted()
    loop: Any = None
    state: Any = {}
    parser = ByParser(
        service, config=config, server_state=ServerState(), app_state=state, _loop=loop
    )
    parser.connection_made(Wire())
    parser.data_received(data)
    assert parser.refused is None
    assert service.asked == [(head.endpoint, head.headers)]
    assert service.taken == [(head.endpoint, head.encoding, body)]
    assert not parser.closes
    assert parser._in_headers
    assert not parser._receiving
    return True


@pytest.mark.parametrize("body", [b"", b"body", b"\r\n\r\n", b"0" * 70_000])
@pytest.mark.parametrize("endpoint", ["track", "people", "alias", "batch"])
def test_a_browsers_request_is_read(
    config: uvicorn.Config, endpoint: Endpoint, body: bytes
) -> None:
    data = sent(*BROWSER, body=body, line=f"POST /api/v1/{endpoint} HTTP/1.1")

    assert read(data) == (Head(endpoint, WHO, "gzip"), body)
    assert check(config, data)


def test_what_was_not_sent_is_not_there(config: uvicorn.Config) -> None:
    data = sent("Host: a")

    assert read(data) == (Head("track", (b"", None, None, b"", PEER), ""), b"body")
    assert check(config, data)
    assert check(config, sent("hOsT: a", "ORIGIN: ", "x-API-key: ", "user-agent: "))


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Host: a", "host: a"),
        ("Host: a b",),
        ("Host: user@a",),
        ("Host: a",) + ("x-api-key: k",) * 2,
        ("Host: a",) + ("X-Forwarded-For: 192.0.2.7",) * 2,
        ("Host: a", "content-length: 4"),
        ("Host: a", "transfer-encoding: chunked"),
        ("Host: a", "Transfer-Encoding: identity"),
        ("Host: a", "expect: 100-continue"),
        ("Host: a", "Upgrade: h2c"),
        ("Host: a", "connection: close"),
        ("Host: a", "Connection: keep-alive, upgrade"),
        ("Host: a", "Proxy-Connection: close"),
        ("Host : a",),
        ("Host: a", "x: y\r\n folded"),
        ("Host: a", "x: y\nz: a"),
        ("Host: a", "x: y\rz: a"),
        ("Host: a", "x: caf\xe9"),
        ("Host: a", "x: y\0"),
        ("Host: a", "x y: z"),
        ("Host: a", ": z"),
        ("Host: a", "x"),
        ("Host: a", "x-api-key:  k"),
        ("Host: a", "x-api-key:\tk"),
        ("Host: a", "x: " + "y" * 70_000),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(lines: tuple[str, ...]) -> None:
    assert read(sent(*lines)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"POST",
        b"\r\n" + sent(*BROWSER),
        sent(*BROWSER) + b"P",
        sent(*BROWSER)[:-1],
        sent(*BROWSER) * 2,
        sent(*BROWSER, line="GET /api/v1/track HTTP/1.1"),
        sent(*BROWSER, line="POST /api/v1/track HTTP/1.0"),
        sent(*BROWSER, line="POST /api/v1/track/ HTTP/1.1"),
        sent(*BROWSER, line="POST /api/v1/track?a=b HTTP/1.1"),
        sent(*BROWSER, line="POST  /api/v1/track HTTP/1.1"),
        sent(*BROWSER).replace(b"Content-Length: 4", b"Content-Length: +4"),
        sent(*BROWSER).replace(b"Content-Length: 4", b"Content-Length: 4 "),
        sent(*BROWSER).replace(b"Content-Length: 4", b"Content-Length: "),
        sent(*BROWSER).replace(b"Content-Length: 4", b"Content-Length: 00000000000000004"),
        sent(*BROWSER).replace(b"\r\n", b"\n"),
    ],
)
def test_what_is_not_one_whole_request_is_left_to_the_parser(data: bytes) -> None:
    assert read(data) is None


SPECIAL = "host content-length x-api-key origin x-forwarded-for user-agent content-encoding"
NAMES = st.sampled_from(
    [
        *SPECIAL.split(),
        *SPECIAL.title().split(),
        *("transfer-encoding", "expect", "Upgrade", "Connection", "proxy-connection", "Trailer"),
        *("keep-alive", "te", "sec-websocket-key", "x", "Content-Type", "a_b", "x-api-key2"),
        *("x y", "", "caf\xe9", "x!#$%&'*+.^`|~", '"x"', "x\t", "x\0", "content-length "),
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            *("", " ", "a", " a", "a ", "\ta", "a\t", "a b", "4", "+4", "4 ", "04", "4, 4", "1e1"),
            *("keep-alive", "Keep-Alive", "close", "upgrade", "chunked", "gzip", "100-continue"),
            *("h2c", "a.test", "a.test, b.test", "user@a", "[::1]:80", "caf\xe9", "\0", "\x7f"),
            *("a\rb", "a\nb", "a\r\n b", "a\r\nhost: b", "a\r\n\r\nb", "identity"),
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=8),
)
LINES = st.builds("{}{}{}".format, NAMES, st.sampled_from([": ", ":", ":  ", " : "]), VALUES)
FIRST = st.sampled_from(
    [
        *("POST /api/v1/track HTTP/1.1",) * 8,
        "POST /api/v1/batch HTTP/1.1",
        "POST /api/v1/track HTTP/1.0",
        "POST /api/v1/track HTTP/1.1 ",
        "post /api/v1/track HTTP/1.1",
        "POST /api/v1/track",
        "GET /api/v1/track HTTP/1.1",
    ]
)
BODIES = st.binary(max_size=8)
REQUESTS = st.builds(
    lambda first, plain, lines, body: sent(*plain, *lines, body=body, line=first),
    FIRST,
    st.integers(0, len(BROWSER)).map(lambda end: BROWSER[:end]),
    st.lists(LINES, max_size=2),
    BODIES,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A request with bytes of it taken out, doubled, or replaced."""
    data = draw(REQUESTS)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 8)))
        put = draw(
            st.sampled_from([b"", data[at:end] * 2, b"\r\n", b"\n", b" ", b":", b"\r\n\r\n"])
        )
        data = data[:at] + put + data[end:]
    return data


@given(data=damaged())
def test_the_parser_finds_the_same_in_whatever_is_taken(
    config: uvicorn.Config, data: bytes
) -> None:
    check(config, data)


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["x", "Accept-Language", "Referer", "cookie", "x-api-key", "Origin"]),
            st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)),
        ),
        unique_by=lambda line: line[0],
    ),
    body=BODIES,
)
def test_any_plain_request_is_taken(
    config: uvicorn.Config, lines: list[tuple[str, str]], body: bytes
) -> None:
    assert check(config, sent("Host: a", *map(": ".join, lines), body=body))


@given(
    requests=st.lists(
        st.one_of(
            st.builds(lambda body: sent(*BROWSER, body=body), BODIES),
            st.builds(lambda body: sent(*BROWSER[:5], "x-api-key: other", body=body), BODIES),
            damaged(),
        )
    )
)
def test_what_is_remembered_of_a_connection_changes_nothing(requests: list[bytes]) -> None:
    reader = HeadReader(PEER)
    for data in requests:
        assert reader.read(data) == read(data)


def test_a_repeated_head_is_not_read_again() -> None:
    reader = HeadReader(PEER)
    first, again = reader.read(sent(*BROWSER)), reader.read(sent(*BROWSER, body=b"another"))

    assert first is not None
    assert again == (first[0], b"another")
    assert again[0] is first[0]


def test_heads_that_do_not_repeat_are_soon_not_remembered() -> None:
    reader = HeadReader(PEER)
    for number in range(10):
        assert reader.read(sent(*BROWSER, f"x: {number}")) is not None
    first, again = reader.read(sent(*BROWSER)), reader.read(sent(*BROWSER))

    assert first is not None
    assert again is not None
    assert again[0] is not first[0]
