"""The lines of a file, wherever its pieces end."""

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whipstitch.ingest.history import sources

_LONGEST = 5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text("a1 ", max_size=8)), piece=st.integers(1, 9), ended=st.booleans())
def test_lines_are_the_same_wherever_a_piece_ends(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], piece: int, ended: bool
) -> None:
    monkeypatch.setattr(sources, "_PIECE", piece)
    monkeypatch.setattr(sources, "LONGEST_LINE", _LONGEST)
    text = "\n".join([*lines, ""] if ended else lines).encode()
    found = list(sources._lines("a", io.BytesIO(text)))
    long = sources.Unread(f"longer than {_LONGEST} bytes")
    expected = [
        (number, long if len(line) >= _LONGEST else line.strip().encode())
        for number, line in enumerate(lines, 1)
        if len(line) >= _LONGEST or line.strip()
    ]
    assert [(one.line, one.text if one.text else one.record) for one in found] == expected


def test_a_table_keeps_the_line_breaks_in_its_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_PIECE", 3)
    path = tmp_path / "a.csv"
    path.write_text('a,b\r\n"1\n2",3\n4,5')
    assert [one.record for one in sources.records(path, table=True)] == [
        {"a": "1\n2", "b": "3"},
        {"a": "4", "b": "5"},
    ]
