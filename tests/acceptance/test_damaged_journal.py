"""A server that finds its journal damaged, with foreign things in it, and numbered by a clock that
was a day ahead."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from tests.support.command import run
from tests.support.segments import event
from tests.support.server import Server

from whipstitch.journal.groups import seal_group


def test_what_is_whole_is_stored_the_rest_is_kept_and_operators_are_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data) as server:
        server.terminate()
        mine = {"project_id": server.project_id, "event_name": "waited"}
        groups = [seal_group([event(n, **mine) + b"\n"], 1) for n in range(4)]
        damaged = groups[1].replace(b"waited", b"wasted")
        text = groups[0] + damaged + groups[2]
        size = len(text) + len(groups[3])
        journal = data / "journal"
        (journal / f"00000000000000000001-0a1b2c3d-{size}.jsonl").write_bytes(text)
        (journal / "00000000000000000002-0a1b2c3d.jsonl").mkdir()
        tomorrow = time.time_ns() // 1000 + 86_400_000_000
        (journal / "last-number").write_text(str(tomorrow))

        server.start()
        server.send("/api/v1/track", {"event_name": "now", "distinct_id": "user_9"})
        server.send("/api/v1/people", {"distinct_id": "user_9", "properties": {"plan": "pro"}})
        server.wait_until(lambda: all(server.events(event_name=name) for name in ("now", "waited")))
        answer = httpx.get(f"{server.url}/ready", trust_env=False, timeout=60)
        metrics = httpx.get(f"{server.url}/metrics", trust_env=False, timeout=60).text
        stored = {name: server.events(event_name=name) for name in ("waited", "wasted", "now")}
        looked = run("doctor", "--json", data_dir=data)

    assert answer.status_code == 200
    warnings = " ".join(answer.json()["warnings"])
    for told in ("damaged", "aside", "1,440 minutes ahead"):
        assert told in warnings
    assert "whipstitch_damaged_segments_total 1.0" in metrics
    assert len(stored["waited"]) == 2
    assert stored["wasted"] == []
    assert [file.read_bytes() for file in (data / "deadletters").glob("*.damaged")] == [damaged]
    [now] = stored["now"]
    for time_of in ("timestamp", "received_at"):
        told_at = datetime.fromisoformat(now[time_of])
        assert abs(told_at - datetime.now(UTC)) < timedelta(hours=1)
    checks = {check["what"]: check["verdict"] for check in looked.json["checks"]}
    assert (checks["damage"], checks["clock"], looked.code) == ("problem", "warning", 1)
    log = [json.loads(line) for line in server.log_path.read_text().splitlines() if "{" in line]
    [said] = [line for line in log if line.get("event") == "segment_damaged"]
    assert (said["whole_groups"], said["damaged_bytes"]) == (2, len(damaged))
    assert said["missing_bytes"] == len(groups[3])
    assert any(line.get("event") == "journal_clock_was_ahead" for line in log)
