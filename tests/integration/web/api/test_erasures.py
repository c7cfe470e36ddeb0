"""``DELETE /api/v1/people/{id}`` and ``GET /api/v1/erasures``: who may, and what is answered."""

import httpx
import pytest
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.web.api.erasures import FILES


@pytest.fixture
def viewer(server: Server) -> str:
    """A token that may only look."""
    with registry_of(server.data_dir) as registry:
        return registry.create_token(server.project_id, "viewer", None).secret


def _delete(server: Server, id_: str, token: str) -> httpx.Response:
    return httpx.delete(
        f"{server.url}/api/v1/people/{id_}",
        headers={"authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    )


def test_a_viewer_may_look_but_not_erase(server: Server, viewer: str) -> None:
    answer = _delete(server, "somebody", viewer)
    assert answer.status_code == 403
    assert answer.json()["ok"] is False
    assert server.get("/api/v1/erasures", token=viewer).status_code == 200
    assert server.get("/api/v1/erasures/era_none", token=viewer).status_code == 404


def test_a_person_who_is_not_stored_yet_is_erased(server: Server) -> None:
    sent = {"event_name": "erasures-in-flight", "distinct_id": "erasures/in flight?"}
    assert server.send("/api/v1/track", sent).status_code == 200

    answer = _delete(server, "erasures%2Fin%20flight%3F", server.token)

    assert answer.status_code == 200, answer.text
    erasure = answer.json()["erasure"]
    assert (erasure["ids"], erasure["events"]) == (1, 1)
    assert erasure["state"] in ("running", "done")
    assert server.events(event_name="erasures-in-flight") == []
    shown = server.get(f"/api/v1/erasures/{erasure['id']}").json()
    assert shown["ok"] is True
    assert shown["erasure"]["id"] == erasure["id"]
    if shown["erasure"]["state"] == "running":
        assert shown["erasure"].pop("waits_for") == [FILES]
    assert server.get("/api/v1/erasures", {"limit": 1}).json()["erasures"] == [shown["erasure"]]
