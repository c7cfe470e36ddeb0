"""Bodies light and heavy, packed and plain, through both doors."""

import gzip
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.support.doors import (
    DOORS,
    KEY,
    Options,
    Served,
    chunked,
    operation,
    post,
    serving,
    track,
)

HEAVY = 300_000
LIMIT = 400_000
PACK: dict[str, Any] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
}
TOO_LARGE = (413, "Request body too large")


@pytest.fixture(params=DOORS, scope="module")
def small(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Takes bodies of up to LIMIT bytes."""
    directory = tmp_path_factory.mktemp(request.param)
    with serving(request.param, directory, Options(max_body=LIMIT)) as served:
        yield served


def sized(size: int) -> bytes:
    """An event of exactly ``size`` bytes."""
    bare = json.dumps(track(properties={"pad": ""})).encode()
    return bare.replace(b'""', b'"%b"' % (b"x" * (size - len(bare))))


# Packed


@pytest.mark.parametrize("encoding", PACK)
@pytest.mark.parametrize("size", [200, HEAVY])
def test_a_packed_body_is_unpacked(server: Served, encoding: str, size: int) -> None:
    packed = PACK[encoding](sized(size))
    assert server.post("track", packed, {"content-encoding": encoding}).status == 200
    [row] = server.new_rows()
    assert row["properties"] == json.loads(sized(size))["properties"]
    assert list(server.spools.iterdir()) == []


def test_a_packed_body_that_stays_heavy_is_unpacked(server: Served) -> None:
    noise = random.Random(1).randbytes(HEAVY).hex()  # noqa: S311 - not for secrets
    packed = gzip.compress(json.dumps(track(properties={"noise": noise})).encode(), 1)
    assert len(packed) > 256 * 1024
    assert server.post("track", packed, {"content-encoding": "gzip"}).status == 200
    [row] = server.new_rows()
    assert row["properties"] == {"noise": noise}


@pytest.mark.parametrize("size", [200, HEAVY])
def test_a_packed_body_may_come_in_chunks_and_members(server: Served, size: int) -> None:
    body = sized(size)
    packed = gzip.compress(body[:100]) + gzip.compress(body[100:])
    pieces = [packed[:50], packed[50:]]
    with server.connect() as client:
        client.send(*chunked("track", pieces, {"content-encoding": "gzip"}))
        assert client.response().status == 200
    assert len(server.new_rows()) == 1


@pytest.mark.parametrize("size", [200, 3_000_000])
def test_a_torn_packed_body_is_refused(server: Served, size: int) -> None:
    for encoding in ("gzip", "deflate", "zstd"):
        noise = random.Random(1).randbytes(size).hex().encode()  # noqa: S311 - not for secrets
        packed = PACK[encoding](noise)[:-40]
        response = server.post("track", packed, {"content-encoding": encoding})
        assert response.error == (400, "Invalid request body")
    assert server.new_rows() == []


@pytest.mark.parametrize("size", [200, HEAVY])
def test_an_unknown_encoding_is_refused(server: Served, size: int) -> None:
    response = server.post("track", sized(size), {"content-encoding": "br"})
    assert response.error == (415, "Unsupported Content-Encoding: use gzip, deflate or zstd")


@pytest.mark.parametrize("encoding", PACK)
def test_a_bomb_is_refused(small: Served, encoding: str) -> None:
    packed = PACK[encoding](sized(LIMIT + 1))
    assert len(packed) < 5_000
    response = small.post("track", packed, {"content-encoding": encoding})
    assert response.error == TOO_LARGE
    assert small.post("track", sized(LIMIT), {"content-encoding": "identity"}).status == 200
    assert len(small.new_rows()) == 1


# The limit


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not(small: Served) -> None:
    assert small.post("track", sized(LIMIT)).status == 200
    assert small.post("track", sized(LIMIT + 1)).error == TOO_LARGE
    assert len(small.new_rows()) == 1


def test_an_announced_size_over_the_limit_is_refused_without_the_body(small: Served) -> None:
    head = f"POST /api/v1/track HTTP/1.1\r\nhost: t\r\nx-api-key: {KEY}\r\n"
    for expect in ("", "expect: 100-continue\r\n"):
        with small.connect() as client:
            client.send(f"{head}{expect}content-length: {500 << 20}\r\n\r\n".encode())
            response = client.response()
            assert response.error == TOO_LARGE
            assert response.headers["connection"] == "close"


def test_a_client_that_sends_on_can_read_that_its_body_is_too_large(small: Served) -> None:
    with small.connect() as client:
        client.send(post("track", sized(5_000_000)))
        assert client.response().error == TOO_LARGE
        assert client.is_closed()
    with small.connect() as client:
        client.send(b"".join(chunked("track", [b"x" * 100_000] * 30)))
        assert client.response().error == TOO_LARGE
        assert client.is_closed()
    assert small.new_rows() == []
    assert list(small.spools.iterdir()) == []


@pytest.mark.parametrize("door", DOORS)
def test_a_limit_below_the_light_bodies_holds_for_them(door: Any, tmp_path: Path) -> None:
    with serving(door, tmp_path, Options(max_body=1_000)) as server:
        assert server.post("track", sized(1_000)).status == 200
        assert server.post("track", sized(1_001)).error == TOO_LARGE
        packed = gzip.compress(sized(1_001))
        assert server.post("track", packed, {"content-encoding": "gzip"}).error == TOO_LARGE


# Heavy


@pytest.mark.parametrize("path", ["track", "people", "alias"])
def test_a_heavy_body_is_answered_like_a_light_one(server: Served, path: str) -> None:
    body = {
        "track": track(properties={"pad": "x" * HEAVY}),
        "people": {"distinct_id": "user_123", "properties": {"pad": "x" * HEAVY}},
        "alias": {"alias_id": "a" * HEAVY, "distinct_id": "user_123"},
    }
    assert server.post(path, body[path]).status == 200
    kinds = {"track": ["track"], "people": ["trait", "trait"], "alias": ["alias"]}
    assert [row["k"] for row in server.new_rows()] == kinds[path]
    response = server.post(path, body[path] | {"distinct_id": "x"})
    assert (response.status, response.json["status"]) == (202, "discarded")
    assert server.post(path, body[path] | {"distinct_id": ""}).error == (400, "Missing distinct_id")
    assert server.post(path, body[path] | {"distinct_id": 5}).error == (400, "Invalid request body")
    assert server.post(path, b"{" * HEAVY).error == (400, "Invalid request body")
    assert server.new_rows() == []


def mixed(count: int, pad: int) -> list[dict[str, Any]]:
    padding = {"pad": "\u00e9" * (pad // 2)}
    return [
        operation("track", **track(event_name=f"e{n}", properties=padding))
        if n % 3 == 0
        else operation("people", distinct_id=f"p{n}", properties={"n": n})
        if n % 3 == 1
        else operation("alias", alias_id=f"a{n}", distinct_id="user_123")
        for n in range(count)
    ]


@pytest.mark.parametrize(("count", "pad"), [(3_000, 300), (6_000, 6_000)])
def test_a_heavy_batch_is_stored_whole_and_in_order(server: Served, count: int, pad: int) -> None:
    """The second one makes more than 8 MiB of rows, a segment of its own."""
    before = len(list(server.journal.directory.glob("*.jsonl")))
    sent = mixed(count, pad)
    sent[17]["payload"]["distinct_id"] = "gzip"
    response = server.post("batch", json.dumps({"operations": sent}, ensure_ascii=False).encode())
    assert response.status == 200
    assert response.json["operations_received"] == count - 1
    segments = len(list(server.journal.directory.glob("*.jsonl"))) - before
    assert segments == (1 if pad == 6_000 else 0)
    names = {"alias": "alias_id", "trait": "distinct_id", "track": "event_name"}
    rows = [row for row in server.new_rows() if row.get("property") != "n"]
    rows.sort(key=lambda row: int(row["accepted"]))
    assert [row[names[row["k"]]] for row in rows] == [
        *(f"a{n}" for n in range(count) if n % 3 == 2 and n != 17),
        *(f"p{n}" for n in range(count) if n % 3 == 1),
        *(f"e{n}" for n in range(count) if n % 3 == 0),
    ]
    assert len({row["accepted"] for row in rows}) == len(rows)


@pytest.mark.parametrize("door", DOORS)
def test_what_is_accepted_after_a_heavy_batch_is_numbered_after_it(
    door: Any, tmp_path: Path
) -> None:
    """Also where the clock of the worker, another process, was ahead."""
    with serving(door, tmp_path, Options(clock=lambda: 1_000_000)) as server:
        assert server.post("batch", {"operations": mixed(3_000, 300)}).status == 200
        heavy = server.new_rows()
        assert server.post("track", track()).status == 200
        [after] = server.new_rows()
        assert after["accepted"] > max(row["accepted"] for row in heavy)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (operation("alias", alias_id="a"), "Invalid alias payload"),
        (operation("page"), "unknown operation type"),
        ("text", "Invalid request body"),
    ],
)
def test_a_heavy_batch_with_a_fault_near_its_end_is_refused_whole(
    server: Served, bad: Any, message: str
) -> None:
    sent = [*mixed(5_990, 6_000), bad, operation("people")]
    if message == "unknown operation type":
        sent.insert(3, operation("people"))  # types come before payloads
    assert server.post("batch", {"operations": sent}).error == (400, message)
    assert server.new_rows() == []
    assert list(server.journal.directory.glob("*.part")) == []


def test_a_heavy_batch_asks_for_its_screens(server: Served) -> None:
    screens = [
        operation("track", **track(event_name="$screen", properties={"name": f"s{n % 3}"}))
        for n in range(5_000)
    ]
    response = server.post("batch", {"operations": screens})
    commands = response.json["commands"]
    assert [command["params"]["screen"] for command in commands] == ["s0", "s1", "s2"]
    server.new_rows()


def test_other_clients_are_served_while_a_heavy_body_is_admitted(server: Served) -> None:
    with server.connect() as heavy:
        heavy.send(post("batch", {"operations": mixed(6_000, 6_000)}))
        answered = 0
        heavy.socket.setblocking(False)
        while True:
            assert server.post("track", track()).status == 200
            answered += 1
            try:
                if heavy.socket.recv(12).startswith(b"HTTP/1.1 200"):
                    break
            except BlockingIOError:
                continue
    assert answered > 1
    server.new_rows()
