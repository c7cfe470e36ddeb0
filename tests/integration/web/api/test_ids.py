"""Every id that can be ingested can be read, undone and erased, and no other is meant by it."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.support.server import Server

# Of each pair one was taken for the other, or could be.
PAIRS = [
    ("ids end", "ids end\n"),
    ("ids in", "ids in\nside"),
    ("ids crlf", "ids crlf\r\n"),
    ("ids dots", "ids dots/.."),
    ("ids slash", "ids slash/"),
    ("ids percent", "ids percent%0A"),
    ("ids query", "ids query?environment=test#x"),
    ("ids line", "ids line\u2028\u0085"),
    ("ids plus", "ids+plus"),
    ("ids long", "ids long" + "x" * 3000),
]
IDS = [id_ for pair in PAIRS for id_ in pair]
UNFIT_FOR_PATHS = ["..", "//"]


@pytest.fixture(scope="module", autouse=True)
def sent(server: Server) -> None:
    operations = []
    for id_ in (*IDS, *UNFIT_FOR_PATHS):
        event = {"event_name": "ids", "distinct_id": id_}
        alias = {"alias_id": f"anonymous of {id_}", "distinct_id": id_}
        other = {"alias_id": f"{id_}'s device", "distinct_id": id_}
        operations.append({"type": "track", "payload": event})
        operations.extend({"type": "alias", "payload": one} for one in (alias, other))
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    wanted = len(IDS) + len(UNFIT_FOR_PATHS)
    server.wait_until(lambda: len(server.events(event_name="ids")) == wanted)


def _call(server: Server, method: str, path: str, **parameters: str) -> httpx.Response:
    """The path goes as it is."""
    query = "&".join(f"{name}={quote(one, safe='')}" for name, one in parameters.items())
    url = httpx.URL(server.url).copy_with(raw_path=f"{path}?{query}".encode())
    headers = {"authorization": f"Bearer {server.token}"}
    return httpx.request(method, url, headers=headers, trust_env=False, timeout=60)


def _shown(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["person"]["distinct_id"]


def _in_path(id_: str) -> str:
    return f"/api/v1/people/{quote(id_, safe='')}"


@pytest.mark.parametrize("id_", IDS)
def test_it_is_read_by_path_and_by_parameter(server: Server, id_: str) -> None:
    assert _shown(_call(server, "GET", _in_path(id_))) == id_
    assert _shown(_call(server, "GET", "/api/v1/person", id=id_)) == id_


@pytest.mark.parametrize("id_", UNFIT_FOR_PATHS)
def test_what_no_path_can_say_is_read_undone_and_erased_by_parameter(
    server: Server, id_: str
) -> None:
    assert _shown(_call(server, "GET", "/api/v1/person", id=id_)) == id_
    undone = _call(server, "DELETE", "/api/v1/aliases", alias_id=f"{id_}'s device")
    assert undone.status_code == 200, undone.text
    assert _call(server, "DELETE", "/api/v1/person", id=id_).status_code == 200
    assert _call(server, "GET", "/api/v1/person", id=id_).status_code == 404


@pytest.mark.parametrize(("plain", "odd"), PAIRS[:4])
def test_one_is_undone_and_erased_and_the_other_stays(server: Server, plain: str, odd: str) -> None:
    device = quote(f"{odd}'s device", safe="")
    assert _call(server, "DELETE", f"/api/v1/aliases/{device}").status_code == 200
    assert _call(server, "DELETE", f"/api/v1/aliases/{device}").status_code == 404

    assert _call(server, "DELETE", _in_path(odd)).status_code == 200

    assert _call(server, "GET", _in_path(odd)).status_code == 404
    left = _call(server, "GET", _in_path(plain)).json()["person"]
    assert left["distinct_id"] == plain
    assert {one["alias_id"] for one in left["aliases"]} == {
        f"anonymous of {plain}",
        f"{plain}'s device",
    }


def test_an_id_has_to_be_named(server: Server) -> None:
    for method, path in (("GET", "person"), ("DELETE", "person"), ("DELETE", "aliases")):
        for parameters in ({}, {"id": "", "alias_id": ""}):
            answer = _call(server, method, f"/api/v1/{path}", **parameters)
            assert answer.status_code == 400, answer.text


def test_an_alias_that_was_just_answered_is_undone(server: Server) -> None:
    said = {"alias_id": "ids just said", "distinct_id": "ids of somebody"}
    assert server.send("/api/v1/alias", said).status_code == 200

    undone = _call(server, "DELETE", "/api/v1/aliases", alias_id="ids just said")

    assert undone.status_code == 200, undone.text
    sent = {"event_name": "ids later", "distinct_id": "ids just said"}
    assert server.send("/api/v1/track", sent).status_code == 200
    server.wait_until(lambda: len(server.events(event_name="ids later")) == 1)
    assert server.events(event_name="ids later")[0]["distinct_id"] == "ids just said"
