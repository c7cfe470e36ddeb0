"""Pristine snapshots: a screen is asked for until a client has uploaded it."""

import base64
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.command import registry_of
from tests.support.server import Server

PATH = "/api/heatmaps/snapshot"


def png() -> bytes:
    """A real picture of one white pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\xff"))
        + chunk(b"IEND", b"")
    )


def upload(screen: str, image: bytes | None = None, **more: object) -> dict[str, object]:
    encoded = base64.b64encode(png() if image is None else image).decode()
    return {"screen_name": screen, "image_base64": encoded, **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir: Path = tmp_path_factory.mktemp("snapshots") / "data"
    with Server(data_dir, environment={"RATE_LIMIT": "0"}) as running:
        yield running


def commands(server: Server, screen: str, version: str | None = None) -> list[Any]:
    """What a view of ``screen`` is answered with."""
    event: dict[str, object] = {
        "event_name": "$screen",
        "distinct_id": "user_123",
        "properties": {"$screen_name": screen},
    }
    if version is not None:
        event["default_properties"] = {"$app_version": version}
    answer = server.send("/api/v1/track", event)
    assert answer.status_code == 200
    asked: list[Any] = answer.json()["commands"]
    return asked


def asked_for(screen: str) -> list[Any]:
    return [{"type": "CAPTURE_PRISTINE", "params": {"screen": screen}}]


def test_a_screen_is_asked_for_until_it_is_uploaded(server: Server) -> None:
    assert commands(server, "Checkout") == asked_for("Checkout")

    answer = server.send(PATH, upload("Checkout", os="iOS", device_width=390, scroll_offset_y=0.5))

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert answer.headers["access-control-allow-origin"] == "*"
    server.wait_until(lambda: commands(server, "Checkout") == [])


def test_a_newer_version_of_the_app_is_asked_for_again(server: Server) -> None:
    assert server.send(PATH, upload("Cart", app_version="2.9")).status_code == 200
    server.wait_until(lambda: commands(server, "Cart", "2.9") == [])

    assert commands(server, "Cart", "2.8.7") == []
    assert commands(server, "Cart") == []
    assert commands(server, "Cart", "2.10") == asked_for("Cart")

    assert server.send(PATH, upload("Cart", app_version="2.10")).status_code == 200
    server.wait_until(lambda: commands(server, "Cart", "2.10") == [])


def test_live_and_test_screens_are_apart(server: Server) -> None:
    assert server.send(PATH, upload("Home"), key=server.test_key).status_code == 200

    assert commands(server, "Home") == asked_for("Home")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"image_base64": "aGk="}, "Missing screen_name"),
        ({"screen_name": "", "image_base64": "aGk="}, "Missing screen_name"),
        ({"screen_name": "A"}, "Missing image_base64"),
        (upload("A", b"GIF89a"), "Invalid image_base64"),
        ({"screen_name": "A", "image_base64": "%%%"}, "Invalid image_base64"),
        (upload("A", png() + bytes(8 * 1024 * 1024)), "Invalid image_base64"),
        (upload("A", png() + bytes(20 * 1024 * 1024)), "Invalid image_base64"),
        ({"screen_name": 5, "image_base64": "aGk="}, "Invalid request body"),
        (upload("nul\0"), "Invalid request body"),
        (b"{", "Invalid request body"),
    ],
)
def test_what_is_no_snapshot_is_refused(server: Server, body: object, error: str) -> None:
    answer = server.send(PATH, body)

    assert answer.status_code == 400
    assert answer.json()["ok"] is False
    assert answer.json()["error"].startswith(error)


def test_a_picture_of_just_the_largest_size_is_taken(server: Server) -> None:
    image = png()

    answer = server.send(PATH, upload("Large", image + bytes(8 * 1024 * 1024 - len(image))))

    assert answer.status_code == 200


def test_a_data_url_is_taken_as_browsers_make_it(server: Server) -> None:
    body = upload("Data URL")
    body["image_base64"] = f"data:image/png;base64,{body['image_base64']}"

    assert server.send(PATH, body).status_code == 200


def test_the_key_rules_are_those_of_ingestion(server: Server) -> None:
    assert server.send(PATH, upload("A"), key="").json()["error"] == "Missing API key"
    assert server.send(PATH, upload("A"), key="sk_live_x").json()["error"] == "Invalid API Key"


def test_a_key_may_send_so_many_uploads_a_minute_and_others_go_on(server: Server) -> None:
    with registry_of(server.data_dir) as registry:
        key = registry.create_key(server.project_id, "live").key
    server.wait_until(lambda: server.send(PATH, {}, key).status_code == 400)
    # A minute may begin in between.
    statuses = [server.send(PATH, {}, key).status_code for _ in range(240)]

    assert 429 in statuses
    assert set(statuses) == {400, 429}
    refused = server.send(PATH, {}, key)
    assert refused.status_code == 400 or int(refused.headers["retry-after"]) <= 60
    assert server.send(PATH, upload("Another key")).status_code == 200
