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
from tests.support.server import Server

EVENTS = 40


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


def test_what_is_sent_again_is_stored_once_whoever_is_killed(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        clients = [
            Thread(target=send_again_and_again, args=(server, server.live_key, one, one))
            for one in range(3)
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
        distinct = len(clients) * EVENTS

        server.wait_until(lambda: len(events(server)) >= distinct, seconds=60)
        server.wait_until(
            lambda: not list((server.data_dir / "journal").glob("*.jsonl")), seconds=60
        )
        time.sleep(2.5)
        stored = Counter(events(server))
        assert len(stored) == distinct
        assert set(stored.values()) == {1}


def events(server: Server) -> list[str]:
    return [one["properties"]["of"] for one in server.events(event_name="done")]
