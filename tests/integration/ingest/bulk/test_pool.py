"""Large bodies of one client beside those of others."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from tests.support.command import registry_of
from tests.support.server import Server

_CLIENTS = 60
_WAITING = 32 + 2


def _batch(events: int) -> bytes:
    payload = {"event_name": "viewed", "distinct_id": "user_1", "properties": {"n": 1}}
    return json.dumps({"operations": [{"type": "track", "payload": payload}] * events}).encode()


def test_large_bodies_of_one_key_leave_a_worker_to_others(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        with registry_of(server.data_dir) as registry:
            other = registry.create_project("Other").live_key.key
        server.wait_until(lambda: server.send("/api/v1/track", {}, other).status_code == 400)
        body, over = _batch(30_000), threading.Event()
        answers: list[httpx.Response] = []

        def flood() -> None:
            with httpx.Client(trust_env=False, timeout=120) as client:
                headers = {"x-api-key": server.live_key}
                while not over.is_set():
                    url = f"{server.url}/api/v1/batch"
                    answers.append(client.post(url, content=body, headers=headers))

        with ThreadPoolExecutor(_CLIENTS) as pool:
            flooding = [pool.submit(flood) for _ in range(_CLIENTS)]
            server.wait_until(lambda: any(one.status_code == 503 for one in answers), 120)
            before = len(answers)
            theirs = server.send("/api/v1/batch", _batch(5000), other)
            meanwhile = [one for one in answers[before:] if one.status_code == 200]
            over.set()
            for one in flooding:
                one.result()

        assert theirs.status_code == 200
        # Those that waited when it came are still waiting.
        assert len(meanwhile) < _WAITING
        assert {one.status_code for one in answers} == {200, 503}
        assert all("retry-after" in one.headers for one in answers if one.status_code == 503)
