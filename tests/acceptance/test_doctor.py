"""``whipstitch doctor``."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.clickhouse import run as sql
from tests.support.command import Outcome, registry_of, run
from tests.support.server import Server

from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.warehouse.local import connection


def _checks(outcome: Outcome) -> dict[str, Any]:
    """Verdict and finding by what was looked at."""
    return {check["what"]: (check["verdict"], check["found"]) for check in outcome.json["checks"]}


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"

    looked = run("doctor", "--json", data_dir=data_dir)

    assert (looked.code, looked.json["ok"]) == (0, True)
    assert _checks(looked)["data dir"] == ("warning", f"{data_dir} is not there")
    assert not data_dir.exists()


def test_a_running_server_is_found_wherever_it_listens(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        looked = run("doctor", "--json", data_dir=server.data_dir)
        shown = run("doctor", data_dir=server.data_dir)
        address = connection.read(server.data_dir / "clickhouse")
        assert address is not None
        sql(address, "INSERT INTO erased_ids (key, sealed_by) SELECT 'key', 'another registry'")
        lost = run("doctor", "--json", data_dir=server.data_dir)
        server.terminate()
        stopped = run("doctor", "--json", data_dir=server.data_dir)

    checks = _checks(looked)
    assert looked.code == 0
    assert checks["server"] == ("ok", f"ready at {server.url}")
    assert checks["registry"] == ("ok", "1 project")
    assert checks["storage"][0] == "ok"
    assert checks["dead letters"] == ("ok", "none")
    assert checks["geoip"][0] == "warning"
    assert "erasures" not in checks
    assert (lost.code, _checks(lost)["erasures"][0]) == (1, "problem")
    assert "whipstitch geoip update" in shown.out
    assert _checks(stopped)["server"] == ("warning", "not running")
    assert "ClickHouse" in _checks(stopped)["storage"][1]


def test_a_server_that_is_not_ready_is_a_problem_with_its_reason(tmp_path: Path) -> None:
    nobody = "http://whip:s3cret-word@127.0.0.1:1/whipstitch"
    with Server(tmp_path / "data", "--clickhouse", nobody, wait=False) as server:
        server.wait_until(lambda: not server.is_ready())

        looked = run("doctor", "--json", data_dir=server.data_dir, WHIPSTITCH_CLICKHOUSE=nobody)

    assert looked.code == 1
    assert _checks(looked)["server"][0] == "problem"
    assert _checks(looked)["storage"][0] == "problem"
    assert "127.0.0.1:1" in _checks(looked)["storage"][1]
    assert "s3cret-word" not in looked.out + looked.err


def test_rows_set_aside_are_counted_with_what_to_do(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        registry.create_project("Shop")
    row = json.dumps({"k": "track", "id": "evt_1", "project_id": "proj_1"}).encode()
    DeadLetters(tmp_path / "deadletters").add("stem", [DeadLetter(row, "too odd")] * 2)

    looked = run("doctor", data_dir=tmp_path)

    assert looked.code == 0
    assert "2 rows set aside" in looked.out
    assert "whipstitch deadletters list" in looked.out


def test_a_registry_without_projects_and_one_that_is_away_are_told_apart(tmp_path: Path) -> None:
    registry_of(tmp_path).close()
    empty = run("doctor", "--json", data_dir=tmp_path)
    away = run(
        *("doctor", "--json"),
        data_dir=tmp_path,
        WHIPSTITCH_DATABASE=f"postgresql://ada:hunter22@/x?host={tmp_path}",
    )

    assert _checks(empty)["registry"] == ("warning", "no project")
    assert away.code == 1
    assert _checks(away)["registry"][0] == "problem"
    assert "hunter22" not in away.out


def test_a_clickhouse_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    # Nothing listens at port 1.
    url = "http://ada:hunter22@127.0.0.1:1/x"
    away = run("doctor", "--json", data_dir=tmp_path, WHIPSTITCH_CLICKHOUSE=url)

    verdict, found = _checks(away)["storage"]
    assert verdict == "problem"
    assert found.startswith("127.0.0.1:1: ClickHouse cannot be reached: ")
    assert not away.err


@pytest.mark.parametrize("value", ["ftp://x", "chdb://relative"])
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, value: str) -> None:
    refused = run("doctor", data_dir=tmp_path, WHIPSTITCH_CLICKHOUSE=value)

    assert refused.code == 1
    assert "WHIPSTITCH_CLICKHOUSE" in refused.err
