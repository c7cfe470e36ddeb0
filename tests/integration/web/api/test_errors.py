"""The shape of every error answer."""

import httpx
import pytest
from tests.support.server import Server


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/v1/events/", 404),
        ("GET", "/docs/nowhere.js", 404),
        ("GET", "/%00/..%2f..%2fetc/passwd", 404),
        ("POST", "/api/v1/events", 405),
        ("DELETE", "/health", 405),
        ("GET", "/api/v1/track", 405),
        ("PUT", "/api/heatmaps/snapshot", 405),
        ("GET", "/api/v1/events", 401),
        ("POST", "/api/v1/track", 401),
    ],
)
def test_every_error_has_the_same_shape(
    server: Server, method: str, path: str, status: int
) -> None:
    refused = httpx.request(method, server.url + path, trust_env=False, timeout=60)

    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/json"
    assert refused.json() == {"ok": False, "error": refused.json()["error"]}
    assert refused.json()["error"]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dXNlcjpwYXNz", "wst_x"])
def test_without_a_bearer_token_the_answer_says_how_to_get_one(server: Server, header: str) -> None:
    refused = httpx.get(
        f"{server.url}/api/v1/events",
        headers={"authorization": header},
        trust_env=False,
        timeout=60,
    )

    assert refused.status_code == 401
    assert "whipstitch token create" in refused.json()["error"]
    assert refused.headers["www-authenticate"] == "Bearer"
