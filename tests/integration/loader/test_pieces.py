"""Segments taken apart."""

from pathlib import Path

import pytest
from tests.support.segments import event, write_segment

from whipstitch.journal.checking import check
from whipstitch.loader.pieces import rows_of, take_apart


@pytest.mark.parametrize("rows", [1, 2, 16, 17, 100])
def test_pieces_have_each_row_once(tmp_path: Path, rows: int) -> None:
    segment = write_segment(tmp_path, [event(number) for number in range(rows)])
    parts = take_apart(segment)
    assert 1 <= len(parts) <= 16
    assert len(parts) == len(set(parts)) == len(take_apart(segment))
    assert all(check(part) is None for part in parts)
    assert [row for part in parts for row in rows_of(part)] == list(rows_of(segment))
