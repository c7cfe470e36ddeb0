"""A node that takes events beside one that has the dashboard, on one machine: with the same
ClickHouse server and the same registry."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from tests.support.clickhouse import nameless, url_of
from tests.support.command import run
from tests.support.server import Server

from whipstitch.warehouse.connection import Address

ENDPOINTS = ("/api/v1/track", "/api/v1/people", "/api/v1/alias", "/api/v1/batch")
ELSEWHERE = ("/e/", "/v1/track", "/api/v1/screens/seen", "/api/heatmaps/snapshot")
"""Doors of other kinds."""
READ = ("/", "/api/v1/events", "/api/v1/people", "/openapi.json", "/docs")
OPERATIONS = ("/health", "/ready", "/metrics")


class Pair(NamedTuple):
    ingest: Server
    app: Server


@pytest.fixture(scope="module")
def pair(clickhouse: Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("only")
    with ExitStack() as stack:
        address = stack.enter_context(nameless(clickhouse))
        environment = {
            "CLICKHOUSE": url_of(address),
            "DATABASE": f"sqlite:///{directory}/registry.db",
            "DURABILITY": "os",
            "STITCH_INTERVAL": "1",
        }
        ingest, app = (
            stack.enter_context(Server(directory / part, *flags, environment=environment | more))
            for part, flags, more in (
                ("ingest", ("--only", "ingest"), {}),
                ("app", (), {"ONLY": "app"}),
            )
        )
        for name in ("live_key", "test_key", "token", "project_id"):
            setattr(app, name, getattr(ingest, name))
        yield Pair(ingest, app)


def _track(server: Server, id_: str) -> httpx.Response:
    return server.send("/api/v1/track", {"event_name": "seen", "distinct_id": id_})


def test_what_one_takes_the_other_shows(pair: Pair) -> None:
    assert _track(pair.ingest, "shown").status_code == 200
    pair.app.wait_until(lambda: len(pair.app.events(distinct_id="shown")) == 1)


@pytest.mark.parametrize("path", READ)
def test_a_node_that_only_takes_events_shows_nothing(pair: Pair, path: str) -> None:
    answer = pair.ingest.get(path)
    assert answer.status_code == 404
    assert "only takes events" in answer.json()["error"]
    assert pair.app.get(path).status_code in (200, 303)


def test_nor_does_it_answer_questions(pair: Pair) -> None:
    answer = pair.ingest.ask("/api/v1/insights", {"events": [{"event_name": "seen"}]})
    assert (answer.status_code, answer.json()["ok"]) == (404, False)
    assert pair.ingest.get("/w.js").status_code == 200


@pytest.mark.parametrize("path", ENDPOINTS + ELSEWHERE)
def test_a_node_without_a_journal_takes_nothing_by_any_door(pair: Pair, path: str) -> None:
    answer = pair.app.send(path, {"event_name": "lost", "distinct_id": "nobody"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    if path in ENDPOINTS:
        assert "takes no events" in answer.json()["error"]
    # Large ones go another way.
    large = {"event_name": "lost", "distinct_id": "nobody", "properties": {"p": "x" * 300_000}}
    assert pair.app.send(path, large).status_code == 503
    assert not list((pair.app.data_dir / "journal").glob("*.jsonl"))


@pytest.mark.parametrize("path", OPERATIONS)
def test_both_say_how_they_are(pair: Pair, path: str) -> None:
    for server in pair:
        assert server.get(path).status_code == 200


def test_a_stitch_an_undo_and_an_erasure_reach_what_the_other_took(pair: Pair) -> None:
    _track(pair.ingest, "anon_1")
    alias = {"alias_id": "anon_1", "distinct_id": "user_1"}
    assert pair.ingest.send("/api/v1/alias", alias).status_code == 200

    def whose() -> list[str]:
        return [one["distinct_id"] for one in pair.app.events(distinct_id="anon_1")]

    pair.app.wait_until(lambda: whose() == ["user_1"])

    # It waits for what the node with the journal took before.
    alias = {"alias_id": "anon_2", "distinct_id": "user_1"}
    _track(pair.ingest, "anon_2")
    assert pair.ingest.send("/api/v1/alias", alias).status_code == 200
    asked = f"{pair.app.url}/api/v1/aliases/anon_2"
    headers = {"authorization": f"Bearer {pair.app.token}"}
    assert httpx.delete(asked, headers=headers, trust_env=False, timeout=60).status_code == 200
    pair.app.wait_until(
        lambda: [one["distinct_id"] for one in pair.app.events(distinct_id="anon_2")] == ["anon_2"]
    )

    asked = f"{pair.app.url}/api/v1/people/user_1"
    erasing = httpx.delete(asked, headers=headers, trust_env=False, timeout=60)
    assert erasing.json()["erasure"]["ids"] == 2
    pair.app.wait_until(lambda: pair.app.events(distinct_id="user_1") == [])


def test_rows_of_before_are_not_left_lying_about(tmp_path: Path) -> None:
    environment = {"CLICKHOUSE": "http://127.0.0.1:9/none", "DURABILITY": "os"}
    with Server(tmp_path / "data", environment=environment, wait=False) as server:
        assert _track(server, "waits").status_code == 200
        server.terminate()
    settings = {f"WHIPSTITCH_{name}": value for name, value in environment.items()}
    refused = run(*("serve", "--port", "0", "--only", "app"), data_dir=server.data_dir, **settings)
    assert refused.code == 1
    assert "Start once without --only" in refused.err
