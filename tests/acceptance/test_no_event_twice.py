"""Clients that send everything again, while the server and its ClickHouse are killed."""

import contextlib
import json
import random
import time
from collections import Counter
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
from tests.support.command import run
from tests.support.server import Server

EVENTS = 40
QUEUE = 100


def operations(client: int, number: int) -> list[dict[str, Any]]:
    mine = f"{client}-{number}"
    return [
        {
            "type": "alias",
            "payload": {"alias_id": f"anon_{mine}", "distinct_id": f"user_{client}"}
            | {"message_id": f"alias-{mine}"},
        },
        {
            "type": "people",
            "payload": {"distinct_id": f"user_{client}", "properties": {"last": number}}
            | {"messageId": f"people-{mine}"},
        },
        {
            "type": "track",
            "payload": {
                "event_name": "done",
                "distinct_id": f"user_{client}",
                "properties": {"of": mine, "$insert_id": f"event-{mine}"},
            },
        },
    ]


def send_again_and_again(server: Server, key: str, client: int, seed: int) -> None:
    """Each batch until it is answered, and then once or twice more; some without ids, under the
    key of the request."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for number in range(EVENTS):
        sent = operations(client, number)
        headers = {"x-api-key": key}
        if number % 4 == 0:
            del sent[2]["payload"]["properties"]["$insert_id"]
            headers["Idempotency-Key"] = f"request-{client}-{number}"
        body = json.dumps({"operations": sent})
        answered, wanted = 0, chance.choice((2, 2, 3))
        while answered < wanted:
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.post(f"{server.url}/api/v1/batch", content=body, headers=headers)
                answered += answer.status_code == 200
                continue
            time.sleep(0.05)


def flush_from_two_tabs(server: Server, key: str) -> None:
    """A queue without ids, as a client does that shares it between tabs: each tab sends all of it,
    in batches of its own."""
    queue = [
        {
            "type": "track",
            "payload": {
                "event_name": "queued",
                "distinct_id": "user_1",
                "properties": {"of": f"{number // 2}"},  # each of two is an event
                "timestamp": 1_790_000_000_000 + number // 2,
            },
        }
        for number in range(QUEUE)
    ]
    time.sleep(2)  # the server looks each second whether a setting changed
    for at_once in (40, 100, 22):
        for start in range(0, QUEUE, at_once):
            body = json.dumps({"operations": queue[start : start + at_once]})
            status = 0
            while status != 200:
                with contextlib.suppress(httpx.HTTPError):
                    status = httpx.post(
                        f"{server.url}/api/v1/batch", content=body, headers={"x-api-key": key}
                    ).status_code
                time.sleep(0.05)
        time.sleep(1.5)


def test_what_is_sent_again_is_stored_once_whoever_is_killed(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        made = server.ask("/api/v1/projects", {"name": "Tabs"}).json()
        run("project", "set", "Tabs", "--repeats", "drop", data_dir=server.data_dir)
        clients = [
            Thread(target=send_again_and_again, args=(server, server.live_key, one, one))
            for one in range(3)
        ]
        distinct = len(clients) * EVENTS
        clients += [
            Thread(target=flush_from_two_tabs, args=(server, made["live_key"])) for _ in range(2)
        ]
        for client in clients:
            client.start()
        while any(client.is_alive() for client in clients):
            time.sleep(1.5)
            server.kill()
            server.start()
            time.sleep(1.0)
            server.kill_clickhouse(wait=False)
        for client in clients:
            client.join()

        server.wait_until(server.is_ready)
        server.wait_until(lambda: len(events(server)) >= distinct, seconds=60)
        server.wait_until(
            lambda: not list((server.data_dir / "journal").glob("*.jsonl")), seconds=60
        )
        time.sleep(2.5)
        stored = Counter(events(server))
        assert len(stored) == distinct
        assert set(stored.values()) == {1}
        found = server.get("/api/v1/events", {"limit": 1000}, token=made["token"]).json()["events"]
        assert Counter(one["properties"]["of"] for one in found) == {
            f"{number}": 2 for number in range(QUEUE // 2)
        }


def events(server: Server) -> list[str]:
    return [one["properties"]["of"] for one in server.events(event_name="done")]
