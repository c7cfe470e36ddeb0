"""Data that was damaged while the server was down: what it says, and where."""

import os
import shutil
from pathlib import Path

from tests.support.command import run
from tests.support.server import Server

from whipstitch.warehouse.local.small_files import parts_of


def test_whoever_looks_is_told_what_is_damaged_and_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "data"
    clickhouse = data / "clickhouse"
    with Server(data) as server:
        event = {"event_name": "view", "distinct_id": "ada"}
        server.send("/api/v1/track", event)
        server.wait_until(lambda: bool(server.events()))
        server.terminate()

        # A part, a definition and its second name, and then the registry.
        os.truncate(parts_of(clickhouse, "events")[0] / "data.bin", 100)
        [definition] = clickhouse.glob("store/*/*/person_traits.sql")
        second = list((clickhouse / "definitions").glob("*.person_traits.sql"))
        for file in (definition, *second):
            file.rename(tmp_path / file.name)
        server.start(wait=False)
        server.wait_until(lambda: "person_traits" in server.get("/ready").text)
        assert server.get("/ready").status_code == 503
        assert server.send("/api/v1/track", event).status_code == 200
        looked = run("doctor", "--json", data_dir=data)
        server.terminate()

        assert looked.code == 1
        problems = [one for one in looked.json["checks"] if one["verdict"] == "problem"]
        assert {one["what"] for one in problems} >= {"server", "parts", "definitions"}
        assert all(one["advice"] for one in problems)

        shutil.copy(tmp_path / definition.name, definition)
        server.start()
        server.wait_until(lambda: "warnings" in server.get("/ready").json())
        assert "set aside 1 part" in server.get("/ready").text
        assert server.metric("whipstitch_parts_set_aside") == 1
        looked = run("doctor", "--json", data_dir=data)
        assert looked.code == 1
        assert "set aside" in looked.out
        server.terminate()

        for file in data.glob("registry.db*"):
            file.unlink()
        refused = run("serve", "--port", "0", data_dir=data)
        looked = run("doctor", "--json", data_dir=data)
        assert refused.code == looked.code == 1
        assert "was lost" in refused.err
        assert "was lost" in looked.out
        assert "Traceback" not in server.log + refused.err
