"""Erasing a person from a running server, down to the files."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.server import Server

_ADA = ("ada-7f3c9e15b2d84a60", "phone-c41d08e7a95f4b32", "laptop-9be25a73d16c40f8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    environment = {"RATE_LIMIT": "0", "STITCH_INTERVAL": "1"}
    with Server(tmp_path / "data", environment=environment) as running:
        yield running


def _send_ada(server: Server) -> None:
    ada, phone, laptop = _ADA
    operations: list[dict[str, Any]] = [
        {"type": "alias", "payload": {"alias_id": phone, "distinct_id": ada}},
        {"type": "alias", "payload": {"alias_id": laptop, "distinct_id": ada}},
        {"type": "people", "payload": {"distinct_id": ada, "properties": {"plan": "pro"}}},
        *(
            {
                "type": "track",
                "payload": {
                    "event_name": "seen",
                    "distinct_id": id_,
                    "timestamp": f"2026-0{month}-03T00:00:00Z",
                },
            }
            for id_ in (*_ADA, "bob")
            for month in (1, 2)
        ),
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200


def _delete(server: Server, id_: str, **params: str) -> httpx.Response:
    return httpx.delete(
        f"{server.url}/api/v1/people/{id_}",
        params=params,
        headers={"authorization": f"Bearer {server.token}"},
        timeout=60,
        trust_env=False,
    )


def _state(server: Server, erasure_id: str) -> str:
    answer = server.get(f"/api/v1/erasures/{erasure_id}")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["erasure"]["state"])


def _files_that_name(directory: Path, *ids: str) -> list[str]:
    words = [id_.encode() for id_ in ids]
    found = []
    for file in directory.rglob("*"):
        try:
            text = file.read_bytes() if file.is_file() else b""
        except FileNotFoundError:
            continue
        if any(word in text for word in words):
            found.append(str(file.relative_to(directory)))
    return found


def test_a_person_is_erased_from_reads_at_once_and_then_from_the_files(server: Server) -> None:
    assert _delete(server, "nobody").status_code == 404
    _send_ada(server)
    assert _delete(server, _ADA[0], environment="test").status_code == 404
    assert server.get("/api/v1/erasures").json()["erasures"] == []
    assert server.get("/api/v1/erasures/era_1").status_code == 404
    server.wait_until(lambda: len(server.events(event_name="seen")) == 8)
    server.wait_until(
        lambda: {one["anon_id"] for one in server.events(distinct_id=_ADA[0])} >= set(_ADA[1:])
    )
    # On its way when the person is erased, and answered.
    assert server.send("/api/v1/track", {"event_name": "late", "distinct_id": _ADA[1]}).is_success
    dead = server.data_dir / "deadletters"
    dead.mkdir(exist_ok=True)
    row = {
        "k": "track",
        "project_id": server.project_id,
        "environment": "live",
        "distinct_id": _ADA[2],
        "accepted": time.time_ns() // 1000,
    }
    letter = {"reason": "no", "row": json.dumps(row, separators=(",", ":"))}
    (dead / "0001.jsonl").write_text(json.dumps(letter) + "\n")

    answer = _delete(server, _ADA[1])

    assert answer.status_code == 200, answer.text
    erasure = answer.json()["erasure"]
    assert (erasure["ids"], erasure["events"]) == (3, 7)
    # Killed in the middle, it goes on.
    server.kill()
    server.start()
    for id_ in _ADA:
        assert server.get(f"/api/v1/people/{id_}").status_code == 404
    assert _delete(server, _ADA[0]).status_code == 404
    assert {one["distinct_id"] for one in server.events()} == {"bob"}
    assert server.get("/api/v1/aliases").json()["aliases"] == []

    # What comes later is somebody new.
    assert server.send("/api/v1/track", {"event_name": "new", "distinct_id": "ada-2"}).is_success
    server.wait_until(lambda: _state(server, erasure["id"]) == "done", 90)
    assert _files_that_name(server.data_dir, *_ADA) == []
    listed = server.get("/api/v1/erasures").json()["erasures"]
    assert [(one["id"], one["state"], one["events"]) for one in listed] == [
        (erasure["id"], "done", 7)
    ]
    assert server.send("/api/v1/track", {"event_name": "new", "distinct_id": _ADA[1]}).is_success
    server.wait_until(lambda: len(server.events(distinct_id=_ADA[1])) == 1)
    person = server.get(f"/api/v1/people/{_ADA[1]}").json()["person"]
    assert (person["distinct_id"], person["aliases"], person["properties"]) == (_ADA[1], [], {})
