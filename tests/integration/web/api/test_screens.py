"""``/api/v1/screens``."""

import base64
from typing import Any

import httpx
import pytest
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.demo.pictures import picture

PATH = "/api/v1/screens"
IMAGE = picture("Home", 39, 84)
MAY = {"from": "2026-05-09T00:00:00Z", "to": "2026-05-10T00:00:00Z"}


def upload(
    server: Server, screen: str, key: str | None = None, image: bytes = IMAGE, **more: object
) -> None:
    body = {"screen_name": screen, "image_base64": base64.b64encode(image).decode(), **more}
    assert server.send("/api/heatmaps/snapshot", body, key).status_code == 200


def listed(server: Server, search: str, **more: str) -> list[dict[str, Any]]:
    answer = server.get(PATH, {**MAY, "search": search, **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["screens"]
    return found


def test_a_screen_is_listed_with_its_events_and_its_snapshots(server: Server) -> None:
    upload(server, "Listed", app_version="2.1", os="iOS", device_width=390, device_height=844)
    for name, more in (("$screen", {}), ("$tap", {"$x": 1, "$y": 2})):
        server.send(
            "/api/v1/track",
            {
                "event_name": name,
                "distinct_id": "user_1",
                "timestamp": "2026-05-09T12:00:00Z",
                "properties": {"$screen_name": "Listed", **more},
            },
        )
    server.wait_until(lambda: listed(server, "listed")[0]["taps"] == 1)

    (found,) = listed(server, "listed")

    (snapshot,) = found.pop("snapshots")
    assert found == {
        "screen": "Listed",
        "views": 1,
        "taps": 1,
        "last_seen": "2026-05-09T12:00:00.000Z",
    }
    assert snapshot.pop("uploaded_at").endswith("Z")
    assert snapshot == {
        "app_version": "2.1",
        "os": "ios",
        "device_width": 390,
        "device_height": 844,
        "scroll_offset_y": None,
        "content_type": "image/png",
        "size": len(IMAGE),
    }


def test_a_view_that_a_client_reports_twice_counts_once(server: Server) -> None:
    """The web SDK reports each view by itself and sends its screen event."""

    def seen(session: str) -> None:
        view: dict[str, object] = {
            "screen": "Twice",
            "distinct_id": "user_2",
            "session_id": session,
        }
        view["ts_ms"] = 1778328000000
        assert server.send("/api/v1/screens/seen", view).status_code == 204

    def viewed(session: str) -> None:
        properties = {"$screen_name": "Twice", "$session_id": session}
        event: dict[str, object] = {
            "event_name": "$screen_view",
            "distinct_id": "user_2",
            "properties": properties,
        }
        event["timestamp"] = "2026-05-09T12:00:00Z"
        server.send("/api/v1/track", event)

    for _ in range(2):
        seen("both")
        viewed("both")
    for _ in range(3):
        seen("seen only")
    viewed("sent only")

    server.wait_until(lambda: [one["views"] for one in listed(server, "Twice")] == [2 + 3 + 1])


def test_an_image_is_shown_as_an_image_and_nothing_else(server: Server) -> None:
    hostile = "<script>/../?&#%"
    upload(server, hostile, os=hostile)

    answer = server.get(f"{PATH}/image", {"screen": hostile, "os": hostile})

    assert (answer.status_code, answer.content) == (200, IMAGE)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_an_image_that_the_client_has_is_not_sent_again(server: Server) -> None:
    upload(server, "Kept")
    first = server.get(f"{PATH}/image", {"screen": "Kept"})

    def ask() -> int:
        return httpx.get(
            f"{server.url}{PATH}/image?screen=Kept",
            headers={
                "authorization": f"Bearer {server.token}",
                "if-none-match": first.headers["etag"],
            },
            trust_env=False,
            timeout=60,
        ).status_code

    assert ask() == 304
    upload(server, "Kept")
    assert ask() == 304
    upload(server, "Kept", image=picture("Home", 40, 84))
    assert ask() == 200


def test_other_projects_and_the_other_environment_see_nothing(server: Server) -> None:
    upload(server, "Secret", server.test_key)
    with registry_of(server.data_dir) as registry:
        other = registry.create_project("Other").project
        stranger = registry.create_token(other.id, "admin").secret

    assert len(listed(server, "Secret", environment="test")) == 1
    image = {"screen": "Secret", "environment": "test"}
    assert server.get(f"{PATH}/image", image).status_code == 200

    assert listed(server, "Secret") == []
    assert server.get(f"{PATH}/image", {"screen": "Secret"}).status_code == 404
    assert server.get(f"{PATH}/image", image, token=stranger).status_code == 404
    assert server.get(PATH, {"environment": "test"}, token=stranger).json()["screens"] == []


@pytest.mark.parametrize(
    ("path", "parameters", "error"),
    [
        (PATH, {"limit": 0}, "limit: "),
        (PATH, {"cursor": "AAAA"}, "cursor: "),
        (PATH, {"from": "then"}, "from: "),
        (PATH, {"environment": "prod"}, "environment: "),
        (f"{PATH}/image", {}, "screen: "),
        (f"{PATH}/image", {"screen": ""}, "screen: "),
        (f"{PATH}/image", {"screen": "a", "os": "x" * 1001}, "os: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    server: Server, path: str, parameters: dict[str, str | int], error: str
) -> None:
    refused = server.get(path, parameters)

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)


def test_they_want_a_token(server: Server) -> None:
    assert server.get(PATH, token="nobody's").status_code == 401
    assert server.get(f"{PATH}/image", {"screen": "a"}, token="nobody's").status_code == 401
