"""``/api/v1/projects``, through a running server."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.core.projects import IPS_ALONE

_PATH = "/api/v1/projects"
Call = Callable[..., httpx.Response]


@pytest.fixture
def call(server: Server) -> Iterator[Call]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:

        def call(
            method: str, path: str, body: Any = None, token: str | None = None
        ) -> httpx.Response:
            credentials = {"authorization": f"Bearer {token or server.token}"}
            return client.request(method, path, json=body, headers=credentials)

        yield call


@pytest.fixture
def made(call: Call) -> dict[str, Any]:
    """A project of the test's own, with its keys and its admin's token."""
    answer = call("POST", _PATH, {"name": "Blog", "timezone": "Europe/Paris"})
    assert answer.status_code == 201, answer.text
    project: dict[str, Any] = answer.json()
    return project


def test_a_new_project_comes_with_keys_and_a_token_that_sees_only_it(
    call: Call, made: dict[str, Any]
) -> None:
    project = made["project"]

    assert (project["name"], project["timezone"]) == ("Blog", "Europe/Paris")
    assert [one["key"] for one in project["keys"]] == [made["live_key"], made["test_key"]]
    assert call("GET", _PATH, token=made["token"]).json()["projects"] == [project]
    (own,) = call("GET", _PATH).json()["projects"]
    assert own["project_id"] != project["project_id"]


def test_a_project_is_set_up_field_by_field(call: Call, made: dict[str, Any]) -> None:
    path = f"{_PATH}/{made['project']['project_id']}"
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"name": " Diary "}, {"name": "Diary"}),
        ({"domains": ["Example.com"]}, {"domains": ["example.com"]}),
        ({"ips": ["10.1.2.3/8"]}, {"ips": ["10.0.0.0/8"]}),
        ({"domains": []}, {"warnings": [IPS_ALONE]}),
        ({"ips": []}, {"warnings": []}),
        ({"rate_limit": 0}, {"rate_limit": 0}),
        ({"rate_limit": None, "timezone": "Asia/Kolkata"}, {"rate_limit": None}),
    ]
    project = made["project"]
    for sent, expected in changes:
        project = {**project, **sent, **expected}
        assert call("PATCH", path, sent, made["token"]).json()["project"] == project
    assert call("PATCH", path, {}, made["token"]).json()["project"] == project


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": ""}, "name of a project"),
        ({"name": None}, "name: "),
        ({"domains": ["a/b"]}, "no domain"),
        ({"ips": ["x"]}, "no IP address"),
        ({"rate_limit": -1}, "rate limit"),
        ({"rate_limit": "many"}, "rate_limit: "),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"colour": "red"}, "colour: "),
    ],
)
def test_what_a_project_cannot_be_is_refused(
    call: Call, made: dict[str, Any], body: dict[str, Any], said: str
) -> None:
    path = f"{_PATH}/{made['project']['project_id']}"

    refused = call("PATCH", path, body, made["token"])

    assert refused.status_code == 400
    assert said in refused.json()["error"]
    assert call("GET", _PATH, token=made["token"]).json()["projects"] == [made["project"]]


def test_a_key_sends_until_it_is_revoked(server: Server, call: Call, made: dict[str, Any]) -> None:
    keys = f"{_PATH}/{made['project']['project_id']}/keys"
    key = call("POST", keys, {"environment": "test"}, made["token"]).json()["key"]
    event = {"event_name": "keyed", "distinct_id": "user_1"}
    server.wait_until(lambda: server.send("/api/v1/track", event, key["key"]).status_code == 200)

    revoked = call("DELETE", f"{keys}/{key['key_id']}", token=made["token"]).json()["key"]

    assert revoked["revoked_at"] is not None
    server.wait_until(lambda: server.send("/api/v1/track", event, key["key"]).status_code == 403)
    again = call("DELETE", f"{keys}/{key['key_id']}", token=made["token"])
    assert again.json()["key"] == revoked
    assert call("DELETE", f"{keys}/key_unknown", token=made["token"]).status_code == 404


def test_another_projects_admin_changes_nothing(
    server: Server, call: Call, made: dict[str, Any]
) -> None:
    key = made["project"]["keys"][0]["key_id"]
    path = f"{_PATH}/{made['project']['project_id']}"

    for method, where, body in (
        ("PATCH", path, {"name": "Mine"}),
        ("POST", f"{path}/keys", {"environment": "live"}),
        ("DELETE", f"{path}/keys/{key}", None),
        ("DELETE", f"{_PATH}/{server.project_id}/keys/{key}", None),
    ):
        assert call(method, where, body).status_code == 404
    assert call("GET", _PATH, token=made["token"]).json()["projects"] == [made["project"]]


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_an_admin_manages(server: Server, call: Call, role: str) -> None:
    with registry_of(server.data_dir) as registry:
        token = registry.create_token(server.project_id, role).secret  # type: ignore[arg-type]
    path = f"{_PATH}/{server.project_id}"

    for method, where, body in (
        ("GET", _PATH, None),
        ("POST", _PATH, {"name": "Mine"}),
        ("PATCH", path, {"name": "Mine"}),
        ("POST", f"{path}/keys", {"environment": "live"}),
        ("DELETE", f"{path}/keys/key_x", None),
    ):
        assert call(method, where, body, token).status_code == 403
