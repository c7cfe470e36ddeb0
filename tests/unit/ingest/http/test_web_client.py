import asyncio
import gzip
from typing import Any

import pytest

from whipstitch.ingest.http.web_client import PATH, WebClientDoor

MOST = 4096
"""Bytes of the script, packed."""


@pytest.fixture(scope="module")
def door() -> WebClientDoor:
    return WebClientDoor()


def ask(
    door: WebClientDoor, path: str = PATH, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": named}
    asyncio.run(door(scope, receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, sent[1]["body"]


def test_the_script_is_small(door: WebClientDoor) -> None:
    _, headers, body = ask(door, accept_encoding="gzip, br")
    assert headers["content-encoding"] == "gzip"
    assert int(headers["content-length"]) == len(body) <= MOST
    assert gzip.decompress(body) == ask(door)[2]


def test_browsers_keep_it_for_a_day_and_ask_then_whether_it_changed(door: WebClientDoor) -> None:
    status, headers, body = ask(door)
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "max-age=86400" in headers["cache-control"]
    assert b"whipstitch" in body
    status, again, body = ask(door, if_none_match=headers["etag"])
    assert (status, body) == (304, b"")
    assert again["etag"] == headers["etag"]
    assert ask(door, if_none_match='"other"')[0] == 200


def test_under_its_hash_it_is_kept_for_ever(door: WebClientDoor) -> None:
    status, headers, body = ask(door, door.hashed)
    assert status == 200
    assert headers["cache-control"].endswith("immutable")
    assert body == ask(door)[2]
    assert door.hashed in door.paths
    assert headers["etag"].strip('"') in door.hashed


def test_pages_of_any_origin_may_load_it(door: WebClientDoor) -> None:
    headers = ask(door)[1]
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


def test_it_is_only_read(door: WebClientDoor) -> None:
    status, headers, body = ask(door, method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0
    assert ask(door, method="POST")[0] == 405
