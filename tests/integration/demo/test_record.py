from datetime import UTC, datetime
from pathlib import Path

import pytest

from whipstitch.core.errors import DemoError
from whipstitch.demo.record import Record

RECORD = Record("proj_1", datetime(2026, 5, 20, 15, tzinfo=UTC), 2000)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    record = RECORD.one_further().with_furniture().at_the_end()

    RECORD.write(tmp_path)
    record.write(tmp_path)

    assert Record.read(tmp_path) == record
    assert (record.delivered, record.told, record.furnished) == (1, True, True)


def test_a_demo_from_before_it_had_a_board_gets_one(tmp_path: Path) -> None:
    before = '{"project_id": "proj_1", "now": "2026-05-20T15:00:00+00:00", "people": 2000}'
    (tmp_path / "demo.json").write_text(before)

    assert Record.read(tmp_path) == RECORD


def test_a_directory_without_a_record_is_not_a_demos(tmp_path: Path) -> None:
    assert Record.read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"now": 5}', '{"now": "yesterday"}'])
def test_a_record_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "demo.json").write_text(text)

    with pytest.raises(DemoError, match=r"demo\.json cannot be read"):
        Record.read(tmp_path)


def test_a_record_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="cannot be written: No such file"):
        RECORD.write(tmp_path / "gone")
