"""``whipstitch deadletters``, run in this process."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from whipstitch.cli.deadletters import app
from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.groups import seal_group

ROW = b'{"k":"track","project_id":"proj_a","id":"evt_1","event_name":"visited"}'


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    DeadLetters(tmp_path / "deadletters").add("1-a", [DeadLetter(ROW, "too odd")])
    return tmp_path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_rows_are_listed_with_their_reason(data_dir: Path) -> None:
    [letter] = json.loads(run("list", "--data-dir", data_dir, "--json"))["dead_letters"]
    assert (letter["id"], letter["kind"], letter["reason"]) == ("evt_1", "track", "too odd")
    assert letter["distinct_id"] == ""
    said = run("list", "--data-dir", data_dir)
    assert "evt_1" in said
    assert "too odd" in said


def test_replayed_rows_wait_in_the_journal(data_dir: Path) -> None:
    assert json.loads(run("replay", "--data-dir", data_dir, "--json")) == {"replayed": 1}
    [segment] = (data_dir / "journal").iterdir()
    assert segment.read_bytes() == seal_group([ROW + b"\n"], 1)
    assert "No row" in run("list", "--data-dir", data_dir)


def test_an_installation_without_any_has_none(tmp_path: Path) -> None:
    assert json.loads(run("list", "--data-dir", tmp_path, "--json")) == {"dead_letters": []}
    assert "0 rows" in run("replay", "--data-dir", tmp_path)
